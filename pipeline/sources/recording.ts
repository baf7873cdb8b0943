// What a recording format gives: a pull reader. The replay loop asks it to fill packets; it never pushes.
import type { EventDecoder } from '../events/native.js'
import type { EventPacket, Geometry } from '../events/packet.js'

/** An opened recording. One reader at a time. */
export interface Recording extends AsyncDisposable {
  /** Path of the file, or the name of the stream. */
  readonly path: string
  /** Name of the format, e.g. "DAT v2". */
  readonly format: string
  /** Sensor size, when the file says it. */
  readonly geometry: Geometry | undefined
  /** Whole records in the file, when known without reading it all. */
  readonly records: number | undefined
  /** Header entries as written. */
  readonly header: Readonly<Record<string, string>>
  /** Bytes read so far and in all (undefined for a stream): for progress. */
  readonly progress: { readonly bytes: number; readonly total: number | undefined }
  /** Faults by kind since the last seek, e.g. { trailing_bytes: 5 }. */
  readonly faults: Readonly<Record<string, number>>
  /** Offset of the first fault of each kind, as far as it is known. */
  readonly faultOffsets?: Readonly<Record<string, number>>
  /** False for a pipe or socket: then `seek` works once, before the first `next`. */
  readonly seekable: boolean
  /**
   * Fills the packet (reset first) with the next events in file order, and the triggers among them; false when there are
   * none left. A packet may hold triggers alone.
   */
  next(packet: EventPacket): Promise<boolean>
  /** Continues at the first event with stamp >= tUs (lower bound, absolute µs); 0 rewinds. */
  seek(tUs: number): Promise<void>
}

/** Options for what a headerless input does not say. */
export interface OpenOptions {
  /** Name of a registered format, instead of recognising it by content. */
  format?: string
  geometry?: Geometry
  /** Gives up connecting to a socket. */
  signal?: AbortSignal
}

/**
 * The bytes of one input to events: a state machine that takes them in pieces of any size. Most are native
 * (`new EventDecoder('evt3', …)`, native/events/stream.h says how one is added); one in TypeScript has the same methods.
 * Split anywhere, the same input gives the same events. It never throws for what the bytes hold: it counts.
 */
export interface Decoder extends EventDecoder {
  /** Bytes before the current place that a saved state does not hold: after `restore` they must be given again. None by default. */
  readonly unsaved?: number
}

/** What a format makes of the first bytes of an input. */
export interface Beginning {
  /** For people, e.g. "EVT3". */
  format: string
  /** Sensor size, when the header or the options say it. */
  geometry: Geometry | undefined
  /** Header entries as written. */
  header: Readonly<Record<string, string>>
  /** Offset of the first byte for the decoder. */
  dataStart: number
  /** Offset behind the last one, where the header says it; the end of the input otherwise. What a file lacks of it is a fault. */
  dataEnd?: number
  decoder: Decoder
  /** Bytes that the decoder is given behind the last one of the input. */
  closing?: Uint8Array
  /** Where all records have one size: their number is then known at once, and times are found by bisection. */
  records?: FixedRecords
}

/** Records of one size with a stamp that wraps. */
export interface FixedRecords {
  bytes: number
  /** Range of the stamps in a record, µs: 2^32 for 32 bits. A fall by more than half of it is a wrap. */
  wrapUs: number
  /** Added to every stamp, µs. */
  originUs: number
  /** The stamp of a record as it stands there. */
  stamp(record: DataView): number
}

/** What is known of an input beside its first bytes. */
export interface Input {
  /** For sentences. */
  name: string
  /** True when the first bytes are all there is; a stream may have more on the way. */
  whole: boolean
}

/** What all formats have in common: a new one is one such object and one line in the registry. */
interface NamedFormat {
  /** Name for --format, e.g. "dat". */
  readonly name: string
  /** One line for help and documents, e.g. "Prophesee DAT v1 and v2". */
  readonly about: string
  /**
   * True when the first bytes (up to 64 KiB) are of this format; the name is a hint only. Formats that say nothing of
   * themselves (no header, no magic) return false, or true for an unmistakable extension.
   */
  recognises(head: Uint8Array, name: string): boolean
}

/** A format that is read from its first byte to its last: files, pipes, sockets. */
export interface StreamFormat extends NamedFormat {
  /**
   * Reads the header and makes a decoder. Throws ERR_FORMAT and ERR_TRUNCATED (no whole record). A geometry in the options is a
   * possible one; that of a header must be looked at (isGeometry).
   */
  begin(head: Uint8Array, input: Input, options: OpenOptions): Beginning
}

/** A format in which one must go to and fro: files only. */
export interface FileFormat extends NamedFormat {
  open(path: string, options: OpenOptions): Promise<Recording>
}

/** One entry of the registry. */
export type RecordingFormat = StreamFormat | FileFormat
