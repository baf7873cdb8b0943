// AP as SpikeYOLO's authors compute it (Ultralytics 8.0.197): pairs by overlap, the best label per detection and then the
// first detection per label; linear interpolation at 101 points and the area under it. A perfect detector reaches 0.995:
// the last point, recall 1, has precision 0. Float32 where theirs is.
import type { Label } from '../sources/labels.js'
import {
  AT_50,
  type ClassMatches,
  type ClassPrecision,
  MatchList,
  RECALLS,
  ranked,
  THRESHOLD_COUNT,
} from './matches.js'
import { isSure, type ScoredImage } from './protocol.js'

const { fround } = Math
const THRESHOLDS = Array.from({ length: THRESHOLD_COUNT }, (_, i) => fround(0.5 + i * 0.05))
/** Confidences at which precision and recall are looked at, and the width over which their F1 is smoothed. */
const CONFIDENCES = Array.from({ length: 1000 }, (_, i) => (i === 999 ? 1 : i * (1 / 999)))
const SMOOTH = 101
const IOU_EPSILON = 1e-7
const EPSILON = 1e-16

/**
 * Matches the boxes of a class in every image. Labels less sure than `sure` (not in theirs) are matched by the same rule
 * with the boxes that found no other, and these boxes are ignored.
 */
export function matchUltralytics(
  images: readonly ScoredImage[],
  classId: number,
  sure?: number,
): ClassMatches {
  const list = new MatchList()
  for (const image of images) {
    const all = image.labels.filter((label) => label.classId === classId)
    const counted = all.filter((label) => isSure(label, sure)).map(corners)
    const unsure = all.filter((label) => !isSure(label, sure)).map(corners)
    const detections = image.detections
      .filter((detection) => detection.classId === classId)
      .sort((a, b) => b.confidence - a.confidence)
    list.image(counted.length)
    const boxes = detections.map(corners)
    const hits = hitsOn(counted, boxes)
    const ignored = hitsOn(unsure, boxes, hits)
    for (const [i, { confidence }] of detections.entries())
      list.add(confidence, hits[i]!, ignored[i]!)
  }
  return list.finish()
}

/** Which boxes find a label, bit k at threshold k; without those that have found another (`done`). */
function hitsOn(
  labels: readonly Corners[],
  boxes: readonly Corners[],
  done?: Uint16Array,
): Uint16Array {
  const hits = new Uint16Array(boxes.length)
  const best = boxes.map((box) => bestLabel(box, labels))
  for (const [k, threshold] of THRESHOLDS.entries()) {
    const taken = new Set<number>()
    for (const [i, { label, overlap }] of best.entries()) {
      if (!(overlap >= threshold) || taken.has(label) || (done && done[i]! & (1 << k))) continue
      taken.add(label)
      hits[i]! |= 1 << k
    }
  }
  return hits
}

type Corners = readonly [x1: number, y1: number, x2: number, y2: number]

function corners({ x, y, w, h }: Label): Corners {
  return [fround(x), fround(y), fround(x + w), fround(y + h)]
}

/** The label that overlaps most, the last of equals: theirs are sorted by rising overlap and then reversed. */
function bestLabel(detection: Corners, labels: readonly Corners[]) {
  let best = { label: -1, overlap: -1 }
  for (const [label, box] of labels.entries()) {
    const overlap = overlapOf(box, detection)
    if (overlap >= best.overlap) best = { label, overlap }
  }
  return best
}

function overlapOf(a: Corners, b: Corners): number {
  const side = (high: number, low: number) => fround(high - low)
  const w = Math.max(side(Math.min(a[2], b[2]), Math.max(a[0], b[0])), 0)
  const h = Math.max(side(Math.min(a[3], b[3]), Math.max(a[1], b[1])), 0)
  const shared = fround(w * h)
  const areaA = fround(side(a[2], a[0]) * side(a[3], a[1]))
  const areaB = fround(side(b[2], b[0]) * side(b[3], b[1]))
  return fround(shared / fround(fround(fround(areaA + areaB) - shared) + fround(IOU_EPSILON)))
}

