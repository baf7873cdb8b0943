// Beginnings and ends of tracks as messages that must arrive: they wait for the broker, in bounded memory, and in order.
import type { DetectionSet, RunSummary, TrackChanges, TrackEnd } from '../detect/detection.js'
import { endedTrack } from './record.js'

/** While a broker is away; the oldest goes first. A path of 64 points has 3 KB. */
const MOST_WAITING = 100

/** A queue of JSON messages, oldest first. */
export class TrackEvents {
  /** Events that will never be told: too many waited, or the broker refused them. */
  lost = 0
  readonly #waiting: string[] = []

  get waiting(): number {
    return this.#waiting.length
  }

  /** The oldest message. */
  get first(): string | undefined {
    return this.#waiting[0]
  }

  /** Takes the first message away: it was told, or is not to be told. */
  shift(): void {
    this.#waiting.shift()
  }

  /** Adds what became of tracks in a set. */
  add({ tracks, hostTime }: DetectionSet): void {
    if (tracks === undefined) return
    const { started, ended, lost = 0 }: TrackChanges = tracks
    this.lost += lost
    for (const start of started) this.#push({ type: 'start', ...start, hostTime })
    for (const end of ended) this.#push(endEvent(end, 'lost', hostTime))
  }

  /** Adds an end for each track that was there when the run ended. */
  addOpen({ tracks }: RunSummary): void {
    for (const end of tracks?.open ?? []) this.#push(endEvent(end, 'stopped', undefined))
  }

  #push(event: object): void {
    this.#waiting.push(JSON.stringify(event))
    if (this.#waiting.length <= MOST_WAITING) return
    this.#waiting.shift()
    this.lost += 1
  }
}

/** `lost`: not seen for long enough. `stopped`: there when the run ended. */
function endEvent(end: TrackEnd, reason: 'lost' | 'stopped', hostTime: number | undefined): object {
  return { type: 'end', ...endedTrack(end), reason, hostTime }
}
