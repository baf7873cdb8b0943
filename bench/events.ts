// How fast events are decoded, filtered and put into windows, alone: no files, no streams. Synthetic events with the statistics that
// matter here: a 304x240 sensor, 1.3 events per µs, positions spread over the sensor as in a street scene (worse for caches
// than a recording's).
import { EventDecoder, EventEncoder } from '../pipeline/events/native.js'
import { EventPacket } from '../pipeline/events/packet.js'
import { FilterChain } from '../pipeline/filters/chain.js'
import { parseFilter } from '../pipeline/filters/registry.js'
import { WindowBuilder } from '../pipeline/windows/builder.js'
import type { WindowSpec } from '../pipeline/windows/spec.js'
import type { Benchmark, Measurement } from './bench.js'

const SENSOR = { width: 304, height: 240 }
const ROUNDS = 200

/** `npm run bench -- events` */
export const eventsBenchmark: Benchmark = {
  name: 'events',
  about: 'decoding, filters and windows alone, Mev/s',
  run: async () => ({ measurements: [benchDecode(), ...benchFilters(), ...benchWindows()] }),
}

/** DAT records to events. */
export function benchDecode(): Measurement {
  const packet = somePacket()
  const bytes = new Uint8Array(packet.length * 8)
  new EventEncoder('dat2', SENSOR.width, SENSOR.height, 0).encode(packet, 0, packet.length, bytes)
  const decoder = new EventDecoder('dat2', SENSOR.width, SENSOR.height, 0)
  const value = medianRate(packet.length, () => {
    packet.reset()
    decoder.restart(0)
    decoder.decode(bytes, 0, bytes.length, packet)
  })
  return { name: 'decode DAT v2', value, unit: 'Mev/s', note: `median of ${ROUNDS} packets` }
}

const FILTERS = [
  'refractory:50us',
  'hot-pixels:200Hz:100ms',
  'background-activity:10ms',
  'stc:10ms',
  'trail:10ms',
  'polarity:on',
  'roi:200x160+50+40',
  'flip:x',
  'rotate:90',
  'rate-limit:0.5Mev/s:10ms',
]

/** Packets through one filter each. */
export function benchFilters(): Measurement[] {
  return FILTERS.map((text) => {
    const chain = new FilterChain([parseFilter(text)], SENSOR)
    const packet = somePacket()
    const { length } = packet
    const bytes = new Uint8Array(packet.buffer.slice(0))
    let kept = 0
    const value = medianRate(
      length,
      () => chain.run(packet),
      () => {
        kept = packet.length
        new Uint8Array(packet.buffer).set(bytes)
        packet.length = length
        // Later, so that every filter sees time pass.
        packet.t0 += 50_000
      },
    )
    const note = `keeps ${((100 * kept) / length).toFixed(0)} %`
    return { name: `filter ${text}`, value, unit: 'Mev/s', note }
  })
}

/** Events to frames, by kind of window. */
export function benchWindows(): Measurement[] {
  const count: WindowSpec = {
    kind: 'count',
    durationUs: 50_000,
    steps: 1,
    bins: 2,
    clip: 15,
    width: 304,
    height: 240,
    channels: 4,
    timeOrder: 'oldest-first',
    scale: 0.25,
  }
  const picture: WindowSpec = {
    ...count,
    kind: 'polarity-last',
    durationUs: 250_000,
    steps: 2,
    width: 320,
    height: 320,
    channels: 3,
    letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 114 },
  }
  return [
    windowRate('count 304x240', count),
    windowRate('count, 5 overlapping', { ...count, hopUs: 10_000 }),
    windowRate('polarity-last 320x320', picture),
    finishTime(picture),
  ]
}

function windowRate(name: string, spec: WindowSpec): Measurement {
  const builder = new WindowBuilder(spec, SENSOR)
  const frames = Array.from({ length: builder.slots }, () => new Uint8Array(builder.frameBytes))
  frames.forEach((frame, slot) => {
    builder.attach(slot, frame, 0)
  })
  const packet = somePacket()
  const value = medianRate(packet.length, () => builder.push(packet, 0))
  return { name, value, unit: 'Mev/s', note: `median of ${ROUNDS} packets` }
}

function finishTime(spec: WindowSpec): Measurement {
  const builder = new WindowBuilder(spec, SENSOR)
  const frame = new Uint8Array(builder.frameBytes)
  const times = Array.from({ length: ROUNDS }, () => {
    builder.attach(0, frame, 0)
    const start = performance.now()
    builder.finish(0)
    return performance.now() - start
  })
  return {
    name: 'polarity-last resize',
    value: median(times),
    unit: 'ms',
    note: `median of ${ROUNDS} windows`,
  }
}

/** A full packet of one stretch of 50 ms. */
function somePacket(): EventPacket {
  const packet = new EventPacket()
  packet.length = packet.capacity
  let state = 1
  for (let i = 0; i < packet.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    packet.t[i] = Math.floor((i * 49_999) / packet.length)
    packet.x[i] = (state >>> 8) % SENSOR.width
    packet.y[i] = (state >>> 16) % SENSOR.height
    packet.p[i] = state >>> 31
  }
  return packet
}

/** Million events per second; `after` is not timed. */
function medianRate(events: number, run: () => void, after = () => {}): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    run()
    const time = performance.now() - start
    after()
    return time
  })
  return events / median(times) / 1000
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
