import test from 'ava'
import fc from 'fast-check'
import type { Geometry } from '../../pipeline/events/packet.js'
import { FilterChain, filteredGeometry } from '../../pipeline/filters/chain.js'
import { type FilterSpec, filterText, parseFilter } from '../../pipeline/filters/registry.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { naiveFilter } from '../support/naive-filters.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'

const SENSOR = { width: 4, height: 2 }

/** Runs events through filters, in packets that end at the given indices. */
function filtered(
  specs: readonly FilterSpec[],
  events: readonly PlainEvent[],
  cuts: readonly number[] = [],
  ledger = new Ledger(),
): PlainEvent[] {
  const chain = new FilterChain(specs, SENSOR, ledger)
  const ends = [...cuts, events.length].map((n) => n % (events.length + 1)).sort((a, b) => a - b)
  return ends.flatMap((end, i) => {
    // A stamp below the first one begins a new packet, as in sources.
    const packets: PlainEvent[][] = []
    for (const event of events.slice(i === 0 ? 0 : ends[i - 1], end)) {
      const packet = packets.at(-1)
      if (packet === undefined || event.t < packet[0]!.t) packets.push([event])
      else packet.push(event)
    }
    return packets.flatMap((packet) => {
      const pooled = packetOf(packet, SENSOR)
      chain.run(pooled)
      return eventsOf(pooled)
    })
  })
}

const event = (t: number, x = 1, y = 1, p = 1): PlainEvent => ({ t, x, y, p })

test('of what a pixel repeats within the refractory time the first event is kept', (t) => {
  const events = [
    event(1000),
    event(1000), // the exact duplicate
    event(1000, 1, 1, 0), // the other polarity is the same pixel
    event(1030, 2), // another pixel
    event(1049), // 49 µs after the last one kept
    event(1050), // 50 µs: kept, and the next is measured from here
    event(1099),
    event(1100),
  ]
  const kept = filtered([{ name: 'refractory', us: 50 }], events)
  t.deepEqual(
    kept.map(({ t, x }) => [t, x]),
    [
      [1000, 1],
      [1030, 2],
      [1050, 1],
      [1100, 1],
    ],
  )
})

test('a stamp that runs back by less than the refractory time is a repetition, one further back a new start', (t) => {
  const kept = filtered(
    [{ name: 'refractory', us: 50 }],
    [event(1000), event(951), event(950), event(960), event(3), event(52), event(53)],
  )
  t.deepEqual(
    kept.map(({ t }) => t),
    [1000, 950, 3, 53],
  )
})

test('a pixel that is too fast in one period is muted for the next, and while it stays so', (t) => {
  // At most 3 in 10 ms. Pixel 1 fires 4 times in periods 0 and 1, twice in 2, 4 times in 4; pixel 2 always 3 times.
  const periods = [4, 4, 2, 0, 4, 1]
  const events = periods.flatMap((n, k) => [
    ...Array.from({ length: n }, (_, i) => event(k * 10_000 + i, 1)),
    ...Array.from({ length: 3 }, (_, i) => event(k * 10_000 + 10 + i, 2)),
  ])
  const ledger = new Ledger()
  const kept = filtered([{ name: 'hot-pixels', rateHz: 300, periodUs: 10_000 }], events, [], ledger)
  const count = (x: number, k: number) =>
    kept.filter((e) => e.x === x && Math.floor(e.t / 10_000) === k).length
  t.deepEqual(
    periods.map((_, k) => count(1, k)),
    [4, 0, 0, 0, 4, 0],
  )
  t.deepEqual(
    periods.map((_, k) => count(2, k)),
    [3, 3, 3, 3, 3, 3],
  )
  const [stage] = ledger.stages
  t.like(stage, { name: 'filter hot-pixels', in: 33, out: 26, dropped: { hot: 7 } })
  ledger.check()
})

