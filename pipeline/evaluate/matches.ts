// What matching leaves of the boxes of one class: enough for every curve and every choice of images, and little: 16 bytes a
// detection.

/** Detections of one class in the order of their images, and how many labels there were. */
export interface ClassMatches {
  /** Labels that count. */
  labels: number
  scores: Float64Array
  /** Bit k: at IoU threshold k it found a label. */
  hits: Uint16Array
  /** Bit k: at threshold k it counts neither as hit nor as miss. */
  ignored: Uint16Array
  /** Index of its image. */
  images: Uint32Array
  /** Labels that count, by image. */
  labelsByImage: Uint32Array
}

/** IoU thresholds; every protocol has ten, .50:.05:.95. */
export const THRESHOLD_COUNT = 10
/** Indices of .50 and .75. */
export const AT_50 = 0
export const AT_75 = 5
/** Recalls at which every protocol looks: 0, .01, … 1, as numpy.linspace makes them. */
export const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, i) => i * 0.01)

/** Average precision of one class. */
export interface ClassPrecision {
  /** By threshold. */
  ap: readonly number[]
  /** Precision at recall 0, .01, … 1, IoU .50. */
  curve: readonly number[]
}

/** Gathers matches of one class, image by image; grows as needed. */
export class MatchList {
  readonly #labelsByImage: number[] = []
  readonly #images: number[] = []
  readonly #scores: number[] = []
  readonly #hits: number[] = []
  readonly #ignored: number[] = []

  /** Begins the next image, in which so many labels count. */
  image(labels: number): void {
    this.#labelsByImage.push(labels)
  }

  /** Adds a detection of this image. */
  add(score: number, hits: number, ignored: number): void {
    this.#images.push(this.#labelsByImage.length - 1)
    this.#scores.push(score)
    this.#hits.push(hits)
    this.#ignored.push(ignored)
  }

  /** The list, packed. */
  finish(): ClassMatches {
    return {
      labels: this.#labelsByImage.reduce((sum, labels) => sum + labels, 0),
      scores: Float64Array.from(this.#scores),
      hits: Uint16Array.from(this.#hits),
      ignored: Uint16Array.from(this.#ignored),
      images: Uint32Array.from(this.#images),
      labelsByImage: Uint32Array.from(this.#labelsByImage),
    }
  }
}

/**
 * Several recordings as one, best score first; equal scores stay in the order of the parts. Images are numbered through in
 * that order.
 */
export function ranked(parts: readonly ClassMatches[]): ClassMatches {
  const count = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  const scores = new Float64Array(count)
  const hits = new Uint16Array(count)
  const ignored = new Uint16Array(count)
  const images = new Uint32Array(count)
  const labelsByImage = new Uint32Array(
    parts.reduce((sum, part) => sum + part.labelsByImage.length, 0),
  )
  let at = 0
  let firstImage = 0
  let labels = 0
  for (const part of parts) {
    scores.set(part.scores, at)
    hits.set(part.hits, at)
    ignored.set(part.ignored, at)
    for (const [i, image] of part.images.entries()) images[at + i] = firstImage + image
    labelsByImage.set(part.labelsByImage, firstImage)
    at += part.scores.length
    firstImage += part.labelsByImage.length
    labels += part.labels
  }
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return {
    labels,
    scores: scores.map((_, i) => scores[order[i]!]!),
    hits: hits.map((_, i) => hits[order[i]!]!),
    ignored: ignored.map((_, i) => ignored[order[i]!]!),
    images: images.map((_, i) => images[order[i]!]!),
    labelsByImage,
  }
}
