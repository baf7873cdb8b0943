// Recordings -> figures. Each recording is matched by itself and leaves little behind, so thousands fit; the figures of all
// are made from these in the order of the recordings' names, whatever order they were matched in.
import type { Label } from '../sources/labels.js'
import { AREAS, cocoPrecision, matchCoco } from './coco.js'
import { AT_50, AT_75, type ClassMatches, type ClassPrecision } from './matches.js'
import { countAt, type OperatingCounts, type OperatingPoint, operatingPoint } from './operating.js'
import { describeRules, isSure, pairBoxes, type Rules } from './protocol.js'
import { bestF1, matchUltralytics, ultralyticsPrecision } from './ultralytics.js'

/** Average precision at IoU .50, at .75, and the mean over .50:.05:.95; null where nothing is labelled. */
export interface Precision {
  ap50: number | null
  ap75: number | null
  ap: number | null
}

/** What is scored: rules, classes and score thresholds. */
export interface ScoreSpec {
  rules: Rules
  /** Ids of the classes that are scored; labels of others still make their times count. */
  classes: readonly number[]
  /** Scores at which found labels and other boxes are counted. */
  thresholds: readonly number[]
}

/** A recording, matched. */
export interface RecordingMatches {
  name: string
  /** Label times that count. */
  images: number
  /** Detections that belong to no label time that counts. */
  unpaired: number
  /** Labels of these classes that are not sure: they count neither way. */
  unsure: number
  /** By class in the order of the spec. */
  classes: ClassMatches[]
  /** The same by area of the labels; COCO's protocols only. */
  areas: Partial<Record<AreaName, ClassMatches[]>>
  /** By threshold in the order of the spec. */
  operating: OperatingCounts[]
}

type AreaName = keyof typeof AREAS
const AREA_NAMES = Object.keys(AREAS) as AreaName[]

/** Figures of one class. */
export interface ClassScore extends Precision {
  id: number
  name: string
  labels: number
  detections: number
  /** Precision at recall 0, .01, … 1, IoU .50; empty without labels. */
  curve: readonly number[]
}

/** Figures of one recording. */
export interface RecordingScore extends Precision {
  name: string
  images: number
  labels: number
  detections: number
}

/** The figures of an evaluation. A pure function of labels, detections and rules. */
export interface Evaluation extends Precision {
  /** The rules in words; no figure is worth anything without them. */
  protocol: string
  rules: Rules
  /** Label times that count, labels, detections that belong to them, and detections that belong to none. */
  images: number
  labels: number
  detections: number
  unpaired: number
  /** Labels that are not sure and count neither way; they are not among `labels`. */
  unsure: number
  /** By area of the labels: below 32², to 96², above; not for `ultralytics`. */
  areas?: Record<AreaName, number | null>
  /** `ultralytics` only: where the mean F1 of the classes is best. */
  bestF1?: { score: number; precision: number; recall: number }
  classes: ClassScore[]
  recordings: RecordingScore[]
  thresholds: OperatingPoint[]
}

/** Matches one recording. Labels and detections in the order of their files. */
export function matchRecording(
  name: string,
  labels: readonly Label[],
  detections: readonly Label[],
  { rules, classes, thresholds }: ScoreSpec,
): RecordingMatches {
  const images = pairBoxes(labels, detections, rules)
  const coco = rules.protocol !== 'ultralytics'
  const { sure } = rules
  const paired = new Set(images.flatMap((image) => image.detections.map(({ t }) => t)))
  return {
    name,
    images: images.length,
    unpaired: detections.filter(({ t }) => !paired.has(t)).length,
    unsure: images
      .flatMap((image) => image.labels)
      .filter((label) => classes.includes(label.classId) && !isSure(label, sure)).length,
    classes: classes.map((id) =>
      coco ? matchCoco(images, id, { sure }) : matchUltralytics(images, id, sure),
    ),
    areas: coco
      ? Object.fromEntries(
          AREA_NAMES.map((name) => [
            name,
            classes.map((id) => matchCoco(images, id, { area: AREAS[name], sure })),
          ]),
        )
      : {},
    operating: thresholds.map((score) => countAt(score, labels, detections, { rules, classes })),
  }
}