test('given pixels are muted, and events outside the sensor are left to those behind', (t) => {
  const events = [event(1, 0, 0), event(2, 3, 1), event(3, 1, 1), event(4, 9, 1)]
  const kept = filtered(
    [
      {
        name: 'hot-pixels',
        pixels: [
          [3, 1],
          [0, 0],
        ],
      },
    ],
    events,
  )
  t.deepEqual(
    kept.map(({ t }) => t),
    [3, 4],
  )
})

/** Eight pixels, one of them outside, steps that go back now and then. */
const events = fc
  .array(
    fc.record({
      step: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 3000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -60, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: -5000, max: 0 }) },
      ),
      x: fc.integer({ min: 0, max: 4 }),
      y: fc.integer({ min: 0, max: 1 }),
      p: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 300 },
  )
  .map((steps) => {
    let now = 10_000
    return steps.map(({ step, x, y, p }) => {
      now = Math.max(0, now + step)
      return { t: now, x, y, p }
    })
  })

/** Pixels of this sensor, so before anything that turns it. */
const masksFirst: fc.Arbitrary<FilterSpec> = fc.record({
  name: fc.constant('hot-pixels' as const),
  pixels: fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1 })), {
    maxLength: 3,
  }),
})

const spec: fc.Arbitrary<FilterSpec> = fc.oneof(
  fc.record({ name: fc.constant('refractory' as const), us: fc.integer({ min: 1, max: 200 }) }),
  fc.record({
    name: fc.constant('hot-pixels' as const),
    rateHz: fc.integer({ min: 1, max: 20_000 }),
    periodUs: fc.integer({ min: 1000, max: 3000 }),
  }),
  fc.record({ name: fc.constant('swap-polarity' as const) }),
  fc.record({
    name: fc.constant('background-activity' as const),
    us: fc.integer({ min: 1, max: 200 }),
    support: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ name: fc.constant('trail' as const), us: fc.integer({ min: 1, max: 200 }) }),
  fc.record({
    name: fc.constant('stc' as const),
    us: fc.integer({ min: 1, max: 200 }),
    cutTrail: fc.boolean(),
  }),
  fc.record({ name: fc.constant('polarity' as const), keep: fc.constantFrom('on', 'off') }),
  fc.record({
    name: fc.constant('roi' as const),
    x: fc.constantFrom(0, 1),
    y: fc.constantFrom(0, 1),
    width: fc.constant(1),
    height: fc.constant(1),
    relative: fc.constant(false),
  }),
  fc.record({ name: fc.constant('flip' as const), axis: fc.constantFrom('x', 'y') }),
  fc.record({ name: fc.constant('transpose' as const) }),
  fc.record({
    name: fc.constant('rotate' as const),
    degrees: fc.constantFrom(90, 180, 270),
  }),
)

test('native filters keep what the rules say, wherever the stream is cut into packets', (t) => {
  const inside = ({ x }: PlainEvent) => x < SENSOR.width
  /** What is outside stays outside of a turned sensor, too. */
  const within = (size: Geometry) => (e: PlainEvent) => e.x < size.width && e.y < size.height
  fc.assert(
    fc.property(
      fc.array(masksFirst, { maxLength: 2 }),
      fc.array(spec, { maxLength: 3 }),
      events,
      fc.array(fc.nat(), { maxLength: 12 }),
      (masks, specs, events, cuts) => {
        const ledger = new Ledger()
        const chain = [...masks, ...specs]
        const got = filtered(chain, events, cuts, ledger)
        let size: Geometry = SENSOR
        let want = events.filter(inside)
        for (const spec of chain) {
          want = naiveFilter(spec, want, size)
          size = filteredGeometry([spec], size)
        }
        t.deepEqual(got.filter(within(size)), want)
        ledger.check()
      },
    ),
    { numRuns: 500, seed: 5 },
  )
})

