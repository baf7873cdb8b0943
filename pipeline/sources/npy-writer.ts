// Writes NumPy's records (.npy): t int64 µs, x and y uint16, p uint8, packed in 13 bytes.
import { SaccadeError } from '../errors.js'
import { type EventPacket, type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import type { ByteSink } from './byte-sink.js'
import { recordHeader } from './npy-records.js'
import type { RecordingWriter, WriteOptions, WriterFormat } from './writer.js'

const FIELDS = [
  ['t', '<i8'],
  ['x', '<u2'],
  ['y', '<u2'],
  ['p', '|u1'],
] as const
const RECORD_BYTES = 13

/** The registry's entry; stamps are absolute unless `originUs` is given. No room for the sensor's size, or triggers. */
export const npyWriter: WriterFormat = {
  name: 'npy',
  about: 'NumPy records t, x, y, p: a file only, since their number stands at its start',
  extensions: ['.npy'],
  open: async (sink, options) => {
    if (sink.overwriteStart !== undefined)
      return new NpyWriter(sink, sink.overwriteStart.bind(sink), options)
    await sink.abandon(false)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `npy cannot be written to ${sink.path}: the number of events stands at its start`,
      'write it to a file',
    )
  },
}

class NpyWriter implements RecordingWriter {
  readonly left: Record<string, number> = {}
  readonly triggers = 0
  readonly #geometry: Geometry
  readonly #origin: number
  readonly #out = Buffer.alloc(RECORD_BYTES * PACKET_CAPACITY)
  #events = 0
  #begun = false
  #open = true

  constructor(
    private readonly sink: ByteSink,
    private readonly overwriteStart: (bytes: Uint8Array) => Promise<void>,
    { geometry, originUs = 0 }: WriteOptions,
  ) {
    this.#geometry = geometry
    this.#origin = originUs
  }

  get events(): number {
    return this.#events
  }

  async write(packet: EventPacket): Promise<void> {
    await this.#begin()
    const { length, triggers = [] } = packet
    if (triggers.length > 0) this.left.triggers = (this.left.triggers ?? 0) + triggers.length
    for (let from = 0; from < length; from += PACKET_CAPACITY) {
      const to = Math.min(length, from + PACKET_CAPACITY)
      this.#fill(packet, from, to)
      await this.sink.append(this.#out.subarray(0, RECORD_BYTES * (to - from)))
      this.#events += to - from
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    await this.#begin()
    this.#open = false
    await this.overwriteStart(recordHeader(FIELDS, this.#events))
    await this.sink.commit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.sink.abandon(false)
  }

  async #begin(): Promise<void> {
    if (this.#begun) return
    this.#begun = true
    await this.sink.append(recordHeader(FIELDS, 0))
  }

  #fill({ t0, t, x, y, p }: EventPacket, from: number, to: number): void {
    const { width, height } = this.#geometry
    const view = new DataView(this.#out.buffer, this.#out.byteOffset)
    for (let i = from, at = 0; i < to; i++, at += RECORD_BYTES) {
      const stamp = t0 + t[i]! - this.#origin
      if (x[i]! >= width || y[i]! >= height || stamp < 0)
        throw new SaccadeError(
          'ERR_FORMAT',
          `event ${this.#events + i - from} at (${x[i]}, ${y[i]}), ${t0 + t[i]!} µs lies outside the ${width} x ${height} sensor of ${this.sink.path}, or before its time`,
        )
      view.setUint32(at, stamp, true)
      view.setUint32(at + 4, Math.floor(stamp / 2 ** 32), true)
      view.setUint16(at + 8, x[i]!, true)
      view.setUint16(at + 10, y[i]!, true)
      view.setUint8(at + 12, p[i]!)
    }
  }
}
