// Which labels were found: a detection of the same class that overlaps enough, each detection used once.
import type { Box, Detection } from '../detect/detection.js'

/** A labelled object, in the fields of a label file. */
export interface LabelledBox extends Box {
  classId: number
}

/** What became of the labels of one window. */
export interface Matches {
  /** Labels with a detection. */
  found: number
  /** Labels without one. */
  missed: number
  /** Detections without a label. */
  other: number
}

/**
 * Intersection over union.
 * @example
 * iou({ x: 0, y: 0, w: 2, h: 1 }, { x: 1, y: 0, w: 2, h: 1 }) // 1/3
 */
export function iou(a: Box, b: Box): number {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y)
  if (!(w > 0 && h > 0)) return 0
  return (w * h) / (a.w * a.h + b.w * b.h - w * h)
}

/**
 * Which detection found which label: best detections choose first, each takes the free label of its class that it overlaps
 * most, by more than `least`.
 */
export function pairLabels<L extends LabelledBox>(
  detections: readonly Detection[],
  labels: readonly L[],
  least = 0.5,
): Map<Detection, L> {
  const free = new Set(labels)
  const pairs = new Map<Detection, L>()
  for (const detection of [...detections].sort((a, b) => b.score - a.score)) {
    let best: L | undefined
    let overlap = least
    for (const label of free) {
      if (label.classId !== detection.class) continue
      const value = iou(detection.box, label)
      if (value > overlap) {
        best = label
        overlap = value
      }
    }
    if (best === undefined) continue
    free.delete(best)
    pairs.set(detection, best)
  }
  return pairs
}

/** Counts of `pairLabels`. */
export function matchLabels(
  detections: readonly Detection[],
  labels: readonly LabelledBox[],
  least = 0.5,
): Matches {
  const found = pairLabels(detections, labels, least).size
  return { found, missed: labels.length - found, other: detections.length - found }
}