test('filters are written and read as text, with their defaults', (t) => {
  t.deepEqual(parseFilter('refractory'), { name: 'refractory', us: 50 })
  t.deepEqual(parseFilter('refractory:120us'), { name: 'refractory', us: 120 })
  t.deepEqual(parseFilter('refractory:1ms'), { name: 'refractory', us: 1000 })
  t.deepEqual(parseFilter('hot-pixels:250.5Hz:20ms'), {
    name: 'hot-pixels',
    rateHz: 250.5,
    periodUs: 20_000,
  })
  const texts = [
    ...['refractory:50us', 'hot-pixels:200Hz:100ms', 'swap-polarity'],
    ...['background-activity:10ms', 'background-activity:2500us:2'],
    ...['trail:10ms', 'stc:10ms', 'stc:700us:keep-trail', 'polarity:on', 'polarity:off'],
    ...['roi:640x360+320+180', 'roi:8x4+0+2:absolute', 'flip:x', 'flip:y', 'transpose'],
    ...['rotate:90', 'rotate:180', 'rotate:270'],
    ...['rate-limit:5Mev/s:10ms', 'rate-limit:0.3Mev/s:1ms', 'rate-limit:12.5kev/s:100ms'],
  ]
  for (const text of texts) t.is(filterText(parseFilter(text)), text)
  t.deepEqual(parseFilter('stc'), { name: 'stc', us: 10_000, cutTrail: true })
  t.is(filterText(parseFilter('rate-limit:2Mev/s')), 'rate-limit:2Mev/s:10ms')
  const wrong: [string, RegExp][] = [
    ['refactory', /there is no filter "refactory"/],
    ['refractory:50', /"refractory:50" is no filter/],
    ['refractory:0us', /is no filter/],
    ['hot-pixels:100ms', /is no filter/],
    ['hot-pixels:3px', /is no filter/],
    ['swap-polarity:1', /is no filter/],
    ['background-activity:10', /is no filter/],
    ['background-activity:10ms:9', /is no filter/],
    ['trail:0us', /is no filter/],
    ['stc:1ms:cut', /is no filter/],
    ['polarity', /is no filter/],
    ['roi:10,10,5,5', /is no filter/],
    ['roi:0x4+0+0', /is no filter/],
    ['flip:z', /is no filter/],
    ['rotate:45', /is no filter/],
    ['rate-limit', /is no filter/],
    ['rate-limit:5', /is no filter/],
    ['rate-limit:10ev/s', /is no filter/],
  ]
  for (const [text, message] of wrong) t.throws(() => parseFilter(text), { message })
})

test('what is no filter, or no pixel of the sensor, or too much memory, is refused with a sentence', (t) => {
  const make = (specs: unknown, sensor = SENSOR) => new FilterChain(specs as FilterSpec[], sensor)
  t.throws(() => make([{ name: 'blur' }]), {
    message: /filters\.0: there is no filter "blur"; there are/,
  })
  t.throws(() => make([null]), { message: /filters\.0: there is no filter without a name/ })
  t.throws(() => make([{ name: 'refractory', us: 2.5 }]), { message: /^filters\.0\.us: / })
  t.throws(() => make([{ name: 'refractory', ms: 1 }]), { message: /^filters\.0: .*"ms"/ })
  t.throws(() => make([{ name: 'hot-pixels', pixels: [[4, 0]] }]), {
    message: 'the pixel 4,0 is not on a sensor of 4x2',
  })
  t.throws(() => make([{ name: 'roi', x: 2, y: 0, width: 3, height: 2 }]), {
    message: 'the region 2,0,3,2 does not lie on the sensor of 4x2',
  })
  // Each filter is for the sensor that the one before leaves.
  t.throws(
    () =>
      make([
        { name: 'rotate', degrees: 90 },
        { name: 'hot-pixels', pixels: [[3, 0]] },
      ]),
    { message: 'the pixel 3,0 is not on a sensor of 2x4' },
  )
  t.throws(() => make([{ name: 'refractory' }], { width: 16_384, height: 16_384 }), {
    message: /a sensor of 16384x16384 has more than 4194304/,
  })
})
