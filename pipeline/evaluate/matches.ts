// What matching leaves of the boxes of one class: enough for every curve, and little: 12 bytes a detection.

/** Detections of one class in the order of their images, and how many labels there were. */
export interface ClassMatches {
  /** Labels that count. */
  labels: number
  scores: Float64Array
  /** Bit k: at IoU threshold k it found a label. */
  hits: Uint16Array
  /** Bit k: at threshold k it counts neither as hit nor as miss. */
  ignored: Uint16Array
}

/** IoU thresholds; every protocol has ten, .50:.05:.95. */
export const THRESHOLD_COUNT = 10
/** Indices of .50 and .75. */
export const AT_50 = 0
export const AT_75 = 5

/** Average precision of one class. */
export interface ClassPrecision {
  /** By threshold. */
  ap: readonly number[]
  /** Precision at recall 0, .01, … 1, IoU .50. */
  curve: readonly number[]
}

/** Gathers matches of one class; grows as needed. */
export class MatchList {
  labels = 0
  readonly #scores: number[] = []
  readonly #hits: number[] = []
  readonly #ignored: number[] = []

  /** Adds a detection. */
  add(score: number, hits: number, ignored: number): void {
    this.#scores.push(score)
    this.#hits.push(hits)
    this.#ignored.push(ignored)
  }

  /** The list, packed. */
  finish(): ClassMatches {
    return {
      labels: this.labels,
      scores: Float64Array.from(this.#scores),
      hits: Uint16Array.from(this.#hits),
      ignored: Uint16Array.from(this.#ignored),
    }
  }
}

/** Several recordings as one, best score first; equal scores stay in the order of the parts. */
export function ranked(parts: readonly ClassMatches[]): ClassMatches {
  const count = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  const scores = new Float64Array(count)
  const hits = new Uint16Array(count)
  const ignored = new Uint16Array(count)
  let at = 0
  let labels = 0
  for (const part of parts) {
    scores.set(part.scores, at)
    hits.set(part.hits, at)
    ignored.set(part.ignored, at)
    at += part.scores.length
    labels += part.labels
  }
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return {
    labels,
    scores: scores.map((_, i) => scores[order[i]!]!),
    hits: hits.map((_, i) => hits[order[i]!]!),
    ignored: ignored.map((_, i) => ignored[order[i]!]!),
  }
}
