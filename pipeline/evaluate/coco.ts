// COCO's box AP, number for number: what the Prophesee protocols use. Greedy by score, the free label that overlaps most;
// precision made monotone and read at 101 recalls.
import type { Label } from '../sources/labels.js'
import { iou } from './match.js'
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

/** As numpy.linspace makes them: 0.6 is 0.6 and .65 is .65 up to the last bit that decides about a box. */
const THRESHOLDS = Array.from({ length: THRESHOLD_COUNT }, (_, i) =>
  i === THRESHOLD_COUNT - 1 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / (THRESHOLD_COUNT - 1)),
)
/** Boxes of a class that count at one time. */
const MOST_DETECTIONS = 100
/** numpy.spacing(1): keeps 0 / 0 away. */
export const EPSILON = 2 ** -52

/** Labels whose area lies outside count neither way, nor does what finds them. */
export interface AreaRange {
  min: number
  max: number
}

/** COCO's bins, px². */
export const AREAS = {
  small: { min: 0, max: 32 ** 2 },
  medium: { min: 32 ** 2, max: 96 ** 2 },
  large: { min: 96 ** 2, max: 1e10 },
} as const satisfies Record<string, AreaRange>
const EVERY_AREA: AreaRange = { min: 0, max: 1e10 }

/** Matches the boxes of a class in every image; labels outside the area, or less sure than `sure`, are ignored. */
export function matchCoco(
  images: readonly ScoredImage[],
  classId: number,
  { area = EVERY_AREA, sure }: { area?: AreaRange; sure?: number } = {},
): ClassMatches {
  const list = new MatchList()
  const outside = ({ w, h }: Label) => w * h < area.min || w * h > area.max
  const ignoredLabel = (label: Label) => outside(label) || !isSure(label, sure)
  for (const image of images) {
    const all = image.labels.filter((label) => label.classId === classId)
    const counted = all.filter((label) => !ignoredLabel(label))
    list.image(counted.length)
    const labels = [...counted, ...all.filter(ignoredLabel)]
    const detections = image.detections
      .filter((detection) => detection.classId === classId)
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, MOST_DETECTIONS)
    const overlaps = detections.map((detection) => labels.map((label) => iou(detection, label)))
    const hits = new Uint16Array(detections.length)
    const ignored = new Uint16Array(detections.length)
    for (const [k, threshold] of THRESHOLDS.entries()) {
      const taken = new Set<number>()
      for (const [i, detection] of detections.entries()) {
        const found = bestFree(overlaps[i]!, taken, counted.length, threshold)
        if (found !== undefined) taken.add(found)
        if (found === undefined ? outside(detection) : found >= counted.length)
          ignored[i]! |= 1 << k
        else if (found !== undefined) hits[i]! |= 1 << k
      }
    }
    for (const [i, { confidence }] of detections.entries())
      list.add(confidence, hits[i]!, ignored[i]!)
  }
  return list.finish()
}

/** The free label that overlaps most, the last of equals; one that counts before any that does not. */
function bestFree(
  overlaps: readonly number[],
  taken: ReadonlySet<number>,
  counted: number,
  threshold: number,
): number | undefined {
  let best: number | undefined
  let least = Math.min(threshold, 1 - 1e-10)
  for (const [label, overlap] of overlaps.entries()) {
    if (taken.has(label)) continue
    if (best !== undefined && best < counted && label >= counted) break
    if (overlap < least) continue
    least = overlap
    best = label
  }
  return best
}

/** Average precision of a class over recordings; undefined without labels. */
export function cocoPrecision(parts: readonly ClassMatches[]): ClassPrecision | undefined {
  const { labels, hits, ignored } = ranked(parts)
  if (labels === 0) return undefined
  const ap: number[] = []
  let curve: number[] = []
  for (let k = 0; k < THRESHOLD_COUNT; k++) {
    const at = precisionAt(hits, ignored, 1 << k, labels)
    if (k === AT_50) curve = at
    ap.push(at.reduce((sum, precision) => sum + precision, 0) / at.length)
  }
  return { ap, curve }
}

/** Precision at the 101 recalls; 0 beyond the largest recall that is reached. */
function precisionAt(
  hits: Uint16Array,
  ignored: Uint16Array,
  bit: number,
  labels: number,
): number[] {
  const recall = new Float64Array(hits.length)
  const precision = new Float64Array(hits.length)
  let right = 0
  let wrong = 0
  for (let i = 0; i < hits.length; i++) {
    if ((ignored[i]! & bit) === 0) {
      if (hits[i]! & bit) right += 1
      else wrong += 1
    }
    recall[i] = right / labels
    precision[i] = right / (wrong + right + EPSILON)
  }
  for (let i = hits.length - 1; i > 0; i--)
    if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!
  let at = 0
  return RECALLS.map((wanted) => {
    while (at < recall.length && recall[at]! < wanted) at += 1
    return precision[at] ?? 0
  })
}
