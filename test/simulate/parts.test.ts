import test from 'ava'
import { LogCanvas } from '../../pipeline/simulate/canvas.js'
import { Lens } from '../../pipeline/simulate/lens.js'
import { cosine, exp, sine } from '../../pipeline/simulate/math.js'
import { Random } from '../../pipeline/simulate/random.js'
import { EventSensor, type SensorSpec } from '../../pipeline/simulate/sensor.js'

test('a polygon covers each pixel by its exact area', (t) => {
  const canvas = new LogCanvas(8, 6)
  const fill = (corners: [number, number][], level: number, owner = 0) =>
    canvas.fill(
      Float64Array.from(corners, (c) => c[0]),
      Float64Array.from(corners, (c) => c[1]),
      corners.length,
      level,
      owner,
    )
  canvas.tracking = true
  fill(
    [
      [1.25, 1],
      [4.5, 1],
      [4.5, 2.75],
      [1.25, 2.75],
    ],
    1,
    7,
  )
  const row = (y: number) => [...canvas.level.subarray(y * 8, y * 8 + 8)]
  t.deepEqual(row(0), [0, 0, 0, 0, 0, 0, 0, 0])
  t.deepEqual(row(1), [0, 0.75, 1, 1, 0.5, 0, 0, 0])
  t.deepEqual(row(2), [0, 0.5625, 0.75, 0.75, 0.375, 0, 0, 0])
  t.deepEqual([...canvas.owner.subarray(16, 24)], [0, 7, 7, 7, 0, 0, 0, 0])
  // A triangle's coverage adds up to its area, whichever way round it is drawn.
  for (const corners of [
    [
      [0.3, 0.2],
      [7.1, 1.9],
      [2.6, 5.7],
    ],
    [
      [0.3, 0.2],
      [2.6, 5.7],
      [7.1, 1.9],
    ],
  ]) {
    canvas.level.fill(0)
    fill(corners as [number, number][], 1)
    const area = canvas.level.reduce((sum, level) => sum + level, 0)
    t.true(Math.abs(area - 0.5 * (6.8 * 5.5 - 2.3 * 1.7)) < 1e-2, `${area}`)
  }
})

test('small and narrow shapes cover their area wherever they lie', (t) => {
  const canvas = new LogCanvas(60, 40)
  const shapes: [number[], number[], number][] = [
    [[3.3, 4.7, 4.7, 3.3], [2.2, 2.2, 3.9, 3.9], 1.4 * 1.7],
    [[3.3, 4.7, 4], [2.2, 2.2, 3.9], (1.4 * 1.7) / 2],
    // Walls in perspective: two upright sides, in either order and direction of their corners.
    [[5.4, 5.4, 30.8, 30.8], [35.1, 3.2, 9.6, 20.3], (25.4 * (31.9 + 10.7)) / 2],
    [[30.8, 5.4, 5.4, 30.8], [20.3, 35.1, 3.2, 9.6], (25.4 * (31.9 + 10.7)) / 2],
    [[30.8, 30.8, 5.4, 5.4], [9.6, 20.3, 35.1, 3.2], (25.4 * (31.9 + 10.7)) / 2],
    [[7.2, 7.2, 7.9, 7.9], [1.5, 38.25, 38.25, 1.5], 0.7 * 36.75],
  ]
  for (const [xs, ys, area] of shapes) {
    canvas.level.fill(0)
    canvas.fill(Float64Array.from(xs), Float64Array.from(ys), xs.length, 1, 0)
    const sum = canvas.level.reduce((a, b) => a + b, 0)
    t.true(Math.abs(sum - area) < 0.02 * area, `${sum} for ${area} at ${xs}`)
  }
})

test('what leaves the picture is cut at the rim and leaves nothing behind', (t) => {
  const canvas = new LogCanvas(8, 6)
  const fill = (xs: number[], ys: number[], level: number) =>
    canvas.fill(Float64Array.from(xs), Float64Array.from(ys), xs.length, level, 0)
  fill([-100, 200, 200, -100], [-50, -50, 90, 90], 2)
  t.true(canvas.level.every((level) => level === 2))
  fill([-9, -1, -1, -9], [1, 1, 4, 4], 5)
  fill([9, 20, 20, 9], [1, 1, 4, 4], 5)
  t.true(canvas.level.every((level) => level === 2))
  fill([5, 30, 30, 5], [2, 2, 3, 3], 4)
  t.deepEqual([...canvas.level.subarray(16, 24)], [2, 2, 2, 2, 2, 4, 4, 4])
})

test('sine, cosine and exp agree with the mathematics to their stated error', (t) => {
  for (let turns = -3; turns < 3; turns += 0.0137) {
    t.true(Math.abs(sine(turns) - Math.sin(2 * Math.PI * turns)) < 4e-6)
    t.true(Math.abs(cosine(turns) - Math.cos(2 * Math.PI * turns)) < 4e-6)
  }
  for (let x = -50; x <= 0; x += 0.37) t.true(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-3)
})

