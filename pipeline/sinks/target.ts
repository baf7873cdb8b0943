// Which of the objects a robot follows.
import type { Detection, DetectionSet } from '../detect/detection.js'

/** A target that was not seen for so long is given up; a tracker's own time is asked for first. */
const KEEP_US = 1_000_000

/**
 * Picks one object and stays with it: the best that has a number, until its track has ended. Without tracking the best
 * box of each window.
 */
export class Target {
  #track: number | undefined
  #seenAt = 0

  /** `keepUs`: of the tracker, undefined without one. */
  constructor(readonly keepUs: number | undefined) {}

  /** Number of the track that is followed. */
  get track(): number | undefined {
    return this.#track
  }

  /** The target in this window; undefined when it is not seen. */
  in({ detections, tEnd, tracks }: DetectionSet): Detection | undefined {
    if (this.keepUs === undefined) return detections[0]
    const ended = tracks?.ended.some(({ track }) => track === this.#track)
    if (ended || Math.abs(tEnd - this.#seenAt) > Math.max(this.keepUs, KEEP_US))
      this.#track = undefined
    this.#track ??= detections.find(({ track }) => track !== undefined)?.track
    const target = detections.find(({ track }) => track !== undefined && track === this.#track)
    if (target !== undefined) this.#seenAt = tEnd
    return target
  }
}
