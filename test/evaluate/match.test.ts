import test from 'ava'
import { iou, matchLabels } from '../../pipeline/evaluate/match.js'
import type { Box, Detection } from '../../pipeline/index.js'

const box = (x: number, y: number, w: number, h: number): Box => ({ x, y, w, h })
const detection = (score: number, b: Box, cls = 0): Detection => ({
  class: cls,
  label: 'car',
  score,
  box: b,
})

test('overlap is shared area over covered area; boxes that only touch share nothing', (t) => {
  t.is(iou(box(0, 0, 2, 1), box(1, 0, 2, 1)), 1 / 3)
  t.is(iou(box(0, 0, 2, 2), box(0, 0, 2, 2)), 1)
  t.is(iou(box(0, 0, 2, 2), box(2, 0, 2, 2)), 0)
  t.is(iou(box(0, 0, 0, 0), box(0, 0, 0, 0)), 0)
})

test('a label is found once; a second box on it is another box', (t) => {
  const labels = [{ ...box(10, 10, 40, 30), classId: 0 }]
  const detections = [detection(0.4, box(10, 10, 40, 30)), detection(0.9, box(12, 10, 40, 30))]
  t.deepEqual(matchLabels(detections, labels), { found: 1, missed: 0, other: 1 })
})

test('half an overlap, or another class, is not enough', (t) => {
  const labels = [{ ...box(0, 0, 20, 10), classId: 0 }]
  t.deepEqual(matchLabels([detection(0.9, box(0, 0, 10, 10))], labels), {
    found: 0,
    missed: 1,
    other: 1,
  })
  t.deepEqual(matchLabels([detection(0.9, box(0, 0, 20, 10), 1)], labels), {
    found: 0,
    missed: 1,
    other: 1,
  })
})
