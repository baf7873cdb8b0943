// Recordings in Prophesee's DAT format: Gen1, N-CARS, and what `simulate` and `convert` write. Memory is one chunk of
// 512 KiB, whatever the size of the file; records are decoded natively, straight into the packet.
import type { FileHandle } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { DatDecoder } from '../events/native.js'
import { type EventPacket, type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import { type DatHeader, hasHeader, MAX_HEADER_BYTES, parseDatHeader } from './dat-header.js'
import { StampIndex } from './dat-seek.js'
import { openForReading, readAt } from './file.js'
import type { OpenOptions, Recording, RecordingFormat } from './recording.js'

const RECORD_BYTES = 8
/** One chunk fills one packet. */
const CHUNK_BYTES = PACKET_CAPACITY * RECORD_BYTES

/** The registry's entry for DAT v1 and v2. */
export const datFormat: RecordingFormat = {
  name: 'dat',
  recognises: (head, path) => {
    if (!hasHeader(head)) return false
    const text = Buffer.from(head.subarray(0, MAX_HEADER_BYTES)).toString('latin1')
    if (/^% Data file/m.test(text)) return true
    // RAW files begin with the same "% " lines; only they name their encoding there.
    if (/^% (evt|format) /m.test(text)) return false
    return /\.dat$/i.test(path) || /^% Version /m.test(text)
  },
  open: (path, options) => DatRecording.open(path, options),
}

/** An opened DAT file. A file without header lines is read as v2 records from byte 0. */
class DatRecording implements Recording {
  readonly format: string
  readonly geometry: Geometry | undefined
  readonly records: number
  readonly header: Readonly<Record<string, string>>
  readonly faults: Record<string, number> = {}

  readonly #decoder: DatDecoder
  readonly #stamps: StampIndex
  readonly #chunk = new Uint8Array(CHUNK_BYTES)
  /** Bytes of the chunk that are not decoded yet. */
  #from = 0
  #to = 0
  /** File offset behind the chunk, and behind the last whole record. */
  #offset: number
  readonly #end: number
  readonly #trailingBytes: number
  #outOfRange = 0

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly size: number,
    private readonly head: DatHeader,
    geometry: Geometry | undefined,
  ) {
    this.format = `DAT v${head.version}`
    this.geometry = geometry
    this.header = head.entries
    this.records = Math.floor((size - head.dataStart) / RECORD_BYTES)
    this.#offset = head.dataStart
    this.#end = head.dataStart + this.records * RECORD_BYTES
    this.#trailingBytes = size - this.#end
    this.#decoder = new DatDecoder(head.version, geometry?.width ?? 0, geometry?.height ?? 0)
    this.#stamps = new StampIndex(this.records, (index) => this.#stamp(index))
    if (this.#trailingBytes > 0) this.faults.trailing_bytes = this.#trailingBytes
  }

  static async open(path: string, options: OpenOptions): Promise<Recording> {
    const { handle, size } = await openForReading(path)
    try {
      const head = new Uint8Array(Math.min(size, MAX_HEADER_BYTES + 2))
      const bytes = await readAt(handle, path, head, head.length, 0)
      const header = hasHeader(head)
        ? parseDatHeader(head.subarray(0, bytes), path)
        : ({ version: 2, geometry: undefined, entries: {}, dataStart: 0 } as const)
      if (size - header.dataStart < RECORD_BYTES) throw noRecord(path, size, header.dataStart)
      const geometry = header.geometry ?? options.geometry
      if (geometry !== undefined && !isGeometry(geometry))
        throw new SaccadeError(
          'ERR_ARGUMENT',
          `${geometry.width} x ${geometry.height} is no sensor size`,
        )
      return new DatRecording(path, handle, size, header, geometry)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  get progress(): { bytes: number; total: number } {
    const bytes = this.#offset - (this.#to - this.#from)
    return { bytes: bytes === this.#end ? this.size : bytes, total: this.size }
  }

  async next(packet: EventPacket): Promise<boolean> {
    packet.reset()
    packet.width = this.geometry?.width ?? 0
    packet.height = this.geometry?.height ?? 0
    do {
      if (this.#from === this.#to && !(await this.#readChunk())) break
      this.#from += this.#decoder.decode(this.#chunk, this.#from, this.#to, packet)
    } while (this.#from === this.#to && packet.length < packet.capacity)
    this.#countFaults(packet)
    return packet.length > 0
  }

  async seek(tUs: number): Promise<void> {
    const place = await this.#stamps.find(tUs)
    this.#decoder.restart(place.clock?.epoch, place.clock?.last)
    this.#offset = this.head.dataStart + place.index * RECORD_BYTES
    this.#from = 0
    this.#to = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close()
  }

  async #readChunk(): Promise<boolean> {
    const wanted = Math.min(CHUNK_BYTES, this.#end - this.#offset)
    if (wanted === 0) return false
    await this.#read(wanted, this.#offset)
    this.#offset += wanted
    this.#from = 0
    this.#to = wanted
    return true
  }

  /** The 32-bit stamp of a record; the chunk's contents are lost. */
  async #stamp(index: number): Promise<number> {
    await this.#read(4, this.head.dataStart + index * RECORD_BYTES)
    return new DataView(this.#chunk.buffer).getUint32(0, true)
  }

  async #read(length: number, position: number): Promise<void> {
    const got = await readAt(this.handle, this.path, this.#chunk, length, position)
    if (got < length)
      throw new SaccadeError(
        'ERR_IO',
        `${this.path} became shorter while it was read: it ends at byte ${position + got}`,
      )
  }

  #countFaults(packet: EventPacket): void {
    const outOfRange = this.#decoder.outOfRange - this.#outOfRange
    if (outOfRange > 0) {
      this.#outOfRange += outOfRange
      this.faults.out_of_range = this.#outOfRange
      packet.faults = { out_of_range: outOfRange }
    }
    // The cut tail is told once, with the packet that holds the last whole record.
    if (this.#trailingBytes > 0 && this.#offset === this.#end && this.#from === this.#to) {
      if (packet.length > 0)
        packet.faults = { ...packet.faults, trailing_bytes: this.#trailingBytes }
    }
  }
}

function noRecord(path: string, size: number, dataStart: number): SaccadeError {
  const bytes = size - dataStart
  const rest = bytes === 0 ? 'no event' : `only ${bytes} of the 8 bytes of an event`
  return new SaccadeError(
    'ERR_TRUNCATED',
    `${path} holds ${rest}${dataStart > 0 ? ' after its header' : ''}, at byte ${dataStart}`,
    'copy or record the file again',
  )
}
