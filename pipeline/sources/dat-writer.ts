// Writes DAT v2 files as Gen1 has them. The bytes are a pure function of the events and options: no clock is read.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { DatEncoder } from '../events/native.js'
import { type EventPacket, type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import { PartFile } from '../sinks/part-file.js'

const CHANGE_EVENT = 0x0c
const RECORD_BYTES = 8

/** Options of `writeDat`. */
export interface DatOptions {
  geometry: Geometry
  /** The header's Date, "YYYY-MM-DD hh:mm:ss"; fixed by default, so that equal events give equal files. */
  date?: string
  /** Subtracted from every stamp, µs: the 32 bits of DAT do not hold Unix time. */
  originUs?: number
}

/** A DAT file on its way: FILE.part until `close`, so that nothing half-written has the final name. */
export class DatWriter implements AsyncDisposable {
  #events = 0
  #open = true
  #bytes = new Uint8Array(PACKET_CAPACITY * RECORD_BYTES)

  private constructor(
    private readonly file: PartFile,
    private readonly encoder: DatEncoder,
    private readonly geometry: Geometry,
  ) {}

  /** @internal See `writeDat`. */
  static async create(path: string, options: DatOptions): Promise<DatWriter> {
    const { geometry, date = '1970-01-01 00:00:00', originUs = 0 } = options
    if (!isGeometry(geometry))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${geometry.width} x ${geometry.height} is no sensor size`,
      )
    if (!/^[\d\-: ]+$/.test(date))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"${date}" is no date for a DAT header`,
        'write YYYY-MM-DD hh:mm:ss',
      )
    if (!Number.isSafeInteger(originUs))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `originUs must be a whole number of µs, not ${originUs}`,
      )
    const { width, height } = geometry
    const file = await PartFile.create(path)
    const lines = [
      'Data file containing CD events.',
      'Version 2',
      `Date ${date}`,
      `Height ${height}`,
      `Width ${width}`,
    ]
    await file.append(
      Buffer.concat([
        Buffer.from(lines.map((line) => `% ${line}\n`).join('')),
        Buffer.of(CHANGE_EVENT, RECORD_BYTES),
      ]),
    )
    return new DatWriter(file, new DatEncoder(width, height, originUs), geometry)
  }

  /** Events written so far. */
  get events(): number {
    return this.#events
  }

  /** Appends the packet's events; the packet stays the caller's. Rejects with ERR_FORMAT for what DAT cannot hold. */
  async write(packet: EventPacket): Promise<void> {
    if (this.#bytes.length < packet.length * RECORD_BYTES)
      this.#bytes = new Uint8Array(packet.length * RECORD_BYTES)
    const written = this.encoder.encode(packet, this.#bytes)
    if (written < packet.length) throw this.#refused(packet, written)
    await this.file.append(this.#bytes.subarray(0, written * RECORD_BYTES))
    this.#events += written
  }

  /** Finishes the file and gives it its name. */
  async close(): Promise<void> {
    this.#open = false
    await this.file.commit()
  }

  /** Without `close` before it: the file is given up and nothing of it stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.file.abandon(false)
  }

  #refused(packet: EventPacket, index: number): SaccadeError {
    const t = packet.t0 + packet.t[index]!
    const number = this.#events + index
    if (this.encoder.error === 'coordinate')
      return new SaccadeError(
        'ERR_FORMAT',
        `event ${number} at (${packet.x[index]}, ${packet.y[index]}) lies outside the ${this.geometry.width} x ${this.geometry.height} sensor of ${this.file.path}`,
      )
    return new SaccadeError(
      'ERR_FORMAT',
      `event ${number} with stamp ${t} µs cannot be written to ${this.file.path}: DAT keeps 32 bits of a stamp, and a reader would take it for another`,
      'give an origin to subtract (originUs) when the stamps are Unix time',
    )
  }
}

/**
 * Begins a DAT v2 file. Rejects with ERR_IO or ERR_ARGUMENT.
 * @example
 * await using file = await writeDat('drive_td.dat', { geometry: { width: 304, height: 240 } })
 * await file.write(packet)
 * await file.close()
 */
export function writeDat(path: string, options: DatOptions): Promise<DatWriter> {
  return DatWriter.create(path, options)
}
