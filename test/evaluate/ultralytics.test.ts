import { readFileSync } from 'node:fs'
import test from 'ava'
import { type ClassMatches, ranked } from '../../pipeline/evaluate/matches.js'
import {
  bestF1,
  matchUltralytics,
  ultralyticsPrecision,
} from '../../pipeline/evaluate/ultralytics.js'
import type { Label } from '../../pipeline/index.js'
import { sharedPath, skipWithout } from '../support/shared.js'

interface Recorded {
  images: { labels_cls_xyxy: number[][]; detections_xyxy_conf_cls: number[][] }[]
  expected: {
    ap_per_class_per_iou: number[][]
    mAP50: number
    mAP50_95: number
    precision_at_max_f1: number[]
    recall_at_max_f1: number[]
    tp: number[][][]
  }
}

const box = ([x1, y1, x2, y2]: number[], classId: number, confidence: number): Label => ({
  t: 1,
  x: x1!,
  y: y1!,
  w: x2! - x1!,
  h: y2! - y1!,
  classId,
  confidence,
  trackId: 0,
})

test("what the authors' code says about boxes is reproduced: each hit, AP, precision and recall", (t) => {
  const path = sharedPath('vectors/eval_authors/eval.json')
  if (!path) return skipWithout(t, 'no shared vectors')
  const { images, expected } = JSON.parse(readFileSync(path, 'utf8')) as Recorded
  const scored = images.map(({ labels_cls_xyxy, detections_xyxy_conf_cls }) => ({
    t: 1,
    labels: labels_cls_xyxy.map(([cls, ...xyxy]) => box(xyxy, cls!, 1)),
    detections: detections_xyxy_conf_cls.map((row) => box(row, row[5]!, row[4]!)),
  }))
  const classes = [0, 1].map((id) => scored.map((image) => matchUltralytics([image], id)))

  const told = scored.flatMap(({ labels, detections }, i) =>
    labels.length + detections.length === 0 ? [] : [{ detections, i }],
  )
  for (const [at, { detections, i }] of told.entries())
    for (const [id, parts] of classes.entries()) {
      const bits = detections.flatMap(({ classId }, k) =>
        classId === id
          ? [expected.tp[at]![k]!.reduce((sum, hit, bit) => sum | (hit << bit), 0)]
          : [],
      )
      t.deepEqual([...parts[i]!.hits], bits)
    }

  const ap = classes.map((parts) => ultralyticsPrecision(parts)!.ap)
  for (const [id, values] of expected.ap_per_class_per_iou.entries())
    for (const [k, value] of values.entries()) t.true(Math.abs(ap[id]![k]! - value) < 1e-15)
  const f1 = bestF1(classes)
  t.deepEqual(f1.precision, expected.precision_at_max_f1)
  t.deepEqual(f1.recall, expected.recall_at_max_f1)
})

test('a perfect detector reaches 0.995: the last of the 101 points is lost', (t) => {
  const image = { t: 1, labels: [box([0, 0, 9, 9], 0, 1)], detections: [box([0, 0, 9, 9], 0, 0.7)] }
  const { ap } = ultralyticsPrecision([matchUltralytics([image], 0)])!
  for (const value of ap) t.true(Math.abs(value - 0.995) < 1e-12)
})

test('no detection is AP 0, no label is no AP', (t) => {
  const labels = [box([0, 0, 9, 9], 0, 1)]
  t.deepEqual(
    ultralyticsPrecision([matchUltralytics([{ t: 1, labels, detections: [] }], 0)])!.ap,
    Array(10).fill(0),
  )
  t.is(
    ultralyticsPrecision([matchUltralytics([{ t: 1, labels, detections: labels }], 1)]),
    undefined,
  )
})

test('equal scores are ranked in the order of the parts', (t) => {
  const part = (scores: number[], hits: number[]): ClassMatches => ({
    labels: 1,
    scores: Float64Array.from(scores),
    hits: Uint16Array.from(hits),
    ignored: new Uint16Array(scores.length),
    images: Uint32Array.from(scores.keys()),
    labelsByImage: Uint32Array.of(1, 0),
  })
  const all = ranked([part([0.5, 0.2], [1, 2]), part([0.9, 0.5], [3, 4])])
  t.deepEqual([...all.hits], [3, 1, 4, 2])
  t.deepEqual([...all.images], [2, 0, 3, 1])
  t.deepEqual([...all.labelsByImage], [1, 0, 1, 0])
  t.is(all.labels, 2)
})
