import { createHash } from 'node:crypto'
import test from 'ava'
import { LogCanvas } from '../../pipeline/simulate/canvas.js'
import { makePlace } from '../../pipeline/simulate/places.js'
import { CLASS_CAR, CLASS_PERSON } from '../../pipeline/simulate/scene.js'
import { LABEL_EVERY_US, type SimulateSpec, simulate } from '../../pipeline/simulate/simulate.js'

/** All events of a simulation and its labels. */
function run(spec: SimulateSpec) {
  const simulation = simulate(spec)
  const [t, x, y, p]: number[][] = [[], [], [], []]
  for (const packet of simulation.packets()) {
    for (let i = 0; i < packet.length; i++) {
      t!.push(packet.t0 + packet.t[i]!)
      x!.push(packet.x[i]!)
      y!.push(packet.y[i]!)
      p!.push(packet.p[i]!)
    }
  }
  return { t: t!, x: x!, y: y!, p: p!, labels: simulation.labels, geometry: simulation.geometry }
}

function digest({ t, x, y, p, labels }: ReturnType<typeof run>): string {
  return createHash('sha256')
    .update(Uint32Array.from(t))
    .update(Uint16Array.from(x))
    .update(Uint16Array.from(y))
    .update(Uint8Array.from(p))
    .update(JSON.stringify(labels))
    .digest('hex')
}

const street = run({ seed: 3, durationUs: 500_000 })
const crossing = run({ seed: 3, durationUs: 1_000_000, scene: 'crossing' })

// Where a digest changes, SIMULATOR goes up.
test('the same seed gives the same bytes on every machine', (t) => {
  t.is(digest(street), 'cf4edcc1ff0adb00926f5e9a109825cd6016d092a92f8bb9911bfb664831e9be')
  t.is(digest(crossing), 'f18a42f481893d25053a067130dfb04177de37e625cae0c99a6729c89af9fbe0')
  t.is(
    digest(run({ seed: 3, durationUs: 150_000, scene: 'mixed' })),
    '44e018f14efdbc3d3633b84f6eb91c17218f50fe2ae82ebad30dcfd632445f6d',
  )
  t.is(
    digest(run({ seed: 3, durationUs: 150_000, scene: 'hard' })),
    '082296d56452955dd8d45822ac0523f4792eb5af8169e9b15227c09c587fdf1c',
  )
  t.is(
    digest(run({ seed: 106, durationUs: 100_000, scene: 'hard' })),
    '6be12d971555e4d24f4b0ed3da2497cd9dbc90b068a4955c279383549889cb5c',
  )
})

test('another seed gives another street; a longer drive begins like a shorter one', (t) => {
  const short = run({ seed: 3, durationUs: 100_000 })
  t.not(digest(run({ seed: 4, durationUs: 100_000 })), digest(short))
  const n = short.t.length
  t.deepEqual(street.t.slice(0, n), short.t)
  t.deepEqual(street.labels.slice(0, short.labels.length), short.labels)
})

test('stamps never fall, and every event lies on the sensor and inside the time', (t) => {
  for (const { t: stamps, x, y, p, geometry } of [street, crossing]) {
    t.true(stamps.length > 10_000)
    for (let i = 0; i < stamps.length; i++) {
      if (i > 0 && stamps[i]! < stamps[i - 1]!) t.fail(`stamp ${i} falls`)
      if (x[i]! >= geometry.width || y[i]! >= geometry.height || p[i]! > 1) t.fail(`event ${i}`)
    }
    t.true(stamps.at(-1)! < 1_000_000)
  }
})

test('labels come every 50 ms, lie inside the picture and hold what moves', (t) => {
  for (const { labels, geometry } of [street, crossing]) {
    t.true(labels.length > 10)
    for (const { t: at, x, y, w, h, classId, trackId, confidence } of labels) {
      t.is(at % LABEL_EVERY_US, 0)
      t.true(x >= 0 && y >= 0 && x + w <= geometry.width && y + h <= geometry.height)
      t.true(w >= 8 && h >= 8)
      t.true(classId === CLASS_CAR || classId === CLASS_PERSON)
      t.true(trackId >= 1 && confidence >= 0 && confidence <= 1)
    }
  }
})

test('a label is the box in which the picture changes when its car is taken away', (t) => {
  const paint = (cars: number) => {
    const canvas = new LogCanvas(304, 240)
    const cast = { cars, people: 0 }
    makePlace('crossing', cast, canvas, 3).paint(0.25)
    return canvas.level
  }
  const [without, one] = [paint(0), paint(1)]
  const label = run({
    seed: 3,
    durationUs: 1_000_000,
    scene: 'crossing',
    cars: 1,
    people: 0,
  }).labels.find((l) => l.t === 250_000)!
  let left = 304
  let right = 0
  let top = 240
  for (let i = 0; i < one.length; i++) {
    // Lighter or darker than the ground by more than a shadow's rim; the shadow itself is no part of the car.
    if (Math.abs(one[i]! - without[i]!) < 0.2) continue
    left = Math.min(left, i % 304)
    right = Math.max(right, i % 304)
    top = Math.min(top, Math.floor(i / 304))
  }
  t.true(Math.abs(label.x - left) <= 8, `${label.x} ${left}`)
  t.true(Math.abs(label.x + label.w - 1 - right) <= 8, `${label.x + label.w} ${right}`)
  t.true(Math.abs(label.y - top) <= 1, `${label.y} ${top}`)
  t.true(label.w > 40 && label.h > 25)
})