test('random numbers are uniform, normal and Poisson enough, and streams differ', (t) => {
  const random = new Random(1)
  const mean = (n: number, draw: () => number) => {
    let sum = 0
    let squares = 0
    for (let i = 0; i < n; i++) {
      const v = draw()
      sum += v
      squares += v * v
    }
    return [sum / n, squares / n - (sum / n) ** 2] as const
  }
  const [uniform, spread] = mean(20_000, () => random.unit())
  t.true(Math.abs(uniform - 0.5) < 0.01 && Math.abs(spread - 1 / 12) < 0.002)
  const [zero, one] = mean(20_000, () => random.normal())
  t.true(Math.abs(zero) < 0.03 && Math.abs(one - 1) < 0.05)
  for (const rate of [0.3, 4, 130]) {
    const [average, variance] = mean(5000, () => random.poisson(rate))
    t.true(Math.abs(average / rate - 1) < 0.06, `${average}`)
    t.true(Math.abs(variance / rate - 1) < 0.12, `${variance}`)
  }
  t.not(new Random(1, 1).bits(), new Random(1, 2).bits())
})

const quiet = {
  blur: 0,
  threshold: 0.25,
  offRatio: 1,
  mismatch: 0,
  lagUs: 0,
  refractoryUs: 0,
  noiseRate: 0,
  noiseOn: 0.5,
  hotPixels: 0,
  hotRate: 0,
  burstShare: 0,
  burstFrom: 0,
  burstMedian: 1,
  mostRate: 0,
}

test('a pixel fires once per threshold, at the time at which the light crosses it', (t) => {
  const sensor = new EventSensor(1, quiet, new Random(1), Float32Array.of(0))
  // One ramp of exactly four thresholds in 10 ms: four events 2.5 ms apart, wherever the first lies.
  const { length, t0, t: stamps, p } = sensor.step(Float32Array.of(1), 5000, 10_000)
  t.is(length, 4)
  t.deepEqual([...p.subarray(0, 4)], [1, 1, 1, 1])
  for (let i = 1; i < 4; i++) t.true(Math.abs(stamps[i]! - stamps[i - 1]! - 2500) <= 1)
  t.is(t0, 5000)
  t.true(stamps[0]! >= 0 && stamps[3]! < 10_000)
  const back = sensor.step(Float32Array.of(0), 15_000, 10_000)
  t.is(back.length, 3, 'going down starts a whole threshold below the last event')
  t.deepEqual([...back.p.subarray(0, 3)], [0, 0, 0])
  t.is(sensor.step(Float32Array.of(0), 25_000, 10_000).length, 0)
})

test('a refractory pixel loses events, a lagging one sends them later', (t) => {
  const blind = new EventSensor(
    1,
    { ...quiet, refractoryUs: 3000 },
    new Random(1),
    Float32Array.of(0),
  )
  t.is(blind.step(Float32Array.of(1), 0, 10_000).length, 2)
  const slow = new EventSensor(1, { ...quiet, lagUs: 10_000 }, new Random(1), Float32Array.of(0))
  const first = slow.step(Float32Array.of(1), 0, 10_000).length
  let all = first
  for (let at = 10_000; at < 200_000; at += 10_000)
    all += slow.step(Float32Array.of(1), at, 10_000).length
  t.true(first === 2 && all >= 3 && all <= 4, `${first} ${all}`)
})

test('a blurred lens spreads a point over its neighbours and keeps the light', (t) => {
  const lens = new Lens(5, 25, 0.1)
  const picture = new Float32Array(25)
  picture[12] = 1
  const seen = lens.look(picture)
  t.deepEqual(
    [7, 11, 12, 13, 17].map((i) => Math.round(seen[i]! * 1e6) / 1e6),
    [0.1, 0.1, 0.6, 0.1, 0.1],
  )
  t.true(Math.abs(seen.reduce((a, b) => a + b, 0) - 1) < 1e-6)
  t.is(new Lens(5, 25, 0).look(picture), picture)
})

test('higher OFF thresholds make more ON events, and a read-out limit loses some of all', (t) => {
  const count = (spec: Partial<SensorSpec>) => {
    const picture = new Float32Array(400)
    const sensor = new EventSensor(20, { ...quiet, ...spec }, new Random(1), picture)
    let [on, off] = [0, 0]
    for (let n = 0; n < 40; n++) {
      const { length, p } = sensor.step(picture.fill(n % 2), n * 10_000, 10_000)
      for (let i = 0; i < length; i++) {
        if (p[i] === 1) on += 1
        else off += 1
      }
    }
    return { on, off }
  }
  const even = count({})
  t.true(Math.abs(even.on / even.off - 1) < 0.1)
  const uneven = count({ offRatio: 1.3 })
  t.true(uneven.on / uneven.off > 1.15, `${uneven.on} ${uneven.off}`)
  const limited = count({ mostRate: 50_000 })
  const kept = (limited.on + limited.off) / 0.4
  t.true(kept > 40_000 && kept < 60_000, `${kept} a second`)
})
