// The windows of a run that the page may still ask for. Memory is bounded: the oldest are forgotten, and that is told.
import type { DetectionSet } from '../../detect/detection.js'
import type { FrameHeader, Row } from './protocol.js'

/** An hour of 50 ms windows; some 50 MB with a few boxes each. */
export const MOST_WINDOWS = 72_000

/** One window and what the network did in it. */
export interface Seen {
  set: DetectionSet
  network: FrameHeader['network']
}

/**
 * Windows in the order in which they came, numbered from 0; ends rise.
 * @example
 * history.add({ set, network: undefined })
 * history.at(history.indexAt(1_250_000))
 */
export class History {
  readonly #seen: Seen[] = []
  #forgotten = 0

  constructor(readonly most = MOST_WINDOWS) {}

  /** Windows that came, the forgotten ones included. */
  get count(): number {
    return this.#forgotten + this.#seen.length
  }

  /** Number of the first that is still known. */
  get forgotten(): number {
    return this.#forgotten
  }

  add(seen: Seen): void {
    // A tenth at a time: to shift one by one would move all others each time.
    if (this.#seen.length >= this.most)
      this.#forgotten += this.#seen.splice(0, Math.ceil(this.most / 10)).length
    this.#seen.push(seen)
  }

  /** A window by its number. */
  at(index: number): Seen | undefined {
    return this.#seen[index - this.#forgotten]
  }

  /** The last window that ends at or before t, else the first that is known; undefined when there is none. */
  indexAt(t: number): number | undefined {
    if (this.#seen.length === 0) return undefined
    let low = 0
    let high = this.#seen.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#seen[middle]!.set.tEnd <= t) low = middle
      else high = middle - 1
    }
    return this.#forgotten + low
  }

  /** Rows of the windows from a number on, at most `most`. */
  rows(from: number, most: number): Row[] {
    const first = Math.max(0, from - this.#forgotten)
    return this.#seen
      .slice(first, first + most)
      .map(({ set: { tEnd, events, detections, ageMs } }) => [
        tEnd,
        events,
        detections.length,
        ageMs === undefined ? -1 : Math.round(ageMs * 10) / 10,
      ])
  }
}
