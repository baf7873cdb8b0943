// Writes text: a line with the sensor's size as Prophesee's tools have it, a line of names, and one event a line.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import type { ByteSink } from './byte-sink.js'
import type { RecordingWriter, WriteOptions, WriterFormat } from './writer.js'

/** Events that are turned into one string. */
const LINES = 8192

/** The registry's entry for text; stamps in µs as they are, unless `originUs` is given. Triggers have no place in it. */
export const csvWriter: WriterFormat = {
  name: 'csv',
  about: 'text: %geometry:W,H, then t,x,y,p in µs',
  extensions: ['.csv', '.txt'],
  open: async (sink, options) => new CsvWriter(sink, options),
}

class CsvWriter implements RecordingWriter {
  readonly left: Record<string, number> = {}
  readonly triggers = 0
  readonly #geometry: Geometry
  readonly #origin: number
  #events = 0
  #begun = false
  #open = true

  constructor(
    private readonly sink: ByteSink,
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
    const { t0, t, x, y, p, length, triggers = [] } = packet
    const { width, height } = this.#geometry
    if (triggers.length > 0) this.left.triggers = (this.left.triggers ?? 0) + triggers.length
    for (let from = 0; from < length; from += LINES) {
      let text = ''
      for (let i = from; i < Math.min(from + LINES, length); i++) {
        const stamp = t0 + t[i]! - this.#origin
        if (x[i]! >= width || y[i]! >= height || stamp < 0)
          throw new SaccadeError(
            'ERR_FORMAT',
            `event ${this.#events + i} at (${x[i]}, ${y[i]}), ${t0 + t[i]!} µs lies outside the ${width} x ${height} sensor of ${this.sink.path}, or before its time`,
          )
        text += `${stamp},${x[i]},${y[i]},${p[i]}\n`
      }
      await this.sink.append(text)
    }
    this.#events += length
  }

  async close(): Promise<void> {
    if (!this.#open) return
    await this.#begin()
    this.#open = false
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
    const { width, height } = this.#geometry
    await this.sink.append(`%geometry:${width},${height}\nt,x,y,p\n`)
  }
}