/** The figures of all recordings. */
export function summarise(
  recordings: readonly RecordingMatches[],
  spec: ScoreSpec,
  className: (id: number) => string,
): Evaluation {
  const inOrder = byName(recordings)
  const byClass = spec.classes.map((_, i) => inOrder.map(({ classes }) => classes[i]!))
  const all = byClass.map((parts) => precisionOf(parts, spec.rules))
  return {
    protocol: describeRules(spec.rules),
    rules: spec.rules,
    ...mean(all),
    images: total(inOrder.map(({ images }) => images)),
    labels: total(byClass.flat().map(({ labels }) => labels)),
    detections: total(byClass.flat().map(({ scores }) => scores.length)),
    unpaired: total(inOrder.map(({ unpaired }) => unpaired)),
    unsure: total(inOrder.map(({ unsure }) => unsure)),
    ...(spec.rules.protocol === 'ultralytics'
      ? { bestF1: meanF1(byClass) }
      : { areas: areaScores(inOrder, spec) }),
    classes: spec.classes.map((id, i) => ({
      id,
      name: className(id),
      labels: total(byClass[i]!.map(({ labels }) => labels)),
      detections: total(byClass[i]!.map(({ scores }) => scores.length)),
      ...mean([all[i]]),
      curve: all[i]?.curve ?? [],
    })),
    recordings: inOrder.map(({ name, images, classes }) => ({
      name,
      images,
      labels: total(classes.map(({ labels }) => labels)),
      detections: total(classes.map(({ scores }) => scores.length)),
      ...mean(classes.map((matches) => precisionOf([matches], spec.rules))),
    })),
    thresholds: spec.thresholds.map((score, i) =>
      operatingPoint(
        score,
        inOrder.map(({ operating }) => operating[i]!),
      ),
    ),
  }
}

/** By code units, as every machine sorts them; equal scores are ranked in this order. */
export function byName<R extends { name: string }>(recordings: readonly R[]): R[] {
  return [...recordings].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** AP of one class over recordings, by the rules' protocol; undefined without labels. */
export function precisionOf(
  parts: readonly ClassMatches[],
  rules: Rules,
): ClassPrecision | undefined {
  return rules.protocol === 'ultralytics' ? ultralyticsPrecision(parts) : cocoPrecision(parts)
}

/** Mean over the classes that are labelled. */
export function mean(classes: readonly (Pick<ClassPrecision, 'ap'> | undefined)[]): Precision {
  const known = classes.filter((precision) => precision !== undefined)
  if (known.length === 0) return { ap50: null, ap75: null, ap: null }
  const average = (of: (ap: readonly number[]) => number) =>
    total(known.map(({ ap }) => of(ap))) / known.length
  return {
    ap50: average((ap) => ap[AT_50]!),
    ap75: average((ap) => ap[AT_75]!),
    ap: average((ap) => total(ap) / ap.length),
  }
}

function areaScores(
  recordings: readonly RecordingMatches[],
  { classes, rules }: ScoreSpec,
): Record<AreaName, number | null> {
  const of = (area: AreaName) => {
    const parts = (i: number) => recordings.map(({ areas }) => areas[area]![i]!)
    return mean(classes.map((_, i) => precisionOf(parts(i), rules))).ap
  }
  return { small: of('small'), medium: of('medium'), large: of('large') }
}

function meanF1(byClass: readonly ClassMatches[][]) {
  const labelled = byClass.filter((parts) => parts.some(({ labels }) => labels > 0))
  if (labelled.length === 0) return undefined
  const { score, precision, recall } = bestF1(labelled)
  return {
    score,
    precision: total(precision) / labelled.length,
    recall: total(recall) / labelled.length,
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0)
}
