// A recording whose columns lie apart, in HDF5 or NumPy's archives: read in blocks, each one packet or less.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry, Trigger } from '../events/packet.js'
import type { Recording } from './recording.js'

/** Largest offset from t0 in a packet, µs. */
const MAX_OFFSET = 2 ** 32 - 1

/** Some events, column by column: absolute µs, and pixels as they stand in the file. */
export interface EventBlock {
  t: ArrayLike<number>
  x: ArrayLike<number>
  y: ArrayLike<number>
  p: ArrayLike<number>
}

/** What a recording of columns is read from. */
export interface EventColumns extends AsyncDisposable {
  readonly path: string
  readonly format: string
  readonly geometry: Geometry | undefined
  readonly header: Readonly<Record<string, string>>
  /** Bytes of the file. */
  readonly size: number
  /** Events in all; at least one. */
  readonly events: number
  /** Events of each block but the last. */
  readonly blockEvents: number
  /** The events of a block; good until the next call. */
  load(block: number): Promise<EventBlock>
  /** The stamp of a block's first event, µs. */
  firstStamp(block: number): Promise<number>
  /** Edges with a stamp in [from, to). */
  triggers?(from: number, to: number): Promise<Trigger[]>
}

/** See Recording. */
export class ColumnRecording implements Recording {
  readonly seekable = true
  readonly faults: Record<string, number> = {}
  #block: { index: number; events: EventBlock } | undefined
  /** Number of the next event. */
  #at = 0
  /** Triggers before this time have been handed on. */
  #triggersTo = 0

  constructor(private readonly columns: EventColumns) {}

  get path(): string {
    return this.columns.path
  }

  get format(): string {
    return this.columns.format
  }

  get geometry(): Geometry | undefined {
    return this.columns.geometry
  }

  get header(): Readonly<Record<string, string>> {
    return this.columns.header
  }

  get records(): number {
    return this.columns.events
  }

  get progress(): { bytes: number; total: number } {
    const { size, events } = this.columns
    return { bytes: Math.floor((size * this.#at) / events), total: size }
  }

  async next(packet: EventPacket): Promise<boolean> {
    packet.reset()
    const { width = 0, height = 0 } = this.geometry ?? {}
    Object.assign(packet, { width, height })
    const { blockEvents } = this.columns
    const faults: Record<string, number> = {}
    while (this.#at < this.records && packet.length < packet.capacity) {
      const index = Math.floor(this.#at / blockEvents)
      if (this.#block?.index !== index)
        this.#block = { index, events: await this.columns.load(index) }
      if (!this.#copy(this.#block.events, index * blockEvents, packet, faults)) break
    }
    await this.#addTriggers(packet)
    for (const [kind, count] of Object.entries(faults)) {
      this.faults[kind] = (this.faults[kind] ?? 0) + count
      packet.faults = faults
    }
    return packet.length > 0 || packet.triggers !== undefined
  }

  /** Where stamps run backwards it is one of the places where they pass tUs. */
  async seek(tUs: number): Promise<void> {
    for (const kind of Object.keys(this.faults)) delete this.faults[kind]
    this.#triggersTo = tUs
    const { blockEvents } = this.columns
    let low = -1
    if (tUs > 0)
      for (let high = Math.ceil(this.records / blockEvents); high - low > 1; ) {
        const middle = Math.floor((low + high) / 2)
        if ((await this.columns.firstStamp(middle)) < tUs) low = middle
        else high = middle
      }
    if (low < 0) {
      this.#at = 0
      return
    }
    const events = await this.columns.load(low)
    this.#block = { index: low, events }
    let i = 0
    while (i < events.t.length && events.t[i]! < tUs) i += 1
    this.#at = low * blockEvents + i
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.columns[Symbol.asyncDispose]()
  }

  /** Appends events of a block, the first of which has the number `first`; false when the next one needs another packet. */
  #copy(
    { t, x, y, p }: EventBlock,
    first: number,
    packet: EventPacket,
    faults: Record<string, number>,
  ): boolean {
    const { width = 0x10000, height = 0x10000 } = this.geometry ?? {}
    const end = Math.min(first + t.length, this.records)
    let n = packet.length
    let t0 = n === 0 ? Number.NaN : packet.t0
    let outside = 0
    let broken = 0
    let fits = true
    for (; this.#at < end && n < packet.capacity; this.#at++) {
      const i = this.#at - first
      const stamp = t[i]!
      if (!Number.isSafeInteger(stamp) || stamp < 0) throw this.#noStamp(stamp)
      if (n === 0) packet.t0 = t0 = stamp
      // A packet has one base: it ends where stamps fall below it or leave its reach.
      else if (stamp < t0 || stamp - t0 > MAX_OFFSET) {
        fits = false
        break
      }
      const [column, row] = [x[i]!, y[i]!]
      if (!Number.isInteger(column) || !Number.isInteger(row)) {
        broken += 1
        continue
      }
      if (!(column >= 0 && row >= 0 && column < width && row < height)) {
        outside += 1
        continue
      }
      packet.t[n] = stamp - t0
      packet.x[n] = column
      packet.y[n] = row
      // OFF is 0 or -1.
      packet.p[n] = p[i]! > 0 ? 1 : 0
      n += 1
    }
    packet.length = n
    if (outside > 0) faults.out_of_range = (faults.out_of_range ?? 0) + outside
    if (broken > 0) faults.broken_records = (faults.broken_records ?? 0) + broken
    return fits
  }

  /** Those up to the packet's last event; behind the last event of all, every one. */
  async #addTriggers(packet: EventPacket): Promise<void> {
    if (this.columns.triggers === undefined) return
    const ended = this.#at >= this.records
    const to = ended ? Number.POSITIVE_INFINITY : packet.last + 1
    if (!(to > this.#triggersTo)) return
    const triggers = await this.columns.triggers(this.#triggersTo, to)
    this.#triggersTo = to
    if (triggers.length > 0) packet.triggers = triggers
  }

  #noStamp(stamp: number): SaccadeError {
    return new SaccadeError(
      'ERR_FORMAT',
      `${this.path}: event ${this.#at} has the stamp ${stamp} µs`,
    )
  }
}
