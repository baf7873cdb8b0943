import test from 'ava'
import fc from 'fast-check'
import { FilterChain } from '../../pipeline/filters/chain.js'
import { parseFilter } from '../../pipeline/filters/registry.js'
import { replay } from '../../pipeline/sources/replay.js'
import { Random } from '../support/make-plan.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const SENSOR = { width: 64, height: 64 }
const PERIOD_US = 10_000

/** Events at random places, `counts[k]` of them evenly in period k. */
function rates(counts: readonly number[]): PlainEvent[] {
  const random = new Random(3)
  return counts.flatMap((n, k) =>
    Array.from({ length: n }, (_, i) => ({
      t: k * PERIOD_US + Math.floor((i * PERIOD_US) / n),
      x: random.next(SENSOR.width),
      y: random.next(SENSOR.height),
      p: random.next(2),
    })),
  )
}

/** What is left, in packets that end at the given indices. */
function limited(text: string, events: readonly PlainEvent[], cuts: readonly number[] = []) {
  const chain = new FilterChain([parseFilter(text)], SENSOR)
  const ends = [...cuts.map((n) => n % (events.length + 1)).sort((a, b) => a - b), events.length]
  return ends.flatMap((end, i) => {
    const part = events.slice(i === 0 ? 0 : ends[i - 1], end)
    if (part.length === 0) return []
    const packet = packetOf(part, SENSOR)
    chain.run(packet)
    return eventsOf(packet)
  })
}

const perPeriod = (events: readonly PlainEvent[], periods: number) =>
  Array.from(
    { length: periods },
    (_, k) => events.filter(({ t }) => Math.floor(t / PERIOD_US) === k).length,
  )

test('above the limit a rate is thinned to it, below it nothing is taken', (t) => {
  // 1 Mev/s is 10,000 events in 10 ms.
  const counts = [9000, 10_000, 40_000, 40_000, 40_000, 20_000, 9000, 10_000]
  const left = perPeriod(limited('rate-limit:1Mev/s', rates(counts)), counts.length)
  t.deepEqual([left[0], left[1], left[7]], [9000, 10_000, 10_000])
  // The rise: budget * (1 + ln(40 / 10)) at most. Then it is known.
  t.true(left[2]! > 10_000 && left[2]! <= 10_000 * (1 + Math.log(4)), `${left[2]}`)
  for (const n of [left[3]!, left[4]!]) t.true(Math.abs(n - 10_000) <= 2, `${n}`)
  // The fall: thinned as the period before would have it.
  t.true(Math.abs(left[5]! - 5000) <= 2 && Math.abs(left[6]! - 4500) <= 2, `${left}`)
})

test('what is left is spread as what came: over places, times and polarities, also of two pixels in turn', (t) => {
  const events = rates([40_000, 40_000, 40_000, 40_000])
  const late = (list: readonly PlainEvent[]) => list.filter(({ t }) => t >= PERIOD_US)
  const left = late(limited('rate-limit:1Mev/s', events))
  const share = (of: (event: PlainEvent) => boolean) =>
    left.filter(of).length / late(events).filter(of).length
  for (const [x, y] of [
    [0, 0],
    [32, 0],
    [0, 32],
    [32, 32],
  ] as const)
    t.true(
      Math.abs(share((e) => e.x >= x && e.x < x + 32 && e.y >= y && e.y < y + 32) - 0.25) < 0.02,
    )
  for (let tenth = 0; tenth < 30; tenth++) {
    const from = PERIOD_US + tenth * 1000
    t.true(Math.abs(share((e) => e.t >= from && e.t < from + 1000) - 0.25) < 0.01, `${tenth}`)
  }
  t.true(Math.abs(share((e) => e.p === 1) - 0.25) < 0.01)
  // ON here, OFF there, in turn: every second event would be one of them only.
  const turn = rates([20_000, 20_000]).map((e, i) => ({ ...e, x: i % 2, p: i % 2 }))
  const on = late(limited('rate-limit:1Mev/s', turn)).filter(({ p }) => p === 1).length
  t.true(Math.abs(on - 5000) < 200, `${on}`)
})

test('the same events are left wherever the stream is cut, and on every run', (t) => {
  const events = rates([300, 900, 0, 2500, 2500, 100, 1200])
  // A clock that steps back, and one that begins anew.
  const odd = [...events, ...events.slice(2000, 3000), ...events.slice(0, 500)]
  const packets = (list: readonly PlainEvent[]) =>
    list.flatMap((event, i) => (i > 0 && event.t < list[i - 1]!.t ? [i] : []))
  const left = (cuts: readonly number[]) =>
    JSON.stringify(limited('rate-limit:100kev/s', odd, cuts))
  const want = left(packets(odd))
  t.true(want.length < JSON.stringify(odd).length)
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
      t.true(left([...packets(odd), ...cuts]) === want)
    }),
    { numRuns: 25, seed: 2 },
  )
})

test('the real street at a tenth of its rate keeps its proportions, and a single period is what the whole gives', async (t) => {
  const path = sharedPath('recordings/gen1/driving_td.dat')
  if (!path) return skipWithout(t, 'no shared recordings')
  const chain = new FilterChain([parseFilter('rate-limit:0.13Mev/s')], { width: 304, height: 240 })
  const counts = { all: 0, left: 0, on: 0 }
  const whole: string[] = []
  for await (const packet of replay(path)) {
    chain.run(packet)
    counts.all += packet.length
    for (const { t, x, y, p } of eventsOf(packet)) {
      if (x < 200) counts.left += 1
      counts.on += p
      if (t >= 20_800_000 && t < 20_810_000) whole.push(`${t} ${x} ${y} ${p}`)
    }
  }
  // 117 kev of x < 200 in a million, and 500 kev ON.
  t.log(JSON.stringify(counts))
  t.true(counts.all > 110_000 && counts.all < 131_000)
  t.true(Math.abs(counts.left / counts.all - 155_641 / 1_334_150) < 0.01)
  chain.reset()
  t.is(chain.warmUpFrom(20_803_000), 20_790_000)
  const part: string[] = []
  for await (const packet of replay(path, { from: 20_790_000, to: 20_810_000 })) {
    chain.run(packet)
    for (const { t, x, y, p } of eventsOf(packet))
      if (t >= 20_800_000) part.push(`${t} ${x} ${y} ${p}`)
  }
  t.deepEqual(part, whole)
})
