import test from 'ava'
import { Subject } from 'rxjs'
import { EventPacket } from '../../pipeline/events/packet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { Pool } from '../../pipeline/streams/pool.js'
import type { FrameWindow } from '../../pipeline/windows/frame.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { windows } from '../../pipeline/windows/windows.js'

const SPEC: WindowSpec = {
  kind: 'count',
  durationUs: 1000,
  steps: 1,
  bins: 1,
  clip: 15,
  width: 8,
  height: 4,
  channels: 2,
  timeOrder: 'oldest-first',
  scale: 1,
}

type Event = [t: number, x: number, y: number, p: number]

function packetOf(pool: Pool<EventPacket>, events: Event[], live = false): EventPacket {
  const packet = pool.tryAcquire()!.reset()
  packet.t0 = Math.min(...events.map(([t]) => t))
  packet.length = events.length
  packet.width = 8
  packet.height = 4
  packet.live = live
  events.forEach(([t, x, y, p], i) => {
    packet.t[i] = t - packet.t0
    packet.x[i] = x
    packet.y[i] = y
    packet.p[i] = p
  })
  return packet
}

interface Seen {
  index: number
  tStart: number
  tEnd: number
  events: number
  sum: number
  droppedWindows: number
  droppedEvents: number
}

function summary(frame: FrameWindow): Seen {
  const { index, tStart, tEnd, events, droppedWindows, droppedEvents } = frame
  const sum = frame.data.reduce((a, b) => a + b, 0)
  return { index, tStart, tEnd, events, sum, droppedWindows, droppedEvents }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5))

async function run(spec: WindowSpec, packets: Event[][], live = false) {
  const pool = new Pool('packets', packets.length + 1, () => new EventPacket(64))
  const ledger = new Ledger()
  const source = new Subject<EventPacket>()
  const seen: Seen[] = []
  let completed = false
  source.pipe(windows(spec, { ledger })).subscribe({
    next: (frame) => {
      seen.push(summary(frame))
      frame.release()
    },
    complete: () => {
      completed = true
    },
  })
  for (const events of packets) source.next(packetOf(pool, events, live))
  source.complete()
  await soon()
  return { seen, ledger, pool, completed }
}

test('windows start at multiples of the hop and empty ones come out on time', async (t) => {
  const { seen, ledger, pool, completed } = await run(SPEC, [
    [
      [2500, 1, 1, 1],
      [2999, 1, 1, 1],
      [3000, 2, 1, 0],
    ],
    [[6100, 3, 3, 1]],
  ])
  t.true(completed)
  t.deepEqual(
    seen.map((w) => [w.index, w.tStart, w.tEnd, w.events, w.sum]),
    [
      [0, 2000, 3000, 2, 2],
      [1, 3000, 4000, 1, 1],
      [2, 4000, 5000, 0, 0],
      [3, 5000, 6000, 0, 0],
      [4, 6000, 7000, 1, 1],
    ],
  )
  t.deepEqual(ledger.imbalances(), [])
  t.is(pool.free, pool.size, 'every packet came back')
})

test('with a hop below the duration every event is in all windows that cover it', async (t) => {
  const { seen, ledger } = await run({ ...SPEC, hopUs: 400 }, [
    [
      [0, 0, 0, 1],
      [450, 0, 0, 1],
      [1100, 0, 0, 1],
    ],
  ])
  t.deepEqual(
    seen.map((w) => [w.tStart, w.events]),
    [
      [0, 2],
      [400, 2],
      [800, 1],
    ],
  )
  t.deepEqual(ledger.imbalances(), [])
})

test('a stamp that runs backwards is windowed where it belongs or counted late', async (t) => {
  const { seen, ledger } = await run(SPEC, [
    [
      [500, 0, 0, 1],
      [400, 0, 0, 1],
      [1500, 0, 0, 1],
    ],
    [
      [300, 0, 0, 1],
      [1600, 0, 0, 1],
    ],
    [[2100, 0, 0, 1]],
  ])
  t.deepEqual(
    seen.map((w) => [w.events, w.droppedEvents]),
    [
      [2, 0],
      [2, 1],
      [1, 0],
    ],
  )
  t.is(ledger.stages.find((s) => s.name === 'windows')!.dropped.late, 1)
  t.deepEqual(ledger.imbalances(), [])
})

