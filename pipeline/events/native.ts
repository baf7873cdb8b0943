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

export const { DatDecoder, DatEncoder } = native as {
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
}
