// The windows of a run as the page knows them: times, events, detections, ages.
import type { Row } from '../live/protocol.js'

/** A camera runs for days; plots look back ten seconds and ages one minute. */
const MOST_ROWS = 100_000

export class Series {
  #rows: Row[] = []

  get length(): number {
    return this.#rows.length
  }

  get first(): Row | undefined {
    return this.#rows[0]
  }

  get last(): Row | undefined {
    return this.#rows.at(-1)
  }

  clear(): void {
    this.#rows = []
  }

  add(rows: readonly Row[]): void {
    this.#rows.push(...rows)
    if (this.#rows.length > MOST_ROWS) this.#rows.splice(0, this.#rows.length - MOST_ROWS)
  }

  at(index: number): Row | undefined {
    return this.#rows[index]
  }

  /** Index of the last window that ends at or before t, 0 when none does, -1 without windows. */
  indexAt(t: number): number {
    let low = 0
    let high = this.#rows.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#rows[middle]![0] <= t) low = middle
      else high = middle - 1
    }
    return high < 0 ? -1 : low
  }

  /** Windows that end in (from, to]. */
  between(from: number, to: number): Row[] {
    const first = this.indexAt(from)
    const last = this.indexAt(to)
    if (first < 0) return []
    return this.#rows.slice(first, last + 1).filter(([tEnd]) => tEnd > from && tEnd <= to)
  }
}