test('a camera never waits: without a free frame a window is given up and the next one tells', async (t) => {
  const pool = new Pool('packets', 20, () => new EventPacket(64))
  const ledger = new Ledger()
  const source = new Subject<EventPacket>()
  const kept: FrameWindow[] = []
  source.pipe(windows(SPEC, { ledger })).subscribe((frame) => kept.push(frame))
  for (let i = 0; i < 8; i++) source.next(packetOf(pool, [[i * 1000, 0, 0, 1]], true))
  await soon()
  t.is(pool.free, pool.size)
  const got = kept.length
  for (const frame of kept.splice(0)) frame.release()
  source.next(packetOf(pool, [[8000, 0, 0, 1]], true))
  await soon()
  t.is(kept[0]!.index, 7)
  t.is(kept[0]!.droppedWindows, 7 - got)
  t.deepEqual(ledger.imbalances(), [])
})

test('a tick closes windows of a silent camera', async (t) => {
  const pool = new Pool('packets', 4, () => new EventPacket(64))
  const source = new Subject<EventPacket>()
  const seen: number[] = []
  source.pipe(windows(SPEC)).subscribe((frame) => {
    seen.push(frame.tEnd)
    frame.release()
  })
  source.next(packetOf(pool, [[100, 0, 0, 1]], true))
  const tick = pool.tryAcquire()!.reset()
  Object.assign(tick, { live: true, t0: 2000 + 5000, width: 8, height: 4 })
  source.next(tick)
  await soon()
  t.deepEqual(seen, [1000, 2000])
  t.is(pool.free, pool.size)
})

test('unsubscribing in the middle returns packets and frames and the ledger balances', async (t) => {
  const pool = new Pool('packets', 8, () => new EventPacket(64))
  const ledger = new Ledger()
  const source = new Subject<EventPacket>()
  const kept: FrameWindow[] = []
  const subscription = source.pipe(windows(SPEC, { ledger })).subscribe((frame) => kept.push(frame))
  // Nobody releases frames: after the spare ones the stage waits with packets in its hands.
  for (let i = 0; i < 8; i++) source.next(packetOf(pool, [[i * 1000, 0, 0, 1]]))
  await soon()
  t.true(pool.free < pool.size)
  subscription.unsubscribe()
  await soon()
  t.is(pool.free, pool.size)
  t.deepEqual(ledger.imbalances(), [])
})

test('a stop finishes the open window and looks at no event that still waits', async (t) => {
  const pool = new Pool('packets', 2, () => new EventPacket(64))
  const ledger = new Ledger()
  const source = new Subject<EventPacket>()
  const stop = new AbortController()
  const seen: Seen[] = []
  let completed = false
  source.pipe(windows(SPEC, { ledger, signal: stop.signal })).subscribe({
    next: (frame) => {
      seen.push(summary(frame))
      frame.release()
      if (frame.index === 1) stop.abort()
    },
    complete: () => {
      completed = true
    },
  })
  const seconds: Event[] = Array.from({ length: 60 }, (_, i) => [i * 1000, 1, 1, 1])
  source.next(packetOf(pool, seconds))
  source.next(packetOf(pool, [[60_000, 1, 1, 1]]))
  await soon()
  t.true(completed)
  t.is(source.observed, false)
  t.true(seen.length <= 3, `${seen.length} windows`)
  const { in: taken, out, held, dropped } = ledger.stage('windows', 'events')
  t.deepEqual([taken, out + dropped.stopped!, held], [61, 61, 0])
  t.is(pool.free, 2)
})

test('live, a clock that jumps an hour is counted instead of made window by window', async (t) => {
  const pool = new Pool('packets', 4, () => new EventPacket(64))
  const ledger = new Ledger()
  const source = new Subject<EventPacket>()
  const seen: Seen[] = []
  source.pipe(windows({ ...SPEC, hopUs: 500 }, { ledger })).subscribe((frame) => {
    seen.push(summary(frame))
    frame.release()
  })
  source.next(packetOf(pool, [[100, 0, 0, 1]], true))
  source.next(packetOf(pool, [[3_600_000_100, 1, 0, 1]], true))
  source.next(packetOf(pool, [[3_600_001_600, 1, 0, 1]], true))
  await soon()
  t.true(seen.length < 100)
  const after = seen.find((w) => w.tStart > 3_000_000_000)!
  t.is(after.tEnd, 3_600_000_500)
  t.is(after.events, 1)
  t.is(after.index, after.tStart / 500)
  t.is(after.droppedWindows, ledger.stage('frames', 'windows').dropped.clock_jump!)
  t.deepEqual(ledger.imbalances(), [])
})
