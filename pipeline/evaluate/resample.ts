// AP of one class over images drawn at random, again and again, without sorting anything again. Only a hit can raise the
// precision that is reached at a recall or beyond, so one pass over the ranked boxes and 101 numbers per threshold give the
// figures of the ordinary path. A round over 10,000 images with a million boxes takes 8 ms.
import { EPSILON } from './coco.js'
import { type ClassMatches, type ClassPrecision, RECALLS, THRESHOLD_COUNT } from './matches.js'
import type { ProtocolName } from './protocol.js'
import { areaUnderCurve } from './ultralytics.js'

const EVERY_THRESHOLD = (1 << THRESHOLD_COUNT) - 1

/** A miss at every threshold, wherever it stands among its equals: most boxes, so they are only added up. */
const MISS = 0
/** Any other box; and one that the next box equals in score and image: copies of an image are ranked one after the other. */
const OTHER = 1
const TIED = 2

function rolesOf({ scores, hits, ignored, images }: ClassMatches): Uint8Array {
  const roles = new Uint8Array(scores.length)
  for (let from = 0; from < roles.length; ) {
    let to = from + 1
    while (scores[to] === scores[from] && images[to] === images[from]) to += 1
    let some = 0
    for (let i = from; i < to; i++) some |= hits[i]! | ignored[i]!
    if (some !== 0) {
      roles.fill(TIED, from, to - 1)
      roles[to - 1] = OTHER
    }
    from = to
  }
  return roles
}

/** One class of one detector; the same memory in every round. */
export class ResampledClass {
  readonly #coco: boolean
  readonly #roles: Uint8Array
  /** Of the round, by threshold: hits, misses, and how many recalls are reached. */
  readonly #right = new Float64Array(THRESHOLD_COUNT)
  readonly #wrong = new Float64Array(THRESHOLD_COUNT)
  readonly #reached = new Uint8Array(THRESHOLD_COUNT)
  /** By threshold and recall: the best precision at hits that reach this recall and not the next. */
  readonly #best = new Float64Array(THRESHOLD_COUNT * RECALLS.length)
  readonly #curve = new Float64Array(RECALLS.length)
  /** Misses at every threshold: most boxes, so they are counted once. */
  #missed = 0
  #labels = 0

  /** @param matches as `ranked` gives them */
  constructor(
    readonly matches: ClassMatches,
    protocol: ProtocolName,
  ) {
    this.#coco = protocol !== 'ultralytics'
    this.#roles = rolesOf(matches)
  }

  /**
   * AP by threshold when image i counts `drawn[i]` times; undefined when no label is drawn. Equal scores are ranked by
   * image, copies of an image one after the other.
   */
  precision(drawn: Uint32Array): Pick<ClassPrecision, 'ap'> | undefined {
    const { images, labelsByImage } = this.matches
    this.#labels = 0
    for (let i = 0; i < drawn.length; i++) this.#labels += drawn[i]! * labelsByImage[i]!
    if (this.#labels === 0) return undefined
    for (const part of [this.#right, this.#wrong, this.#reached, this.#best]) part.fill(0)
    this.#missed = 0
    const roles = this.#roles
    for (let i = 0; i < roles.length; i++) {
      const times = drawn[images[i]!]!
      if (roles[i] === MISS) {
        this.#missed += times
        continue
      }
      const first = i
      while (roles[i] === TIED) i += 1
      if (first === i && times > 0) this.#count(i, times)
      else
        for (let copy = 0; copy < times; copy++) for (let k = first; k <= i; k++) this.#count(k, 1)
    }
    return { ap: Array.from({ length: THRESHOLD_COUNT }, (_, k) => this.#average(k)) }
  }

  /** Of `times` copies of a hit the last has the largest recall and the best precision: the others change nothing. */
  #count(box: number, times: number): void {
    const hits = this.matches.hits[box]!
    const counts = EVERY_THRESHOLD & ~this.matches.ignored[box]!
    for (let k = 0; k < THRESHOLD_COUNT; k++) {
      const bit = 1 << k
      if ((counts & bit) === 0) continue
      if ((hits & bit) === 0) {
        this.#wrong[k]! += times
        continue
      }
      this.#right[k]! += times
      const right = this.#right[k]!
      const wrong = this.#wrong[k]! + this.#missed
      const at = k * RECALLS.length + this.#recallsReached(k, right / this.#labels) - 1
      const precision = this.#coco ? right / (wrong + right + EPSILON) : right / (right + wrong)
      if (precision > this.#best[at]!) this.#best[at] = precision
    }
  }

  /** COCO looks for the first box with a recall of at least .00, .01, …; interpolation for the first beyond. */
  #recallsReached(k: number, recall: number): number {
    let reached = this.#reached[k]!
    while (
      reached < RECALLS.length &&
      (this.#coco ? RECALLS[reached]! <= recall : RECALLS[reached]! < recall)
    )
      reached += 1
    this.#reached[k] = reached
    return reached
  }

  #average(k: number): number {
    const curve = this.#curve.fill(0)
    let best = 0
    for (let i = this.#reached[k]! - 1; i >= 0; i--) {
      best = Math.max(best, this.#best[k * RECALLS.length + i]!)
      curve[i] = best
    }
    if (this.#coco) return curve.reduce((sum, precision) => sum + precision, 0) / curve.length
    this.#drawTail(k, curve)
    return areaUnderCurve(curve)
  }

  /** `ultralytics`: a line from the last box to precision 0 at recall 1. */
  #drawTail(k: number, curve: Float64Array): void {
    const right = this.#right[k]!
    if (right === 0) return
    const recall = right / this.#labels
    const precision = right / (right + this.#wrong[k]! + this.#missed)
    for (let i = this.#reached[k]!; i < curve.length - 1; i++)
      curve[i] = precision - (precision / (1 - recall)) * (RECALLS[i]! - recall)
  }
}
