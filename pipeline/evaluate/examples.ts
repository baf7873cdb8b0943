// The worst of an evaluation, for pictures: labels that were missed most surely, and false boxes with the highest scores.
import type { Detection } from '../detect/detection.js'
import type { Label } from '../sources/labels.js'
import type { LabelledRecording } from './dataset.js'
import type { EvaluatedRecording } from './evaluate.js'
import { iou } from './match.js'
import { pairSure, toDetection, withoutBounds } from './operating.js'
import { isSure, pairBoxes } from './protocol.js'

/** A missed label or a false box, and what else there was at its time. */
export interface Example {
  files: LabelledRecording
  /** Label time, absolute µs. */
  t: number
  box: Label
  /** Of a false box its score; of a missed label the best score of a box of its class on it (IoU > 0.5), 0 without any. */
  score: number
  labels: readonly Label[]
  /** Boxes above the threshold, best first, without the names of their classes. */
  detections: readonly Detection[]
}

/** Score above which a box is looked at: the first of an evaluation's thresholds, else the middle. */
export function exampleThreshold(thresholds: readonly number[]): number {
  return thresholds[0] ?? 0.5
}

/** Keeps the worst few while an evaluation runs; give `add` to it as onRecording. */
export class ExampleList {
  #misses: Example[] = []
  #alarms: Example[] = []

  constructor(private readonly most = 12) {}

  /** Labels that no box found: first those on which no box is at all, large ones before small ones. */
  get misses(): readonly Example[] {
    return this.#misses
  }

  /** Boxes that found no label, best score first. */
  get alarms(): readonly Example[] {
    return this.#alarms
  }

  /** Looks at a recording: labels and boxes of every size. */
  add({ files, labels, detections, spec }: EvaluatedRecording): void {
    const { classes, rules } = spec
    const threshold = exampleThreshold(spec.thresholds)
    for (const image of pairBoxes(labels, detections, withoutBounds(rules))) {
      const wanted = image.labels.filter(({ classId }) => classes.includes(classId))
      const boxes = image.detections.filter(({ classId }) => classes.includes(classId))
      const shown = boxes
        .filter(({ confidence }) => confidence > threshold)
        .sort((a, b) => b.confidence - a.confidence)
      const drawn = new Map(shown.map((box) => [toDetection(box, ''), box]))
      const { pairs, excused } = pairSure([...drawn.keys()], wanted, rules)
      const found = new Set(pairs.values())
      const common = { files, t: image.t, labels: wanted, detections: [...drawn.keys()] }
      for (const label of wanted)
        if (isSure(label, rules.sure) && !found.has(label))
          this.#misses.push({ ...common, box: label, score: bestOn(label, boxes) })
      for (const [detection, box] of drawn)
        if (!pairs.has(detection) && !excused.has(detection))
          this.#alarms.push({ ...common, box, score: box.confidence })
    }
    this.#misses = worst(this.#misses, (a, b) => a.score - b.score || area(b) - area(a), this.most)
    this.#alarms = worst(this.#alarms, (a, b) => b.score - a.score, this.most)
  }
}

/** Ties by place, so that the choice does not depend on the order of the recordings. */
function worst(
  examples: readonly Example[],
  order: (a: Example, b: Example) => number,
  most: number,
): Example[] {
  const place = (a: Example, b: Example) =>
    (a.files.name < b.files.name ? -1 : Number(a.files.name > b.files.name)) ||
    a.t - b.t ||
    a.box.y - b.box.y ||
    a.box.x - b.box.x
  return [...examples].sort((a, b) => order(a, b) || place(a, b)).slice(0, most)
}

function bestOn(label: Label, boxes: readonly Label[]): number {
  return boxes.reduce(
    (best, box) =>
      box.classId === label.classId && iou(box, label) > 0.5
        ? Math.max(best, box.confidence)
        : best,
    0,
  )
}

function area({ box: { w, h } }: Example): number {
  return w * h
}