/** Events in the windows of 50 ms. */
function windows({ t }: ReturnType<typeof run>, durationUs: number): number[] {
  const counts = new Array<number>(durationUs / 50_000).fill(0)
  for (const stamp of t) counts[Math.floor(stamp / 50_000)]! += 1
  return counts
}

/** Events per pixel and per active pixel in the boxes of near cars, over the 50 ms before their labels. */
function inCars({ t, x, y, p, labels }: ReturnType<typeof run>) {
  const density: number[] = []
  const perActive: number[] = []
  for (const label of labels.filter((l) => l.classId === CLASS_CAR && l.w >= 30)) {
    const active = new Set<number>()
    let events = 0
    for (let i = 0; i < t.length; i++) {
      if (t[i]! < label.t - 50_000 || t[i]! >= label.t) continue
      if (x[i]! < label.x || x[i]! >= label.x + label.w) continue
      if (y[i]! < label.y || y[i]! >= label.y + label.h) continue
      events += 1
      active.add(y[i]! * 304 + x[i]!)
    }
    density.push(events / (label.w * label.h))
    if (active.size > 0) perActive.push(events / active.size)
  }
  const on = p.reduce((sum, polarity) => sum + polarity, 0) / p.length
  return { density: median(density), perActive: median(perActive), on }
}

function median(list: number[]): number {
  return list.sort((a, b) => a - b)[list.length >> 1]!
}

// The ranges are those of real recordings: a Gen1 street (0.3 to 0.55 events per pixel on a car that hardly moves against
// the camera, more on nearer ones; 1.5 to 1.8 per active pixel) and a car that passes a camera at rest (0.83 to 1.07; 1.8
// to 2.5).
test('a street from a moving car has the event statistics of real ones', (t) => {
  const counts = windows(street, 500_000)
  t.true(
    counts.every((n) => n > 8000 && n < 80_000),
    counts.join(),
  )
  const { density, perActive, on } = inCars(street)
  t.true(density > 0.3 && density < 1.2, `${density} events per pixel`)
  t.true(perActive > 1.4 && perActive < 2.4, `${perActive} per active pixel`)
  t.true(on > 0.42 && on < 0.58, `${on} ON`)
})

test('a road beside a camera at rest is quiet but for what moves', (t) => {
  const counts = windows(crossing, 1_000_000)
  t.true(
    counts.every((n) => n > 300 && n < 9000),
    counts.join(),
  )
  const { density, perActive } = inCars(crossing)
  t.true(density > 0.4 && density < 1.5, `${density} events per pixel`)
  t.true(perActive > 1.4 && perActive < 2.8, `${perActive} per active pixel`)
})

test('noise alone comes at its rate, and hot pixels stand out', (t) => {
  const sensor = { noiseRate: 1, noiseOn: 1, hotPixels: 3, hotRate: 2000 }
  const dark = run({
    seed: 9,
    durationUs: 1_000_000,
    scene: 'crossing',
    cars: 0,
    people: 0,
    sensor,
  })
  t.true(dark.p.filter((p) => p === 1).length > 70_000)
  const counts = new Uint32Array(304 * 240)
  for (let i = 0; i < dark.t.length; i++) counts[dark.y[i]! * 304 + dark.x[i]!]! += 1
  const hot = [...counts].filter((n) => n > 20)
  t.true(hot.length >= 1 && hot.length <= 3, `${hot}`)
  const background = dark.t.length - hot.reduce((a, b) => a + b, 0)
  t.true(Math.abs(background - 72_960) < 1000, `${background}`)
})

test('a spec out of range is refused with its name and its limits', (t) => {
  const code = { code: 'ERR_ARGUMENT' }
  t.throws(() => simulate({ seed: -1 }), {
    ...code,
    message: 'seed is -1, outside 0 to 4294967295',
  })
  t.throws(() => simulate({ seed: 1.5 }), { ...code, message: 'seed is 1.5, not a whole number' })
  t.throws(() => simulate({ seed: 1, width: 1e9 }), code)
  t.throws(() => simulate({ seed: 1, durationUs: Number.NaN }), code)
  t.throws(() => simulate({ seed: 1, sensor: { threshold: 0 } }), code)
  // @ts-expect-error not a scene
  t.throws(() => simulate({ seed: 1, scene: 'motorway' }), { ...code, message: /motorway/ })
})
