// Writes AEDAT 4.0 as DV's recorder does: a packet of events for each that comes, packets of triggers beside them, and the table
// of packets behind the last one.
import { SaccadeError } from '../errors.js'
import { EventEncoder } from '../events/native.js'
import { type EventPacket, type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import { AEDAT4_MAGIC } from './aedat4-header.js'
import {
  dataTable,
  description,
  EVENT_STREAM,
  EVENTS_HEAD,
  fileHead,
  headEvents,
  type PacketEntry,
  TRIGGER_STREAM,
  triggerPacket,
} from './aedat4-packets.js'
import type { ByteSink } from './byte-sink.js'
import { type Packer, type Packing, packerOf } from './pack.js'
import type { RecordingWriter, WriteOptions, WriterFormat } from './writer.js'

/** The number in a file's head, and what its description calls it. */
const PACKINGS: Readonly<Record<Packing, { number: number; title: string }>> = {
  none: { number: 0, title: 'NONE' },
  lz4: { number: 1, title: 'LZ4' },
  zstd: { number: 3, title: 'ZSTD' },
}

export const aedat4Writer = writer('aedat4', 'lz4', 'packed with LZ4', ['.aedat4'])
export const aedat4PlainWriter = writer('aedat4-plain', 'none', 'not packed')
export const aedat4ZstdWriter = writer('aedat4-zstd', 'zstd', 'packed with Zstandard (Node 22.15)')

function writer(
  name: string,
  packing: Packing,
  how: string,
  extensions: readonly string[] = [],
): WriterFormat {
  return {
    name,
    about: `AEDAT 4.0, ${how}`,
    extensions,
    open: async (sink, options) => {
      try {
        return new Aedat4Writer(sink, packing, packerOf(packing), options)
      } catch (error) {
        await sink.abandon(false)
        throw error
      }
    },
  }
}

/** See RecordingWriter. Stamps are absolute unless `originUs` is given. */
class Aedat4Writer implements RecordingWriter {
  readonly left: Record<string, number> = {}
  readonly #geometry: Geometry
  readonly #origin: number
  readonly #encoder: EventEncoder
  readonly #plain = Buffer.alloc(EVENTS_HEAD + 16 * PACKET_CAPACITY)
  readonly #head = Buffer.alloc(8)
  readonly #entries: PacketEntry[] = []
  /** Bytes written. */
  #at = 0
  #events = 0
  #triggers = 0
  #open = true

  constructor(
    private readonly sink: ByteSink,
    private readonly packing: Packing,
    private readonly pack: Packer,
    { geometry, originUs = 0 }: WriteOptions,
  ) {
    this.#geometry = geometry
    this.#origin = originUs
    this.#encoder = new EventEncoder('aedat4', geometry.width, geometry.height, originUs)
  }

  get events(): number {
    return this.#events
  }

  get triggers(): number {
    return this.#triggers
  }

  async write(packet: EventPacket): Promise<void> {
    await this.#begin()
    for (let at = 0; at < packet.length; ) at = await this.#writeEvents(packet, at)
    await this.#writeTriggers(packet)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    await this.#begin()
    this.#open = false
    // Where nothing can be written over, the head keeps saying that there is no table.
    if (this.sink.overwriteStart !== undefined) {
      await this.sink.append(this.pack(dataTable(this.#entries)))
      await this.sink.overwriteStart(this.#fileHead(this.#at))
    }
    await this.sink.commit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.sink.abandon(false)
  }

  async #begin(): Promise<void> {
    if (this.#at === 0) await this.#append(this.#fileHead(-1))
  }

  #fileHead(tableAt: number): Buffer {
    const { number, title } = PACKINGS[this.packing]
    return Buffer.concat([
      AEDAT4_MAGIC,
      fileHead(description(this.#geometry, title), number, tableAt),
    ])
  }

  /** One packet of the file; returns the index of the first event that is not in it. */
  async #writeEvents(packet: EventPacket, from: number): Promise<number> {
    const to = this.#encoder.encode(packet, from, packet.length, this.#plain.subarray(EVENTS_HEAD))
    if (this.#encoder.error !== '') throw this.#refused(packet, to)
    const count = to - from
    headEvents(this.#plain, count)
    let [first, last] = [Number.POSITIVE_INFINITY, 0]
    for (let i = from; i < to; i++) {
      const offset = packet.t[i]!
      if (offset < first) first = offset
      if (offset > last) last = offset
    }
    const base = packet.t0 - this.#origin
    const bytes = this.#plain.subarray(0, EVENTS_HEAD + 16 * count)
    await this.#packet(EVENT_STREAM, bytes, count, base + first, base + last)
    this.#events += count
    return to
  }

  /** Edges of the first input: AEDAT 4 has no number for others. */
  async #writeTriggers({ triggers = [] }: EventPacket): Promise<void> {
    const kept = triggers.filter(({ t, id }) => id === 0 && t >= this.#origin)
    const lost = triggers.length - kept.length
    if (lost > 0) this.left.triggers = (this.left.triggers ?? 0) + lost
    if (kept.length === 0) return
    const stamps = kept.map(({ t }) => t - this.#origin)
    const bytes = triggerPacket(kept, this.#origin)
    await this.#packet(TRIGGER_STREAM, bytes, kept.length, Math.min(...stamps), Math.max(...stamps))
    this.#triggers += kept.length
  }

  async #packet(stream: number, bytes: Uint8Array, elements: number, first: number, last: number) {
    const payload = this.pack(bytes)
    this.#head.writeInt32LE(stream, 0)
    this.#head.writeUInt32LE(payload.length, 4)
    await this.#append(this.#head)
    const entry = { offset: this.#at, stream, size: payload.length, elements, first, last }
    this.#entries.push(entry)
    await this.#append(payload)
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.sink.append(bytes)
    this.#at += bytes.length
  }

  #refused(packet: EventPacket, index: number): SaccadeError {
    const { width, height } = this.#geometry
    return new SaccadeError(
      'ERR_FORMAT',
      `event ${this.#events} at (${packet.x[index]}, ${packet.y[index]}), ${packet.t0 + packet.t[index]!} µs lies outside the ${width} x ${height} sensor of ${this.sink.path}, or before its time`,
    )
  }
}
