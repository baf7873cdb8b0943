// Overlap of every track with every detection: 2,500 pairs for 50 boxes, so from flat arrays and most of them left after
// one comparison.
import type { Box } from '../detect/detection.js'

const FIELDS = 6

/** Boxes with their classes, packed. Keeps its memory. */
export class PackedBoxes {
  length = 0
  #data = new Float64Array(0)

  /** Begins anew with room for so many. */
  reset(most: number): void {
    this.length = 0
    if (this.#data.length < most * FIELDS) this.#data = new Float64Array(2 * most * FIELDS)
  }

  add(index: number, { x, y, w, h }: Box): void {
    const at = this.length++ * FIELDS
    const data = this.#data
    data[at] = index
    data[at + 1] = x
    data[at + 2] = y
    data[at + 3] = x + w
    data[at + 4] = y + h
    data[at + 5] = w * h
  }

  /** Writes the overlap (IoU) with each of `others` into a row after row table, where it is `least` or more and the classes are the same. */
  overlaps(others: PackedBoxes, least: number, into: Float64Array): void {
    const a = this.#data
    const b = others.#data
    const columns = others.length
    for (let i = 0; i < this.length; i++) {
      const at = i * FIELDS
      const index = a[at]!
      const left = a[at + 1]!
      const top = a[at + 2]!
      const right = a[at + 3]!
      const bottom = a[at + 4]!
      const area = a[at + 5]!
      for (let j = 0, k = 0; j < columns; j++, k += FIELDS) {
        const width = Math.min(right, b[k + 3]!) - Math.max(left, b[k + 1]!)
        if (!(width > 0) || b[k] !== index) continue
        const height = Math.min(bottom, b[k + 4]!) - Math.max(top, b[k + 2]!)
        if (!(height > 0)) continue
        const shared = width * height
        const overlap = shared / (area + b[k + 5]! - shared)
        if (overlap >= least) into[i * columns + j] = overlap
      }
    }
  }
}
