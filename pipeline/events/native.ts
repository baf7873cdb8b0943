// The addon's decoders and encoders, typed.
import { native } from '../native.js'
import type { EventPacket } from './packet.js'

/** DAT records to events; see native/events/dat.h. Input may be cut at any byte. */
export interface DatDecoder {
  /** Appends the events of bytes[from, to) and returns the bytes used; fewer means that the packet takes no more. */
  decode(bytes: Uint8Array, from: number, to: number, packet: EventPacket): number
  /** As if the record before had the stamp epoch + last (µs); without arguments as if new. */
  restart(epoch?: number, last?: number): void
  /** Events left out because they lie outside the sensor. */
  readonly outOfRange: number
}

/** Events to DAT v2 records. */
export interface DatEncoder {
  /** Writes 8 bytes per event and returns the events written; fewer than packet.length when `error` is set. */
  encode(packet: EventPacket, out: Uint8Array): number
  /** Why the event after the last one written was refused. */
  readonly error: '' | 'stamp' | 'coordinate'
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
  /** Bytes of stamp per record: 0, 2, 3 or 4; undefined until the stream has told. */
  readonly stampBytes: number | undefined
  /** Host clock less camera time, µs, for an event that came without delay. */
  readonly offset: number
  /** Losses of alignment, and bytes that are in no event. */
  readonly resyncs: number
  readonly skippedBytes: number
}

export const { DatDecoder, DatEncoder, EdvsDecoder } = native as {
  /** width and height are 0 when they are not known: then every coordinate is taken. */
  DatDecoder: new (
    version: 1 | 2,
    width: number,
    height: number,
  ) => DatDecoder
  /** originUs is subtracted from every stamp. */
  DatEncoder: new (
    width: number,
    height: number,
    originUs: number,
  ) => DatEncoder
  /** The first stamp is not below startUs. Without stampBytes the stream tells them, as it should. */
  EdvsDecoder: new (
    startUs: number,
    stampBytes?: number,
  ) => EdvsDecoder
}
