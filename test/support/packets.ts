// Events for tests, in packets, without pools.
import { EventPacket, type Geometry } from '../../pipeline/events/packet.js'

/** An event with an absolute stamp in µs. */
export interface PlainEvent {
  t: number
  x: number
  y: number
  p: number
}

/** One packet with these events; stamps must lie in [first stamp, first stamp + 2^32). */
export function packetOf(events: readonly PlainEvent[], geometry?: Geometry): EventPacket {
  const packet = new EventPacket(Math.max(1, events.length))
  packet.t0 = events[0]?.t ?? 0
  packet.length = events.length
  packet.width = geometry?.width ?? 0
  packet.height = geometry?.height ?? 0
  events.forEach(({ t, x, y, p }, i) => {
    packet.t[i] = t - packet.t0
    packet.x[i] = x
    packet.y[i] = y
    packet.p[i] = p
  })
  return packet
}

/** The packet's events as objects. */
export function eventsOf({ t0, t, x, y, p, length }: EventPacket): PlainEvent[] {
  return Array.from({ length }, (_, i) => ({ t: t0 + t[i]!, x: x[i]!, y: y[i]!, p: p[i]! }))
}

/** Index of the first byte that differs, -1 when both are equal: comparing frames byte by byte in the report takes seconds. */
export function firstDifference(got: Uint8Array, want: Uint8Array): number {
  if (Buffer.compare(got, want) === 0) return -1
  const at = got.findIndex((byte, i) => byte !== want[i])
  return at < 0 ? got.length : at
}
