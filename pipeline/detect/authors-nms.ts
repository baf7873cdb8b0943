// Boxes as the authors of SpikeYOLO make them from decoded anchors (Ultralytics 8.0.197 over torchvision), bit for bit: f32
// throughout, classes kept apart by an offset of 7680 px before the overlaps are computed. Our own detections come from
// native/detect, which computes overlaps in double, without an offset; this is for comparing with records.

/** Settings of the two ways in which the authors run their network. */
export const AUTHORS_NMS = {
  /** Scoring: a row per anchor and class above the threshold. */
  val: { score: 0.001, multiLabel: true },
  /** Looking: the best class of an anchor. */
  predict: { score: 0.25, multiLabel: false },
} as const

export type AuthorsMode = keyof typeof AUTHORS_NMS

const IOU = 0.7
const MOST_ROWS = 300
const MOST_CANDIDATES = 30_000
const CLASS_OFFSET = 7680
const f32 = Math.fround

interface Candidate {
  /** Corners without and with the offset of its class. */
  box: Float32Array
  moved: Float32Array
  score: number
  label: number
}

/**
 * Rows f32 [n, 6] of x1, y1, x2, y2, score, class, best first; equal scores in the order of anchors, then classes.
 * @param y decoded anchors [4 + classes, anchors]: cx, cy, w, h and scores (native.ts, decodeAnchors)
 */
export function authorsNms(y: Float32Array, classes: number, mode: AuthorsMode): Float32Array {
  const { score, multiLabel } = AUTHORS_NMS[mode]
  const candidates = collect(y, classes, f32(score), multiLabel && classes > 1)
  // Array.sort is stable, as the authors' is.
  candidates.sort((a, b) => b.score - a.score)
  const kept: Candidate[] = []
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    if (kept.length === MOST_ROWS) break
    // The overlap of two boxes without area is NaN, which is not above the threshold: both stay.
    if (!kept.some((other) => overlap(other.moved, candidate.moved) > IOU)) kept.push(candidate)
  }
  return Float32Array.from(kept.flatMap(({ box, score, label }) => [...box, score, label]))
}

function collect(
  y: Float32Array,
  classes: number,
  threshold: number,
  multiLabel: boolean,
): Candidate[] {
  const anchors = y.length / (4 + classes)
  const candidates: Candidate[] = []
  for (let anchor = 0; anchor < anchors; anchor++) {
    const at = (row: number) => y[row * anchors + anchor]!
    let labels = Array.from({ length: classes }, (_, label) => label)
    if (!multiLabel)
      labels = [labels.reduce((best, label) => (at(4 + label) > at(4 + best) ? label : best))]
    for (const label of labels) {
      const score = at(4 + label)
      if (score > threshold) candidates.push({ ...corners(at, label), score, label })
    }
  }
  return candidates
}

function corners(at: (row: number) => number, label: number): Pick<Candidate, 'box' | 'moved'> {
  const halfWidth = at(2) / 2
  const halfHeight = at(3) / 2
  const box = Float32Array.of(
    at(0) - halfWidth,
    at(1) - halfHeight,
    at(0) + halfWidth,
    at(1) + halfHeight,
  )
  return { box, moved: box.map((corner) => corner + label * CLASS_OFFSET) }
}

function overlap(a: Float32Array, b: Float32Array): number {
  const side = (low: number) =>
    Math.max(0, f32(Math.min(a[low + 2]!, b[low + 2]!) - Math.max(a[low]!, b[low]!)))
  const both = f32(side(0) * side(1))
  return f32(both / f32(f32(area(a) + area(b)) - both))
}

function area(box: Float32Array): number {
  return f32(f32(box[2]! - box[0]!) * f32(box[3]! - box[1]!))
}
