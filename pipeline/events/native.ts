// The addon's decoders and encoders, typed.
import { native } from '../native.js'
import type { EventPacket } from './packet.js'

/** What native/events/registry.cc has. */
export type DecoderName =
  | 'dat1'
  | 'dat2'
  | 'dat-triggers'
  | 'evt2'
  | 'evt21'
  | 'evt21-legacy'
  | 'evt3'
  | 'es-dvs'
  | 'es-atis'
  | 'es-color'
  | 'aedat4'
  | 'aedat2-dvs128'
  | 'aedat2-davis'
  | 'libcaer'
  | 'nmnist'
export type EncoderName = 'dat2' | 'evt2' | 'evt21' | 'evt21-legacy' | 'evt3' | 'es-dvs' | 'aedat4'

/**
 * The bytes of one format to events; see native/events/stream.h. Input may be cut at any byte. A decoder in TypeScript has
 * the same shape (`Decoder` of sources/recording.ts).
 */
export interface EventDecoder {
  /**
   * Appends the events of bytes[from, to) and returns the bytes used; fewer means that the packet or the list of triggers
   * takes no more: take them out and come again with the rest.
   */
  decode(bytes: Uint8Array, from: number, to: number, packet: EventPacket): number
  /** As new, with the next byte at this offset, as if an event with the absolute stamp `last` (µs) had come before it. */
  restart(position: number, last?: number): void
  /** A copy of its state: some 60 bytes. */
  save(): Uint8Array
  /** Goes on from a saved state; false, and nothing is changed, when it is none. */
  restore(state: Uint8Array): boolean
  /** What was wrong since the last call: [kind, count, offset of the first, kind, …]. */
  takeFaults(): (string | number)[] | undefined
  /** Edges since the last call: [t, id, value, t, …]. */
  takeTriggers(): number[] | undefined
  /** Bytes of a record that is not whole yet. */
  readonly held: number
}

/** Events to the bytes of one format; see native/events/encoder.h. */
export interface EventEncoder {
  /**
   * Writes events [from, to) into `out` (64 bytes or more) and returns the index behind the last one written; `bytes` are
   * filled. Fewer than asked without an `error`: call again with the rest and a new `out`.
   */
  encode(packet: EventPacket, from: number, to: number, out: Uint8Array): number
  /** Writes an edge; false: call again with a new `out`. */
  trigger(t: number, id: number, value: number, out: Uint8Array): boolean
  readonly bytes: number
  /** Why the event after the last one written was refused. */
  readonly error: '' | 'stamp' | 'silence' | 'coordinate'
}

/** The serial stream of an eDVS to events; see native/events/edvs.h. Input may be cut at any byte. */
export interface EdvsDecoder {
  /**
   * Appends the events of the bytes from index `from` on, read at `nowUs`, and returns the bytes used. All that was sent
   * before `sentAfterUs` must have been decoded before. When the packet is full or bytes are left, call again with an empty
   * packet.
   */
  decode(
    bytes: Uint8Array,
    from: number,
    nowUs: number,
    sentAfterUs: number,
    packet: EventPacket,
  ): number
  /** Bytes of stamp per record: 0, 2, 3 or 4, or 1 for steps (`!E1`); undefined until the stream has told. */
  readonly stampBytes: number | undefined
  /** Host clock less camera time, µs, for an event that came without delay. */
  readonly offset: number
  /** Losses of alignment, and bytes that are in no event. */
  readonly resyncs: number
  readonly skippedBytes: number
}

export const { EventDecoder, EventEncoder, EdvsDecoder } = native as {
  /** width and height are 0 when they are not known: then every coordinate is taken. originUs is added to every stamp. */
  EventDecoder: new (
    format: DecoderName,
    width: number,
    height: number,
    originUs: number,
  ) => EventDecoder
  /** originUs is subtracted from every stamp. */
  EventEncoder: new (
    format: EncoderName,
    width: number,
    height: number,
    originUs: number,
  ) => EventEncoder
  /**
   * The first stamp is not below startUs. Without stampBytes the stream tells them, as it should; mayBeSteps after `!E1`, which
   * newer firmware answers with steps of 1 to 4 bytes.
   */
  EdvsDecoder: new (
    startUs: number,
    stampBytes?: number,
    mayBeSteps?: boolean,
  ) => EdvsDecoder
}
