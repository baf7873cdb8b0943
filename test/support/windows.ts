// Runs a builder over packets as the windows operator does: windows at multiples of the hop, empty ones included.
import type { EventPacket, Geometry } from '../../pipeline/events/packet.js'
import { WindowBuilder } from '../../pipeline/windows/builder.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'

export interface BuiltWindow {
  tStart: number
  events: number
  frame: Uint8Array
}

/** All windows from the one with the first event on; the packets' stamps may run backwards. */
export async function buildWindows(
  spec: WindowSpec,
  geometry: Geometry,
  packets: AsyncIterable<EventPacket> | Iterable<EventPacket>,
): Promise<{ windows: BuiltWindow[]; builder: WindowBuilder }> {
  const builder = new WindowBuilder(spec, geometry)
  const hop = spec.hopUs ?? spec.durationUs
  const open: BuiltWindow[] = []
  const windows: BuiltWindow[] = []
  let started = 0
  const attach = (tStart: number) => {
    const frame = new Uint8Array(builder.frameBytes).fill(0xa5)
    builder.attach(started % builder.slots, frame, tStart)
    open.push({ tStart, events: 0, frame })
    started += 1
  }
  const finish = () => {
    const slot = windows.length % builder.slots
    const done = open.shift()!
    builder.finish(slot)
    windows.push({ ...done, events: builder.eventsIn(slot) })
  }
  for await (const packet of packets) {
    if (packet.length === 0) continue
    if (started === 0) {
      // The first window that holds the first event; earlier ones overlap it when hop < duration.
      const first = Math.floor((packet.t0 + packet.t[0]!) / hop) * hop
      for (let slot = 0; slot < builder.slots; slot++) attach(first + slot * hop)
    }
    for (let from = 0; ; ) {
      from = builder.push(packet, from)
      if (from === packet.length) break
      finish()
      attach(open.at(-1) === undefined ? windows.at(-1)!.tStart + hop : open.at(-1)!.tStart + hop)
    }
  }
  while (open.length > 0) finish()
  return { windows, builder }
}
