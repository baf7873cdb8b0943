// Where a track has been, in bounded memory.

import type { PathPoint } from '../detect/detection.js'

/** A path is told by at most so many points. */
const MOST_POINTS = 64

/** Collects points; when there are too many, every second one goes, and from then on only every second comes in. */
export class Path {
  readonly #points: PathPoint[] = []
  #stride = 1
  #seen = 0
  #last: PathPoint | undefined

  add(point: PathPoint): void {
    this.#last = point
    if (this.#seen++ % this.#stride !== 0) return
    this.#points.push(point)
    if (this.#points.length < MOST_POINTS) return
    for (let i = 1; 2 * i < this.#points.length; i++) this.#points[i] = this.#points[2 * i]!
    this.#points.length = MOST_POINTS / 2
    this.#stride *= 2
  }

  /** First and last point, and what was kept between them. */
  get points(): PathPoint[] {
    const points = [...this.#points]
    if (this.#last !== undefined && points.at(-1) !== this.#last) points.push(this.#last)
    return points
  }
}
