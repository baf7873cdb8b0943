// What the noise filters take out: events of a simulated street without noise, and noise of a known rate laid over them.
import test from 'ava'
import { FilterChain } from '../../pipeline/filters/chain.js'
import { type FilterSpec, parseFilter } from '../../pipeline/filters/registry.js'
import { simulate } from '../../pipeline/simulate/simulate.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { Random } from '../support/make-plan.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'

const SENSOR = { width: 152, height: 120 }
const DURATION_US = 400_000
/** Of a pixel, events per second: a sensor in a dark room. */
const NOISE_HZ = 2

function street(): PlainEvent[] {
  const sensor = { noiseRate: 0, hotPixels: 0 }
  const spec = { seed: 22, scene: 'street' as const, durationUs: DURATION_US, ...SENSOR, sensor }
  const events: PlainEvent[] = []
  for (const packet of simulate(spec).packets()) events.push(...eventsOf(packet))
  return events
}

function noise(): PlainEvent[] {
  const random = new Random(7)
  const { width, height } = SENSOR
  const n = Math.round((NOISE_HZ * width * height * DURATION_US) / 1e6)
  return Array.from({ length: n }, () => ({
    t: random.next(DURATION_US),
    x: random.next(width),
    y: random.next(height),
    p: random.next(2),
  }))
}

/** Shares of the street and of the noise that a filter leaves. */
function left(spec: FilterSpec, signal: readonly PlainEvent[], noise: readonly PlainEvent[]) {
  const isNoise = new Set(noise)
  const all = [...signal, ...noise].sort((a, b) => a.t - b.t)
  const key = ({ t, x, y, p }: PlainEvent) => `${t} ${x} ${y} ${p}`
  const noisy = new Set(all.filter((event) => isNoise.has(event)).map(key))
  const packet = packetOf(all, SENSOR)
  const ledger = new Ledger()
  new FilterChain([spec], SENSOR, ledger).run(packet)
  ledger.check()
  const kept = eventsOf(packet).filter((event) => noisy.has(key(event))).length
  return { signal: (packet.length - kept) / signal.length, noise: kept / noise.length }
}

test('noise filters take lone events and leave those of edges', (t) => {
  const [signal, lone] = [street(), noise()]
  const shares = (text: string) => {
    const { signal: edge, noise } = left(parseFilter(text), signal, lone)
    t.log(`${text}: leaves ${edge.toFixed(3)} of the edges, ${noise.toFixed(3)} of the noise`)
    return { edge, noise }
  }
  const activity = shares('background-activity')
  t.true(activity.edge > 0.75 && activity.noise < 0.35)
  const strict = shares('background-activity:10ms:2')
  t.true(strict.noise < activity.noise / 2 && strict.edge > 0.4)
  const contrast = shares('stc:10ms:keep-trail')
  t.true(contrast.noise < 0.1)
  const cut = shares('stc:10ms')
  t.true(cut.edge < contrast.edge && cut.noise <= contrast.noise)
  const trail = shares('trail:10ms')
  t.true(trail.edge < 1 && trail.noise > 0.85, 'a trail filter is none against noise')
})

/** The stamps that are left of one pixel's events, ON where positive. */
function stampsLeft(text: string, stamps: readonly number[]): number[] {
  const chain = new FilterChain([parseFilter(text)], SENSOR)
  // A packet each, since a stamp may run back.
  return stamps.flatMap((t) => {
    const packet = packetOf([{ t: Math.abs(t), x: 5, y: 5, p: t > 0 ? 1 : 0 }], SENSOR)
    chain.run(packet)
    return eventsOf(packet).map(({ t, p }) => (p === 1 ? t : -t))
  })
}

test('of a burst of one polarity a trail filter keeps the first event, stc the second or all behind the first', (t) => {
  // ON burst, OFF burst, a lone ON, an ON burst after a pause.
  const stamps = [1000, 1400, 1900, -2500, -2600, -2700, 9000, 20_000, 20_100, 20_200]
  t.deepEqual(stampsLeft('trail:1ms', stamps), [1000, -2500, 9000, 20_000])
  t.deepEqual(stampsLeft('stc:1ms', stamps), [1400, -2600, 20_100])
  t.deepEqual(stampsLeft('stc:1ms:keep-trail', stamps), [1400, 1900, -2600, -2700, 20_100, 20_200])
  // The threshold itself: a trail of exactly 1 ms has ended, a burst of exactly 1 ms has not.
  t.deepEqual(stampsLeft('trail:1ms', [1000, 2000, 2999]), [1000, 2000])
  t.deepEqual(stampsLeft('stc:1ms', [1000, 2000]), [2000])
  t.deepEqual(stampsLeft('stc:1ms', [1000, 2001]), [])
  // A clock that begins anew is a pause, not a trail.
  t.deepEqual(stampsLeft('trail:1ms', [50_000, 100, 200]), [50_000, 100])
  t.deepEqual(stampsLeft('polarity:on', [1, -2, 3]), [1, 3])
  t.deepEqual(stampsLeft('polarity:off', [1, -2, 3]), [-2])
})

test('a pixel is not its own support, and neither is one two pixels away or too long ago', (t) => {
  const at = (t: number, x: number, y = 5): PlainEvent => ({ t, x, y, p: 1 })
  const keep = (text: string, events: PlainEvent[]) => {
    const packet = packetOf(events, SENSOR)
    new FilterChain([parseFilter(text)], SENSOR).run(packet)
    return eventsOf(packet).map(({ t }) => t)
  }
  // A hot pixel; a neighbour at the diagonal; at exactly 1 ms; two pixels away; later.
  const events = [
    at(10, 5),
    at(20, 5),
    at(30, 6, 6),
    at(1030, 7, 7),
    at(1100, 9, 7),
    at(2031, 6, 6),
  ]
  t.deepEqual(keep('background-activity:1ms', events), [30, 1030])
  // At the rim and in a corner.
  t.deepEqual(keep('background-activity:1ms', [at(1, 0, 0), at(2, 1, 0), at(3, 151, 0)]), [2])
  // Support of two: the third of three around.
  const three = [at(1, 4), at(2, 6), at(3, 5)]
  t.deepEqual(keep('background-activity:1ms:2', three), [3])
})
