import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  countTracks,
  evaluateTracks,
  type Label,
  type TrackedBox,
  type TrackFrame,
  type TrackRules,
  trackFigures,
  writeLabels,
} from '../../pipeline/index.js'
import { Random } from '../../pipeline/simulate/random.js'
import { scratch } from '../support/folder.js'
import { askOracle, oraclePython } from '../support/oracle.js'

/** Objects on straight courses that come and go, and a tracker that misses, invents, swaps and renames. */
function madeCase(seed: number): TrackFrame[] {
  const random = new Random(seed, 0)
  const between = (low: number, high: number) => random.range(low, high)
  const objects = Array.from({ length: 1 + (seed % 9) }, (_, i) => ({
    id: 100 - 7 * i,
    track: 10 + i,
    from: Math.floor(between(0, 10)),
    to: Math.floor(between(12, 30)),
    x: between(0, 120),
    y: between(0, 60),
    w: between(20, 50),
    h: between(15, 40),
    vx: between(-4, 4),
  }))
  let fresh = 50
  return Array.from({ length: 30 }, (_, t): TrackFrame => {
    const labels: TrackedBox[] = []
    const tracked: TrackedBox[] = []
    if (random.unit() < 0.15) {
      const [a, b] = [objects[0]!, objects.at(-1)!]
      ;[a.track, b.track] = [b.track, a.track]
    }
    for (const object of objects) {
      const { id, from, to, x, y, w, h, vx } = object
      if (t < from || t > to) continue
      const box = { x: x + vx * t, y, w, h }
      if (random.unit() < 0.9) labels.push({ id, ...box })
      if (random.unit() < 0.1) object.track = fresh++
      const off = () => between(-0.25, 0.25)
      if (random.unit() < 0.8)
        tracked.push({ ...box, id: object.track, x: box.x + off() * w, y: y + off() * h })
    }
    if (random.unit() < 0.3)
      tracked.push({ id: fresh++, x: between(0, 150), y: between(0, 60), w: 30, h: 25 })
    const empty = random.unit()
    return { labels: empty < 0.05 ? [] : labels, tracked: empty > 0.95 ? [] : tracked }
  })
}

const at = (id: number, x: number): TrackedBox => ({ id, x, y: 0, w: 10, h: 10 })

/** Cases in which the two rules, or careless ones, differ. */
const HAND_MADE: TrackFrame[][] = [
  // A partner that comes back after a gap, while another lies better: trackeval switches, motmetrics does not.
  [
    { labels: [at(1, 0)], tracked: [at(7, 0)] },
    { labels: [at(1, 0)], tracked: [at(8, 50)] },
    { labels: [at(1, 0)], tracked: [at(7, 2.5), at(8, 0.5)] },
  ],
  // One good pair, or two that just pass: the sums decide for trackeval, the number for motmetrics.
  [{ labels: [at(1, 0), at(2, 3)], tracked: [at(7, 3), at(8, 6.25)] }],
  // Two objects swap tracks and swap back.
  [
    { labels: [at(1, 0), at(2, 30)], tracked: [at(7, 0), at(8, 30)] },
    { labels: [at(1, 0), at(2, 30)], tracked: [at(8, 0), at(7, 30)] },
    { labels: [at(1, 0), at(2, 30)], tracked: [at(7, 0), at(8, 30)] },
  ],
  // A frame without anything tracked between: continuity survives it.
  [
    { labels: [at(1, 0)], tracked: [at(7, 0)] },
    { labels: [at(1, 0)], tracked: [] },
    { labels: [], tracked: [at(7, 0)] },
    { labels: [at(1, 0)], tracked: [at(7, 3), at(9, 0)] },
  ],
  // An overlap of exactly one half counts.
  [{ labels: [at(1, 0)], tracked: [{ id: 7, x: 0, y: 0, w: 5, h: 10 }] }],
  // Nothing tracked, and nothing there but one label.
  [{ labels: [at(1, 0)], tracked: [] }],
]

type Figures = Record<string, number | null>

test('MOTA, IDF1, switches and their parts are those of TrackEval and motmetrics', (t) => {
  const python = oraclePython(t, 'trackeval', 'motmetrics')
  if (python === undefined) return
  const cases = [...HAND_MADE, ...Array.from({ length: 24 }, (_, seed) => madeCase(seed))]
  const rows = (boxes: readonly TrackedBox[]) => boxes.map(({ id, x, y, w, h }) => [id, x, y, w, h])
  const question = cases.map((frames) =>
    frames.map(({ labels, tracked }) => ({ labels: rows(labels), tracked: rows(tracked) })),
  )
  const answers = askOracle<Record<TrackRules, Figures>[]>(
    t,
    python,
    'test/evaluate/tracks_oracle.py',
    question,
  )
  let switches = 0
  let differ = 0
  cases.forEach((frames, i) => {
    for (const rules of ['trackeval', 'motmetrics'] as const) {
      const counts = countTracks(frames, rules)
      const figures: Record<string, number | null> = { ...counts, ...trackFigures(counts) }
      for (const [name, expected] of Object.entries(answers[i]![rules])) {
        const near = Math.abs((figures[name] ?? -9) - (expected ?? -9)) < 1e-9
        t.true(near, `case ${i}, ${rules}, ${name}: ${figures[name]}, not ${expected}`)
      }
      if (rules === 'trackeval') switches += counts.switches
    }
    if (answers[i]!.trackeval.mota !== answers[i]!.motmetrics.mota) differ += 1
  })
  t.true(switches > 30 && differ > 3, `${switches} switches, ${differ} cases in which they differ`)
})

test('labels that are not sure count neither way, nor does what follows them; times without a window are said', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  const label = (time: number, trackId: number, x: number, confidence = 1): Label => ({
    ...{ t: time * 50_000, x, y: 0, w: 20, h: 20 },
    ...{ classId: 0, confidence, trackId },
  })
  const labels = [1, 2, 3].flatMap((time) => [label(time, 1, 0), label(time, 2, 100, 0.2)])
  await writeLabels(join(folder, 'a_bbox.npy'), labels)
  const found = [1, 2, 3].flatMap((time) => [label(time, 5, 1), label(time, 6, 101)])
  await writeLabels(join(folder, 'a_dt.npy'), [...found, label(2, 0, 60)])
  const options = { labels: folder, detections: folder }
  const all = await evaluateTracks(options)
  t.like(all, { mota: 1, idf1: 1, labels: 6, boxes: 6, switches: 0, objects: 2, followed: 2 })
  const sure = await evaluateTracks({ ...options, sure: 0.5 })
  t.like(sure, { mota: 1, idf1: 1, labels: 3, boxes: 3, neither: { labels: 3, boxes: 3 } })
  t.regex(sure.protocol, /^tracks as trackeval counts them: IoU >= 0.5, .+ below 0.5 count neither/)
  t.is(sure.classes[0]!.name, 'car')

  await writeLabels(join(folder, 'a_bbox.npy'), [label(1, 3, 0), label(1, 3, 50)])
  await t.throwsAsync(evaluateTracks(options), {
    code: 'ERR_FORMAT',
    message: /two labels of track 3 at 50000 µs/,
  })
  await writeLabels(join(folder, 'a_bbox.npy'), [label(1, 0, 0)])
  await t.throwsAsync(evaluateTracks(options), { message: /labels without a track id/ })
})