/** Average precision of a class over recordings; undefined without labels. */
export function ultralyticsPrecision(parts: readonly ClassMatches[]): ClassPrecision | undefined {
  const all = ranked(parts)
  if (all.labels === 0) return undefined
  const none = { ap: 0, curve: RECALLS.map(() => 0) }
  const at = THRESHOLDS.map((_, k) => areaUnder(all, 1 << k) ?? none)
  return { ap: at.map(({ ap }) => ap), curve: at[AT_50]!.curve }
}

/** Undefined when no box counts. */
function areaUnder(all: ClassMatches, bit: number): { ap: number; curve: number[] } | undefined {
  const { recall, precision } = recallAndPrecision(all, bit)
  if (recall.length === 0) return undefined
  const x = [0, ...recall, 1]
  const y = [1, ...precision, 0]
  for (let i = y.length - 1; i > 0; i--) if (y[i]! > y[i - 1]!) y[i - 1] = y[i]!
  const curve = RECALLS.map((point) => interpolate(point, x, y, y[0]!))
  return { ap: areaUnderCurve(curve), curve }
}

/** Trapezoids under precision at the 101 recalls. */
export function areaUnderCurve(curve: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i + 1 < RECALLS.length; i++)
    sum += ((RECALLS[i + 1]! - RECALLS[i]!) * (curve[i + 1]! + curve[i]!)) / 2
  return sum
}

/** At every box that counts, by falling score. */
function recallAndPrecision({ labels, scores, hits, ignored }: ClassMatches, bit: number) {
  const recall: number[] = []
  const precision: number[] = []
  const falling: number[] = []
  let right = 0
  for (const [i, hit] of hits.entries()) {
    if (ignored[i]! & bit) continue
    if (hit & bit) right += 1
    falling.push(-scores[i]!)
    recall.push(right / (labels + EPSILON))
    precision.push(right / falling.length)
  }
  return { recall, precision, falling }
}

/** numpy.interp over rising x; behind the last point its value, before the first `left`. */
function interpolate(at: number, x: ArrayLike<number>, y: ArrayLike<number>, left: number): number {
  let low = -1
  for (let high = x.length; high - low > 1; ) {
    const middle = (low + high) >> 1
    if (x[middle]! <= at) low = middle
    else high = middle
  }
  if (low < 0) return left
  if (low === x.length - 1 || x[low] === at) return y[low]!
  const slope = (y[low + 1]! - y[low]!) / (x[low + 1]! - x[low]!)
  return slope * (at - x[low]!) + y[low]!
}

/** Where the mean F1 of the classes is largest. */
export interface BestF1 {
  /** The confidence there. */
  score: number
  /** By class, in the order given. */
  precision: number[]
  recall: number[]
}

/** Precision and recall (IoU .50) at the confidence with the best mean F1, smoothed as theirs is. */
export function bestF1(classes: readonly (readonly ClassMatches[])[]): BestF1 {
  const curves = classes.map((parts) => byConfidence(ranked(parts)))
  const f1 = CONFIDENCES.map((_, i) => {
    const sum = curves.reduce((sum, { precision: p, recall: r }) => {
      return sum + (2 * p[i]! * r[i]!) / (p[i]! + r[i]! + EPSILON)
    }, 0)
    return sum / curves.length
  })
  const smooth = smoothed(f1)
  const best = smooth.indexOf(Math.max(...smooth))
  return {
    score: CONFIDENCES[best]!,
    precision: curves.map(({ precision }) => precision[best]!),
    recall: curves.map(({ recall }) => recall[best]!),
  }
}

function byConfidence(all: ClassMatches): { precision: number[]; recall: number[] } {
  const { recall, precision, falling: x } = recallAndPrecision(all, 1 << AT_50)
  if (x.length === 0)
    return { precision: CONFIDENCES.map(() => 0), recall: CONFIDENCES.map(() => 0) }
  return {
    precision: CONFIDENCES.map((confidence) => interpolate(-confidence, x, precision, 1)),
    recall: CONFIDENCES.map((confidence) => interpolate(-confidence, x, recall, 0)),
  }
}

/** The mean of 101 neighbours; the ends are repeated. */
function smoothed(values: readonly number[]): number[] {
  const half = SMOOTH >> 1
  return values.map((_, i) => {
    let sum = 0
    for (let k = i - half; k <= i + half; k++)
      sum += values[Math.min(Math.max(k, 0), values.length - 1)]! * (1 / SMOOTH)
    return sum
  })
}
