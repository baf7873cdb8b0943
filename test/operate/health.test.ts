import test from 'ava'
import type { DetectionSet } from '../../pipeline/index.js'
import { Health, healthLine, quantiles } from '../../pipeline/operate/health.js'
import type { Sink } from '../../pipeline/sinks/sink.js'
import { drop, Ledger } from '../../pipeline/streams/ledger.js'

const set = (ageMs: number | undefined): DetectionSet => ({
  seq: 0,
  tStart: 0,
  tEnd: 50_000,
  events: 10,
  detections: [{ class: 0, label: 'car', score: 0.5, box: { x: 0, y: 0, w: 1, h: 1 } }],
  dropped: { events: 0, windows: 0 },
  ageMs,
})

test('quantiles are values that occurred, by nearest rank', (t) => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  t.deepEqual(quantiles(values), { p50: 50, p99: 99, max: 100 })
  t.deepEqual(quantiles([7]), { p50: 7, p99: 7, max: 7 })
})

test('a snapshot has rate and ages of its own interval and counts since the start', (t) => {
  let now = 1000
  const ledger = new Ledger()
  const health = new Health(ledger, [], undefined, () => now)
  for (let i = 0; i < 20; i++) health.observe(set(30))
  now += 1000
  const first = health.snapshot()
  t.like(first, { windows: 20, detections: 20, rate: 20, idleMs: 1000, ageMs: { p50: 30 } })
  health.observe(set(40))
  now += 500
  t.like(health.snapshot(), { windows: 21, rate: 2, ageMs: { p50: 40, max: 40 } })
  t.is(health.snapshot().ageMs, undefined)
})

test('ages are bounded in memory: the newest 4096 count', (t) => {
  const health = new Health(new Ledger(), [])
  for (let i = 0; i < 5000; i++) health.observe(set(i < 904 ? 1e6 : 5))
  t.deepEqual(health.snapshot().ageMs, { p50: 5, p99: 5, max: 5 })
})

test('the line names what was dropped, where and why, and the state of each sink', (t) => {
  const ledger = new Ledger()
  drop(ledger.stage('windows', 'events'), 'late', 3)
  drop(ledger.stage('detect', 'windows'), 'replaced', 2)
  const sink = { name: 'mqtt:broker:1883', state: 'lost' } as Sink
  const snapshot = { ...new Health(ledger, [sink]).snapshot(), rssBytes: 96e6 }
  t.is(
    healthLine(snapshot),
    '0 windows, 0.0/s, 0 detections; dropped: windows 3 late, detect 2 replaced; mqtt:broker:1883 lost; 96 MB',
  )
})

test('filters are told by order, share and cost, not among the losses', (t) => {
  const ledger = new Ledger()
  for (const [name, into, out, busyMs] of [
    ['filter rotate', 1000, 1000, 0.001],
    ['filter refractory', 1000, 365, 0.006],
    ['filter refractory (2)', 365, 365, undefined],
  ] as const) {
    const stage = ledger.stage(name, 'events')
    Object.assign(stage, { in: into, out, busyMs })
    drop(stage, 'too_soon', into - out)
  }
  const snapshot = { ...new Health(ledger, []).snapshot(), rssBytes: 96e6 }
  t.deepEqual(snapshot.filters, [
    { filter: 'rotate', in: 1000, out: 1000, nsPerEvent: 1 },
    { filter: 'refractory', in: 1000, out: 365, nsPerEvent: 6 },
    { filter: 'refractory (2)', in: 365, out: 365, nsPerEvent: 0 },
  ])
  t.is(
    healthLine(snapshot),
    '0 windows, 0.0/s, 0 detections; filters: rotate -0.0 % 1 ns/ev, refractory -63.5 % 6 ns/ev, refractory (2) -0.0 % 0 ns/ev; 96 MB',
  )
})
