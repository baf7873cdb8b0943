// What a recording format gives: a pull reader. The replay loop asks it to fill packets; it never pushes.
import type { EventPacket, Geometry } from '../events/packet.js'

/** An opened recording file. One reader at a time. */
export interface Recording extends AsyncDisposable {
  readonly path: string
  /** Name of the format, e.g. "DAT v2". */
  readonly format: string
  /** Sensor size, when the file says it. */
  readonly geometry: Geometry | undefined
  /** Whole records in the file, when known without reading it all. */
  readonly records: number | undefined
  /** Header entries as written. */
  readonly header: Readonly<Record<string, string>>
  /** Bytes read so far and in all: for progress. */
  readonly progress: { readonly bytes: number; readonly total: number }
  /** Faults by kind so far, e.g. { trailing_bytes: 5 }. */
  readonly faults: Readonly<Record<string, number>>
  /** Fills the packet (reset first) with the next events in file order; false when there are none left. */
  next(packet: EventPacket): Promise<boolean>
  /** Continues at the first event with stamp >= tUs (lower bound, absolute µs); 0 rewinds. */
  seek(tUs: number): Promise<void>
}

/** Options for what a headerless file does not say. */
export interface OpenOptions {
  /** Name of a registered format, instead of recognising it by content. */
  format?: string
  geometry?: Geometry
}

/** One entry of the registry: a new recording format is one such object and one line there. */
export interface RecordingFormat {
  /** Name for --format, e.g. "dat". */
  readonly name: string
  /** True when the first bytes of a file are of this format (extension is a hint only). */
  recognises(head: Uint8Array, path: string): boolean
  open(path: string, options: OpenOptions): Promise<Recording>
}
