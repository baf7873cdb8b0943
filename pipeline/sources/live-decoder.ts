// A recording's decoder at work on a live stream: it tells the feed how far the clocks are apart, and its time goes on when
// the camera's begins anew.
import type { EventPacket } from '../events/packet.js'
import type { CameraFeed, LiveDecoder } from './camera-feed.js'
import type { Decoder } from './recording.js'

/** By how much the clocks of camera and host drift apart at most: 200 µs in a second. */
const DRIFT = 1 / 5000

/** Host clock less camera time, as the least delay seen tells it. */
export class ClockOffset {
  /** µs; until an event has come there is no time. */
  value = Number.POSITIVE_INFINITY
  #at = 0

  /** An event with stamp t came at `now`. The least delay seen is the truth; it ages, because the clocks drift apart. */
  follow(now: number, t: number): void {
    const aged = this.value + Math.max(0, now - this.#at) * DRIFT
    this.value = Math.min(now - t, Number.isFinite(aged) ? aged : Number.POSITIVE_INFINITY)
    this.#at = now
  }
}

/** See LiveDecoder. One for each connection: stamps of a new one go on behind what was told last. */
export class StreamDecoder implements LiveDecoder {
  readonly #offset = new ClockOffset()
  /** Added to every stamp; known with the first event. */
  #shift: number | undefined

  /** @param fault called beside `feed.fault` with each kind and the offset of its first byte */
  constructor(
    private readonly decoder: Decoder,
    private readonly feed: CameraFeed,
    private readonly fault: (kind: string, at: number) => void,
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
    const before = packet.length
    packet.t0 -= before > 0 ? this.#shift! : 0
    const used = this.decoder.decode(bytes, from, bytes.length, packet)
    const triggers = this.decoder.takeTriggers() ?? []
    const faults = this.decoder.takeFaults() ?? []
    for (let i = 0; i < faults.length; i += 3) {
      const [kind, count, at] = faults.slice(i, i + 3) as [string, number, number]
      this.feed.fault(kind, count)
      this.fault(kind, at)
    }
    if (packet.length > before) this.#shift ??= shiftFor(packet.first, this.feed.time)
    const shift = this.#shift ?? 0
    packet.t0 += packet.length > 0 ? shift : 0
    for (let i = 0; i < triggers.length; i += 3) {
      packet.triggers ??= []
      const value = triggers[i + 2] === 0 ? 0 : 1
      packet.triggers.push({ t: triggers[i]! + shift, id: triggers[i + 1]!, value })
    }
    if (packet.length > before) this.#offset.follow(now, packet.t0 + packet.t[packet.length - 1]!)
    return used
  }
}

/** A camera that was started again begins at zero: its time then goes on behind what was told last. */
export function shiftFor(first: number, told: number): number {
  return first >= told ? 0 : told - first
}
