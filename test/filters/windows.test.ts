import test from 'ava'
import { Subject } from 'rxjs'
import { detectAt } from '../../pipeline/detect/detect-at.js'
import { Model } from '../../pipeline/detect/model.js'
import type { EventPacket } from '../../pipeline/events/packet.js'
import * as filters from '../../pipeline/filters/index.js'
import type { FilterSpec } from '../../pipeline/filters/registry.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { replay } from '../../pipeline/sources/replay.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { windows } from '../../pipeline/windows/windows.js'
import { type PlainEvent, packetOf } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const SPEC: WindowSpec = {
  kind: 'count',
  durationUs: 1000,
  steps: 1,
  bins: 1,
  clip: 15,
  width: 4,
  height: 2,
  channels: 2,
  timeOrder: 'oldest-first',
  scale: 1,
}
const SENSOR = { width: 4, height: 2 }
const REFRACTORY: FilterSpec = { name: 'refractory', us: 50 }
const soon = () => new Promise((resolve) => setTimeout(resolve, 5))

async function seen(spec: WindowSpec, packets: PlainEvent[][], live = false) {
  const source = new Subject<EventPacket>()
  const ledger = new Ledger()
  const frames: { tStart: number; events: number }[] = []
  source.pipe(windows(spec, { ledger })).subscribe((frame) => {
    frames.push({ tStart: frame.tStart, events: frame.events })
    frame.release()
  })
  for (const events of packets) source.next(Object.assign(packetOf(events, SENSOR), { live }))
  await soon()
  const before = frames.length
  source.complete()
  await soon()
  ledger.check()
  return { frames, before, ledger }
}

const event = (t: number, x: number): PlainEvent => ({ t, x, y: 0, p: 1 })

test('windows begin and end with the source, whatever filters leave of it', async (t) => {
  // The first event, the last and a whole packet are taken out.
  const packets = [
    [event(500, 0), event(2500, 1)],
    [event(3100, 0), event(3200, 0)],
    [event(4900, 1), event(7300, 0)],
  ]
  const mute: FilterSpec = { name: 'hot-pixels', pixels: [[0, 0]] }
  const plain = await seen(SPEC, packets)
  const muted = await seen({ ...SPEC, filters: [mute] }, packets)
  const starts = ({ frames }: typeof plain) => frames.map(({ tStart }) => tStart)
  t.deepEqual(starts(plain), [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000])
  t.deepEqual(starts(muted), starts(plain))
  t.deepEqual(
    muted.frames.map(({ events }) => events),
    [0, 0, 1, 0, 1, 0, 0, 0],
  )
  t.like(muted.ledger.stages[0], { name: 'filter hot-pixels', in: 6, out: 2, dropped: { hot: 4 } })
})

test('a camera closes its windows by events that a filter takes out, too', async (t) => {
  const mute: FilterSpec = { name: 'hot-pixels', pixels: [[0, 0]] }
  const packets = [[event(100, 1)], [event(7100, 0)]]
  const { before, frames } = await seen({ ...SPEC, filters: [mute] }, packets, true)
  // Up to the slack of 5 ms before the last event.
  t.is(before, 2)
  t.is(frames.length, 8)
})

/** Events that are left of a recording: in all, at x < 200 (where the car is), and repetitions of the pixel's last stamp. */
async function census(path: string, specs: readonly FilterSpec[]) {
  const found = { events: 0, left: 0, repeated: 0 }
  const last = new Map<number, number>()
  for await (const packet of replay(path).pipe(filters.chain(specs))) {
    found.events += packet.length
    for (let i = 0; i < packet.length; i++) {
      const [x, t] = [packet.x[i]!, packet.t0 + packet.t[i]!]
      const pixel = packet.y[i]! * packet.width + x
      if (x < 200) found.left += 1
      if (last.get(pixel) === t) found.repeated += 1
      last.set(pixel, t)
    }
  }
  return found
}

const HOT: FilterSpec = { name: 'hot-pixels', rateHz: 200, periodUs: 100_000 }

test('on the real street the refractory merge takes two thirds, and 0.3 % where the car is', async (t) => {
  const path = sharedPath('recordings/gen1/driving_td.dat')
  if (!path) return skipWithout(t, 'no shared recordings')
  const left = (events: number, left: number, repeated: number) => ({ events, left, repeated })
  t.deepEqual(await census(path, []), left(1_334_150, 155_641, 544_286))
  t.deepEqual(await census(path, [REFRACTORY]), left(486_706, 155_111, 0))
  t.deepEqual(await census(path, [HOT]), left(1_046_671, 155_622, 394_491))
  t.deepEqual(await census(path, [REFRACTORY, HOT]), left(483_547, 155_092, 0))
})

test('of the car that passes a camera at rest the merge takes 8 %, the hot-pixel mask nothing', async (t) => {
  const path = sharedPath('recordings/atis/car_passing_td.dat')
  if (!path) return skipWithout(t, 'no shared recordings')
  const left = (events: number, left: number, repeated: number) => ({ events, left, repeated })
  t.deepEqual(await census(path, []), left(242_040, 150_348, 2207))
  t.deepEqual(await census(path, [REFRACTORY]), left(223_161, 131_802, 0))
  t.deepEqual(await census(path, [HOT]), left(242_040, 150_348, 2207))
})

test('a single window is what a replay from the start gives, filters included', async (t) => {
  const path = sharedPath('recordings/gen1/driving_td.dat')
  if (!path) return skipWithout(t, 'no shared recordings')
  const model = await Model.load('car-pilot')
  await using session = await model.open()
  const chain: FilterSpec[] = [REFRACTORY, { name: 'hot-pixels', rateHz: 400, periodUs: 30_000 }]
  const events: number[] = []
  const ends: number[] = []
  for await (const frame of replay(path).pipe(windows({ ...model.window, filters: chain }))) {
    events.push(frame.events)
    ends.push(frame.tEnd)
  }
  await using recording = await openRecording(path)
  const geometry = { width: 304, height: 240 }
  let at = 0
  for await (const set of detectAt(recording, session, ends, {
    geometry,
    windows: { filters: chain },
  }))
    t.is(set.events, events[at++]!)
  t.is(at, 20)
})
