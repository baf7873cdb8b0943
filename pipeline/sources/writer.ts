// What a format gives that recordings can be written in.
import { SaccadeError } from '../errors.js'
import { isGeometry, MAX_SIDE } from '../events/geometry.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import type { ByteSink } from './byte-sink.js'

/** A recording on its way. A file is FILE.part until `close`, so that nothing half-written has the final name. */
export interface RecordingWriter extends AsyncDisposable {
  /** Events and triggers written so far. */
  readonly events: number
  readonly triggers: number
  /** What the format cannot hold and was left out, by kind, e.g. { triggers: 2 }. */
  readonly left: Readonly<Record<string, number>>
  /** Appends the packet's events and triggers; the packet stays the caller's. Rejects with ERR_FORMAT for what the format cannot hold. */
  write(packet: EventPacket): Promise<void>
  /** Finishes the recording. Without it before the disposal, it is given up and nothing of it stays. */
  close(): Promise<void>
}

/** Options of every writer. */
export interface WriteOptions {
  geometry: Geometry
  /**
   * Subtracted from every stamp and kept in the header where the format has room for it, µs. By default the largest multiple
   * of the format's range of stamps below the least stamp of the first packet, so that short stamps stay as they are and long
   * ones fit; the least itself where the first stamp would not fit then.
   */
  originUs?: number
  /** The header's date, "YYYY-MM-DD hh:mm:ss"; fixed by default, so that equal events give equal files. */
  date?: string
}

/** One entry of the registry (writers.ts): a new written format is one such object and one line there. */
export interface WriterFormat {
  /** Name for --out-format, e.g. "evt3". */
  readonly name: string
  /** One line for help and documents. */
  readonly about: string
  /** Endings of file names that mean this format, with the dot; the first format of the registry wins. */
  readonly extensions: readonly string[]
  /** The largest width and height its coordinates have room for, px; without it any sensor's. */
  readonly maxSide?: number
  /** Begins a recording; the sink is the writer's from here on. Options are checked before. */
  open(sink: ByteSink, options: WriteOptions): Promise<RecordingWriter>
}

/** Throws ERR_ARGUMENT for options that no recording, or none of this format, can have. */
export function checkOptions(
  { name, maxSide = MAX_SIDE }: WriterFormat,
  { geometry, date, originUs }: WriteOptions,
): void {
  const size = `${geometry.width} x ${geometry.height}`
  if (!isGeometry(geometry)) throw new SaccadeError('ERR_ARGUMENT', `${size} is no sensor size`)
  if (Math.max(geometry.width, geometry.height) > maxSide)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `a sensor of ${size} does not fit ${name}, whose coordinates end at ${maxSide - 1}`,
      'cut a region out, or write another format, e.g. dat or csv',
    )
  if (date !== undefined && !/^[\d\-: ]+$/.test(date))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `"${date}" is no date for a header`,
      'write YYYY-MM-DD hh:mm:ss',
    )
  if (originUs !== undefined && !(Number.isSafeInteger(originUs) && originUs >= 0))
    throw new SaccadeError('ERR_ARGUMENT', `originUs must be a whole number of µs, not ${originUs}`)
}
