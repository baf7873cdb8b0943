import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { cocoPrecision, matchCoco } from '../../pipeline/evaluate/coco.js'
import { type Label, matchRecording, rulesOf, summarise } from '../../pipeline/index.js'
import { packageRoot, skipWithout } from '../support/shared.js'

/** A Python with pycocotools: the one that .ci/run makes, or SACCADE_ORACLE_PYTHON. */
const python = [
  process.env.SACCADE_ORACLE_PYTHON ?? '',
  join(packageRoot, '.state/ci/oracle/bin/python'),
].find((path) => existsSync(path))

interface Case {
  recordings: { labels: Label[]; detections: Label[] }[]
  oneSetPerTime: boolean
  shipped: boolean
  sure?: number
}

/** Corners and sizes on a coarse grid, so that boxes coincide, touch, tie and reach past the frame; some stand at a bound. */
const boxArbitrary = fc.record({
  t: fc.constantFrom(90_000, 500_000, 550_000, 600_000, 600_001, 700_000, 749_999, 2_000_000),
  x: fc.integer({ min: -8, max: 36 }).map((n) => n * 8),
  y: fc.integer({ min: -4, max: 28 }).map((n) => n * 8),
  w: fc.oneof(fc.constantFrom(0, 10, 18, 20, 24, 32, 96, 400), fc.integer({ min: 1, max: 120 })),
  h: fc.oneof(fc.constantFrom(10, 19.99, 24, 32, 96, 300), fc.integer({ min: 1, max: 90 })),
  classId: fc.integer({ min: 0, max: 2 }),
  confidence: fc.constantFrom(0.001, 0.1, 0.25, 0.5, 0.5, 0.75, 0.9, 1),
  trackId: fc.constant(0),
})

const recordingArbitrary = fc
  .record({
    labels: fc.array(boxArbitrary, { maxLength: 12 }),
    others: fc.array(boxArbitrary, { maxLength: 20 }),
    /** Detections that follow a label, moved and enlarged by some pixels, half a tolerance late. */
    near: fc.array(
      fc.record({
        label: fc.nat(),
        dx: fc.integer({ min: -6, max: 6 }),
        dw: fc.integer({ min: -4, max: 8 }),
        late: fc.constantFrom(0, 0, 0, 10_000, -50_000, 50_001),
        confidence: fc.constantFrom(0.3, 0.5, 0.6, 0.95),
      }),
      { maxLength: 20 },
    ),
  })
  .map(({ labels, others, near }) => ({
    labels,
    detections: [
      ...others,
      ...(labels.length === 0 ? [] : near).map(({ label, dx, dw, late, confidence }) => {
        const box = labels[label % labels.length]!
        const w = Math.max(0, box.w + dw)
        return { ...box, t: Math.max(0, box.t + late), x: box.x + dx, w, confidence }
      }),
    ],
  }))

const caseArbitrary: fc.Arbitrary<Case> = fc.record({
  recordings: fc.array(recordingArbitrary, { minLength: 1, maxLength: 3 }),
  oneSetPerTime: fc.boolean(),
  shipped: fc.boolean(),
  sure: fc.constantFrom(undefined, undefined, 0.5, 0.9),
})

/** 300 boxes at one time, of which COCO takes 100, and equal scores throughout. */
function crowd(): Case {
  const box = (i: number, confidence: number): Label => ({
    t: 1_000_000,
    x: (i % 20) * 15,
    y: Math.floor(i / 20) * 16,
    w: 30,
    h: 30,
    classId: 0,
    confidence,
    trackId: 0,
  })
  const labels = Array.from({ length: 40 }, (_, i) => box(i * 7, 1))
  const detections = Array.from({ length: 300 }, (_, i) => box(i, [0.5, 0.25, 0.75][i % 3]!))
  return { recordings: [{ labels, detections }], oneSetPerTime: false, shipped: false }
}

function caseRules({ oneSetPerTime, shipped, sure }: Case) {
  return rulesOf({ protocol: shipped ? 'prophesee-shipped' : 'prophesee', oneSetPerTime, sure })
}

function ours({ recordings, ...how }: Case) {
  const rules = caseRules({ recordings, ...how })
  const spec = { rules, classes: [0, 1, 2], thresholds: [] }
  const matched = recordings.map(({ labels, detections }, i) =>
    matchRecording(String(i), labels, detections, spec),
  )
  const precision = (id: number) =>
    cocoPrecision(matched.map(({ classes }) => classes[id]!))?.ap ?? Array(10).fill(-1)
  // Given in another order: the names decide.
  return { ...summarise(matched.toReversed(), spec, String), byClass: [0, 1, 2].map(precision) }
}

test('AP is that of pycocotools on random and adversarial boxes, whole, by area and with ignored labels', (t) => {
  if (!python) return skipWithout(t, 'no Python with pycocotools (.ci/run makes one)')
  const cases = [crowd(), ...fc.sample(caseArbitrary, { numRuns: 60, seed: 10 })]
  const rows = (labels: Label[]) =>
    labels.map(({ t, x, y, w, h, classId, confidence }) => [t, x, y, w, h, classId, confidence])
  const input = cases.map((made) => ({
    recordings: made.recordings.map(({ labels, detections }) => ({
      labels: rows(labels),
      detections: rows(detections),
    })),
    rules: caseRules(made),
  }))
  const script = join(packageRoot, 'test/evaluate/coco_oracle.py')
  const child = spawnSync(python, [script], { input: JSON.stringify(input), encoding: 'utf8' })
  t.is(child.status, 0, child.stderr)
  const expected = JSON.parse(child.stdout) as {
    classes: number[][]
    ap50: number | null
    ap75: number | null
    ap: number | null
    areas: (number | null)[]
  }[]
  let scored = 0
  const same = (a: number | null, b: number | null, what: string) =>
    t.true(a === b || Math.abs(a! - b!) < 1e-12, `${what}: ${a}, pycocotools ${b}`)
  for (const [i, wanted] of expected.entries()) {
    const got = ours(cases[i]!)
    for (const key of ['ap50', 'ap75', 'ap'] as const)
      same(got[key], wanted[key], `case ${i} ${key}`)
    const { small, medium, large } = got.areas!
    for (const [k, area] of [small, medium, large].entries())
      same(area, wanted.areas[k]!, `case ${i} area ${k}`)
    for (const [id, values] of wanted.classes.entries())
      for (const [k, value] of values.entries())
        same(got.byClass[id]![k]!, value, `case ${i} class ${id} IoU ${k}`)
    if (wanted.ap50 !== null && wanted.ap50 > 0 && wanted.ap50 < 1) scored += 1
  }
  t.true(scored > 20, `${scored} cases have an AP between 0 and 1`)
})

test('labels against themselves are 1; nothing detected is 0; nothing labelled is no AP', (t) => {
  const [{ recordings }] = [crowd()]
  const labels = recordings[0]!.labels
  const ap = (detections: readonly Label[], truth: readonly Label[]) =>
    cocoPrecision([matchCoco([{ t: 1, labels: truth, detections }], 0)])?.ap
  t.deepEqual(ap(labels, labels), Array(10).fill(1))
  t.deepEqual(ap([], labels), Array(10).fill(0))
  t.is(ap(labels, []), undefined)
})
