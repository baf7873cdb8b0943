// Events in flight: structure of arrays, one pooled allocation behind all of them, at most 65,536 events.
import { Leased } from '../streams/pool.js'

/** Sensor size in pixels. */
export interface Geometry {
  width: number
  height: number
}

/** An edge on an external trigger input; t in absolute µs. */
export interface Trigger {
  t: number
  id: number
  value: 0 | 1
}

/** Events a packet can hold. */
export const PACKET_CAPACITY = 65_536
const BYTES_PER_EVENT = 9

/**
 * Up to `capacity` events: stamp `t0 + t[i]` µs (t0 exact below 2^53, t an offset), pixel `x[i]`, `y[i]` from the top-left
 * corner, polarity `p[i]` (0 OFF, 1 ON). Order is the source's. Only the first `length` entries count.
 * A live packet without events is a tick: it says that the sensor's clock has reached `t0`.
 */
export class EventPacket extends Leased {
  readonly buffer: ArrayBuffer
  readonly t: Uint32Array
  readonly x: Uint16Array
  readonly y: Uint16Array
  readonly p: Uint8Array
  /** Base stamp in absolute µs. */
  t0 = 0
  length = 0
  width = 0
  height = 0
  /** True from a camera or a paced replay: later stages then prefer the newest. */
  live = false
  triggers: Trigger[] | undefined
  /** Decoder faults by kind since the last packet. */
  faults: Record<string, number> | undefined
  /** Events that the source lost since the packet before (no free buffer, a broken line). */
  dropped = 0
  /**
   * Stamps of the source's first and latest event of this packet, absolute µs, when filters may have taken them out: windows
   * begin and end by them, so that they are the same with and without filters. NaN when no filter has been at work.
   */
  spanFirst = Number.NaN
  spanLast = Number.NaN

  constructor(readonly capacity: number = PACKET_CAPACITY) {
    super()
    this.buffer = new ArrayBuffer(capacity * BYTES_PER_EVENT)
    this.t = new Uint32Array(this.buffer, 0, capacity)
    this.x = new Uint16Array(this.buffer, capacity * 4, capacity)
    this.y = new Uint16Array(this.buffer, capacity * 6, capacity)
    this.p = new Uint8Array(this.buffer, capacity * 8, capacity)
  }

  /** Empties the packet for refilling; geometry stays. */
  reset(): this {
    this.length = 0
    this.t0 = 0
    this.triggers = undefined
    this.faults = undefined
    this.dropped = 0
    this.spanFirst = Number.NaN
    this.spanLast = Number.NaN
    return this
  }

  /** Stamp of the first event, absolute µs, also when a filter took it out; NaN when there never was one. */
  get first(): number {
    if (this.length === 0 || !Number.isNaN(this.spanFirst)) return this.spanFirst
    return this.t0 + this.t[0]!
  }

  /** Largest stamp, absolute µs, also when a filter took it out; NaN when there never was an event. */
  get last(): number {
    if (this.length === 0 || !Number.isNaN(this.spanLast)) return this.spanLast
    let most = 0
    const { t, length } = this
    for (let i = 0; i < length; i++) if (t[i]! > most) most = t[i]!
    return this.t0 + most
  }

  /** To be called before events are taken out: remembers when the first and the last one were. */
  keepSpan(): void {
    this.spanFirst = this.first
    this.spanLast = this.last
  }

  /** A copy that outlives the pool; release() on it does nothing harmful and is not needed. */
  detach(): EventPacket {
    return new EventPacket(Math.max(1, this.length)).copyOf(this)
  }

  /** Becomes a copy of another packet, whose events must fit. */
  copyOf(other: EventPacket): this {
    this.t.set(other.t.subarray(0, other.length))
    this.x.set(other.x.subarray(0, other.length))
    this.y.set(other.y.subarray(0, other.length))
    this.p.set(other.p.subarray(0, other.length))
    this.t0 = other.t0
    this.length = other.length
    this.width = other.width
    this.height = other.height
    this.live = other.live
    this.triggers = other.triggers
    this.faults = other.faults
    this.dropped = other.dropped
    this.spanFirst = other.spanFirst
    this.spanLast = other.spanLast
    return this
  }

  protected override poison(): void {
    new Uint8Array(this.buffer).fill(0xa5)
  }
}

/** Removes what lies before the first event at or after tUs, in place; later events stay, whatever their stamps. */
export function keepFrom(packet: EventPacket, tUs: number): void {
  const { t0, t, length } = packet
  let first = 0
  while (first < length && t0 + t[first]! < tUs) first += 1
  for (const array of [packet.t, packet.x, packet.y, packet.p]) array.copyWithin(0, first, length)
  packet.length = length - first
  const triggers = packet.triggers?.filter((edge) => edge.t >= tUs)
  packet.triggers = triggers?.length ? triggers : undefined
}
