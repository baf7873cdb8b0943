// What a robot sees at one score threshold: labels that are found, and boxes that are on none. Labels and boxes as they are
// in the files, of every size and time: a protocol's bounds are for AP.
import type { Detection } from '../detect/detection.js'
import type { Label } from '../sources/labels.js'
import { pairLabels } from './match.js'
import { isSure, pairBoxes, type Rules } from './protocol.js'

/** Counts of a recording at a threshold. */
export interface OperatingCounts {
  windows: number
  labels: number
  found: number
  /** Boxes that found no label. */
  other: number
  /** Boxes that found only a label that is not sure: neither found nor other. */
  neither: number
}

/** Figures at a threshold, IoU > 0.5, each label found once; null where there is nothing to divide by. */
export interface OperatingPoint extends OperatingCounts {
  /** Boxes with a score above this count. */
  score: number
  recall: number | null
  precision: number | null
  otherPerWindow: number | null
}

/** Counts what a threshold finds: one set per label time, the nearest (`ultralytics`: of that very time). */
export function countAt(
  score: number,
  labels: readonly Label[],
  detections: readonly Label[],
  { rules, classes }: { rules: Rules; classes: readonly number[] },
): OperatingCounts {
  const counts = { windows: 0, labels: 0, found: 0, other: 0, neither: 0 }
  for (const image of pairBoxes(labels, detections, withoutBounds(rules))) {
    const wanted = image.labels.filter(({ classId }) => classes.includes(classId))
    const boxes = image.detections.filter(
      ({ classId, confidence }) => confidence > score && classes.includes(classId),
    )
    const detections = boxes.map((box) => toDetection(box, ''))
    const { pairs, excused } = pairSure(detections, wanted, rules)
    counts.windows += 1
    counts.labels += wanted.filter((label) => isSure(label, rules.sure)).length
    counts.found += pairs.size
    counts.other += boxes.length - pairs.size - excused.size
    counts.neither += excused.size
  }
  return counts
}

/** Pairs with labels that count; and of the boxes left over those with a label that is not sure, which count neither way. */
export function pairSure(
  detections: readonly Detection[],
  labels: readonly Label[],
  { sure }: Rules,
): { pairs: Map<Detection, Label>; excused: Map<Detection, Label> } {
  const pairs = pairLabels(
    detections,
    labels.filter((label) => isSure(label, sure)),
  )
  const excused = pairLabels(
    detections.filter((detection) => !pairs.has(detection)),
    labels.filter((label) => !isSure(label, sure)),
  )
  return { pairs, excused }
}

/** Every box counts, one set per label time: the nearest, or that very one where the rules say so. */
export function withoutBounds({ protocol, camera, pairing, sure }: Rules): Rules {
  return { protocol, camera, sure, pairing: pairing === 'pool' ? 'nearest' : pairing }
}

/** A record of a detection file as a detection. */
export function toDetection(box: Label, label: string): Detection {
  return { class: box.classId, label, score: box.confidence, box }
}

/** Adds recordings up. */
export function operatingPoint(score: number, parts: readonly OperatingCounts[]): OperatingPoint {
  const sum = { windows: 0, labels: 0, found: 0, other: 0, neither: 0 }
  for (const part of parts)
    for (const key of ['windows', 'labels', 'found', 'other', 'neither'] as const)
      sum[key] += part[key]
  const over = (part: number, whole: number) => (whole > 0 ? part / whole : null)
  return {
    score,
    ...sum,
    recall: over(sum.found, sum.labels),
    precision: over(sum.found, sum.found + sum.other),
    otherPerWindow: over(sum.other, sum.windows),
  }
}
