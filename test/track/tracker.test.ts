import test from 'ava'
import { from, lastValueFrom, toArray } from 'rxjs'
import { type Detection, type DetectionSet, track } from '../../pipeline/index.js'
import { Motion } from '../../pipeline/track/motion.js'
import { Tracker } from '../../pipeline/track/tracker.js'

const STEP = 50_000

/** A car at x, with a score. */
function car(x: number, score = 0.9, index = 0): Detection {
  const label = ['car', 'pedestrian'][index]!
  return { class: index, label, score, box: { x, y: 50, w: 40, h: 30 } }
}

/** The window that ends at `tEnd`. */
function seen(tEnd: number, detections: Detection[], events = 1000): DetectionSet {
  const dropped = { events: 0, windows: 0 }
  return { seq: tEnd / STEP, tStart: tEnd - STEP, tEnd, events, detections, dropped }
}

const ids = ({ detections }: DetectionSet) => detections.map(({ track: id }) => id)

test('an object has a number from its second window on, and keeps it while it moves', (t) => {
  const tracker = new Tracker({ high: 0.4 })
  const sets = Array.from({ length: 20 }, (_, i) =>
    // 12 px a window: without its velocity a gap of three windows would be 48 of its 40 px.
    tracker.update(seen((i + 1) * STEP, i > 8 && i < 12 ? [] : [car(12 * i)])),
  )
  t.deepEqual(ids(sets[0]!), [undefined])
  t.deepEqual(sets[1]!.tracks, {
    started: [{ track: 1, class: 0, label: 'car', tStart: STEP }],
    ended: [],
  })
  t.deepEqual(new Set(sets.slice(1).flatMap(ids)), new Set([1]))
  const [open] = tracker.open
  t.like(open, { track: 1, tStart: STEP, tEnd: 20 * STEP, windows: 17, score: 0.9 })
  t.deepEqual(open!.path[0], { t: STEP, x: 20, y: 65 })
  t.deepEqual(open!.path.at(-1), { t: 20 * STEP, x: 12 * 19 + 20, y: 65 })
})

test('windows without events are a halt: nothing moves, grows old or ends, for however long', (t) => {
  const tracker = new Tracker({ high: 0.4, keepUs: 200_000 })
  for (let i = 1; i <= 5; i++) tracker.update(seen(i * STEP, [car(6 * i)]))
  for (let i = 6; i <= 400; i++)
    t.deepEqual(tracker.update(seen(i * STEP, [], 0)), seen(i * STEP, [], 0))
  t.deepEqual(ids(tracker.update(seen(401 * STEP, [car(36)]))), [1])
})

test('a track that is not seen ends after its time, with its path, and its number is not used again', (t) => {
  const tracker = new Tracker({ high: 0.4, keepUs: 200_000 })
  for (let i = 1; i <= 300; i++) tracker.update(seen(i * STEP, [car(i / 10)]))
  const after = [301, 302, 303, 304, 305].map((i) => tracker.update(seen(i * STEP, [])))
  t.deepEqual(
    after.map(({ tracks }) => tracks?.ended.length ?? 0),
    [0, 0, 0, 0, 1],
  )
  const [end] = after[4]!.tracks!.ended
  t.like(end, { track: 1, tStart: STEP, tEnd: 300 * STEP, windows: 300 })
  t.true(end!.path.length > 32 && end!.path.length <= 65)
  t.deepEqual(end!.path.at(-1), { t: 300 * STEP, x: 50, y: 65 })
  const again = [306, 307].map((i) => tracker.update(seen(i * STEP, [car(30)])))
  t.deepEqual(again.map(ids), [[undefined], [2]])
  // Lost windows are time, too: a gap that is longer than the track is kept ends it.
  t.deepEqual(ids(tracker.update(seen(330 * STEP, [car(30)]))), [undefined])
  t.is(tracker.started, 2)
})

test('weak detections continue a track and are shown then, but never begin one', (t) => {
  const tracker = new Tracker({ high: 0.4, low: 0.1 })
  const scores = [0.9, 0.9, 0.2, 0.12, 0.05, 0.9]
  const sets = scores.map((score, i) => tracker.update(seen((i + 1) * STEP, [car(5 * i, score)])))
  t.deepEqual(sets.map(ids), [[undefined], [1], [1], [1], [], [1]])
  for (let i = 7; i < 12; i++)
    t.deepEqual(tracker.update(seen(i * STEP, [car(200, 0.3)])).detections, [])
  // Above the threshold, but too weak to begin a track: shown without a number.
  for (let i = 12; i < 16; i++)
    t.deepEqual(ids(tracker.update(seen(i * STEP, [car(200, 0.45)]))), [undefined])
})

test('objects that meet keep their numbers by where they were going, and classes are told apart', (t) => {
  const tracker = new Tracker({ high: 0.4 })
  const last = Array.from({ length: 30 }, (_, i) => {
    const [east, west] = [car(8 * i), car(232 - 8 * i, 0.8)]
    // Where they cover each other only one is detected.
    const met = Math.abs(east.box.x - west.box.x) < 10 ? [east] : [east, west]
    return tracker.update(seen((i + 1) * STEP, [...met, car(100, 0.7, 1)]))
  }).at(-1)!
  const numbered = Object.fromEntries(
    last.detections.map(({ track: id, label, box }) => [id, [label, box.x]]),
  )
  t.deepEqual(numbered, { 1: ['car', 232], 2: ['car', 0], 3: ['pedestrian', 100] })
})

test('a prediction over a long step is the same as over its parts', (t) => {
  const make = () => {
    const motion = new Motion({ x: 0, y: 10, w: 40, h: 30 })
    for (let i = 1; i < 6; i++) {
      motion.advance(0.05)
      motion.correct({ x: 7 * i, y: 10 - i, w: 40 + i, h: 30 })
    }
    return motion
  }
  const [once, often] = [make(), make()]
  once.advance(0.4)
  for (const part of [0.1, 0.05, 0.25]) often.advance(part)
  for (const motion of [once, often]) motion.correct({ x: 90, y: 0, w: 44, h: 31 })
  const near = (a: number, b: number) => t.true(Math.abs(a - b) < 1e-9, `${a}, not ${b}`)
  for (const key of ['x', 'y', 'w', 'h'] as const) near(often.box[key], once.box[key])
  near(often.velocity.x, once.velocity.x)
  t.true(once.velocity.x > 100 && once.velocity.x < 150)
})

test('time that goes back ends all tracks, and each subscription of the operator begins anew', async (t) => {
  const sets = [1, 2, 3, 1, 2].map((i) => seen(i * STEP, [car(5)]))
  const stream = from(sets).pipe(track({ high: 0.4 }))
  for (let round = 0; round < 2; round++) {
    const found = await lastValueFrom(stream.pipe(toArray()))
    t.deepEqual(found.map(ids), [[undefined], [1], [1], [undefined], [2]])
    t.is(found[3]!.tracks!.ended[0]!.track, 1)
  }
  const wrong = [
    { high: 2 },
    { high: 0.4, low: 0.5 },
    { high: 0.4, birth: 0.3 },
    { high: 0.4, confirm: 0 },
    { high: 0.4, keepUs: -1 },
    { high: 0.4, overlap: Number.NaN },
  ]
  for (const options of wrong) t.throws(() => track(options), { code: 'ERR_ARGUMENT' })
})
