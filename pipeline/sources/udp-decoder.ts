// Datagrams of events to packets. Datagrams may be lost, come twice or in another order, and the sender's clock may begin anew:
// that shows in the stamps alone.
import type { EventPacket, Geometry } from '../events/packet.js'
import type { CameraFeed, LiveDecoder } from './camera-feed.js'
import { ClockOffset, shiftFor } from './live-decoder.js'
import type { RawEvent, UdpLayout } from './udp-layouts.js'

/**
 * Networks do not keep a datagram back for longer: a stamp that falls by more, or after a longer pause, belongs to a clock that
 * began anew.
 */
const REORDER_US = 1_000_000
/** Packets reach 2^32 µs beyond their first stamp. */
const LARGEST_STAMP = 2 ** 53 - 2 ** 33

/** See LiveDecoder; `bytes` are one datagram. */
export class UdpDecoder implements LiveDecoder {
  readonly #offset = new ClockOffset()
  readonly #event: RawEvent = { t: 0, x: 0, y: 0, p: 0 }
  /** Added to stamps as sent: what wrapped, and the time of clocks before. */
  #shift: number | undefined
  /** The last stamp as sent that was not overtaken. */
  #raw = 0
  /** The latest time so far, and when the last datagram came. */
  #latest = 0
  #heardAt = 0
  #paused = false

  constructor(
    private readonly layout: UdpLayout,
    private readonly geometry: Geometry,
    private readonly feed: CameraFeed,
  ) {}

  get offset(): number {
    return this.#offset.value
  }

  decode(
    bytes: Uint8Array,
    from: number,
    now: number,
    _sentAfter: number,
    packet: EventPacket,
  ): number {
    const { layout, geometry, feed } = this
    const event = this.#event
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let stamp = Number.NaN
    let last = Number.NaN
    if (now - this.#heardAt > REORDER_US) this.#paused = true
    this.#heardAt = now
    for (let at = from; ; ) {
      const length = layout.read(view, at, event)
      if (length === 0 || event.t > LARGEST_STAMP) {
        if (at < bytes.length || bytes.length === 0) feed.fault('malformed_datagrams')
        break
      }
      const { t: raw, x, y } = event
      if (raw < stamp && layout.mayEndStale && stamp - raw < 2 ** 31) {
        feed.fault('stale_bytes', bytes.length - at)
        break
      }
      if (x >= geometry.width || y >= geometry.height) feed.fault('out_of_range')
      else {
        const t = Number.isNaN(raw) ? Math.max(now, this.#latest) : this.#timeOf(raw)
        if (!append(packet, t, event)) {
          if (!Number.isNaN(last)) this.#offset.follow(now, last)
          return at - from
        }
        if (t < this.#latest) feed.fault('reordered_events')
        this.#latest = Math.max(this.#latest, t)
        last = t
      }
      stamp = raw
      at += length
    }
    if (!Number.isNaN(last)) this.#offset.follow(now, last)
    return bytes.length - from
  }

  /** The time of a stamp; asked again for the same, it says the same. */
  #timeOf(raw: number): number {
    const wrap = this.layout.wrapUs ?? Number.POSITIVE_INFINITY
    if (this.#shift === undefined) {
      this.#shift = shiftFor(raw, this.feed.time)
      this.#raw = raw
    }
    const step = raw - this.#raw
    // From before a wrap, and overtaken.
    if (step > wrap / 2 && this.#shift > 0) return raw + this.#shift - wrap
    if (step < -wrap / 2) this.#shift += wrap
    if (raw + this.#shift < this.#latest - (this.#paused ? 0 : REORDER_US)) {
      this.#shift = this.#latest - raw
      this.feed.fault('clock_restart')
    }
    this.#paused = false
    if (step > 0 || raw + this.#shift >= this.#latest) this.#raw = raw
    return raw + this.#shift
  }
}

/** False when the packet is full, or the stamp too far from its first. */
function append(packet: EventPacket, t: number, { x, y, p }: RawEvent): boolean {
  const i = packet.length
  if (i === packet.capacity) return false
  if (i === 0) packet.t0 = t
  else if (t < packet.t0 || t - packet.t0 >= 2 ** 32) return false
  packet.t[i] = t - packet.t0
  packet.x[i] = x
  packet.y[i] = y
  packet.p[i] = p
  packet.length = i + 1
  return true
}
