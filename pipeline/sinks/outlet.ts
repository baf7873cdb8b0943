// The hand-over to one sink. A replay waits for every write, so a slow line slows the replay; live, one set waits and a
// newer one replaces it. Whatever is lost is counted by cause and told with the next set that gets through, so that the
// reader sees a gap as a gap.
import type { DetectionSet, RunHeader, RunSummary, TrackChanges } from '../detect/detection.js'
import { drop, type Ledger, type StageCounts, totalDropped } from '../streams/ledger.js'
import type { Sink, SinkOpenOptions } from './sink.js'

/** Closing takes at most the sum of both: a run ends within 3 s of SIGTERM. */
const DRAIN_MS = 500
const CLOSE_MS = 2000
/** Beginnings and ends of tracks, each, that are kept for the next set; a sink that stands still for hours fills nothing. */
const MOST_CHANGES = 100

/**
 * Feeds one sink and keeps its account (`sink:<name>`, in sets).
 * @example
 * const outlet = new Outlet(sink, ledger, { live: false })
 * await outlet.open(header, { wait: false })
 * for await (const set of sets) await outlet.push(set)
 * await outlet.close(summary)
 */
export class Outlet {
  /** Aborted when the reader has gone and the run should end well; never for most sinks. */
  readonly ended: AbortSignal
  readonly #stage: StageCounts
  readonly #live: boolean
  readonly #owed = { events: 0, windows: 0 }
  /** Of sets that a newer one replaced: a track begins and ends only once. */
  #changes: TrackChanges | undefined
  #waiting: DetectionSet | undefined
  #writing: Promise<void> = Promise.resolve()
  #busy = false
  #error: unknown
  /** Whether a push has rejected with the error. */
  #told = false
  #closed = false

  constructor(
    readonly sink: Sink,
    ledger: Ledger,
    options: { live: boolean },
  ) {
    this.#stage = ledger.stage(`sink:${sink.name}`, 'sets')
    this.#live = options.live
    this.ended = sink.ended ?? new AbortController().signal
  }

  /** What came in, got out and was lost by cause. */
  get counts(): Readonly<StageCounts> {
    return this.#stage
  }

  /** Opens the sink. `wait` as in Sink.open. */
  open(header: RunHeader, options: { wait: boolean }): Promise<void> {
    const how: SinkOpenOptions = { wait: options.wait, live: this.#live }
    return this.sink.open(header, how)
  }

  /** Takes a set. Lossless: resolves when it is written. Live: resolves at once. Rejects with the error that ended the sink. */
  async push(set: DetectionSet): Promise<void> {
    this.#throwError()
    this.#stage.in += 1
    if (this.#closed) {
      drop(this.#stage, 'closed')
      return
    }
    this.#stage.held += 1
    if (this.#live) {
      this.#replace(set)
      if (!this.#busy) this.#writing = this.#drainNewest()
      return
    }
    this.#writing = this.#writing.then(() => this.#write(set))
    await this.#writing
    this.#throwError()
  }

  /** Writes what waits, then closes the sink, within 2.5 s; what could not be written is counted `unsent`. Rejects with an error that no push has told. */
  async close(summary: RunSummary | undefined): Promise<void> {
    await within(this.#writing, DRAIN_MS)
    if (this.#waiting !== undefined) this.#lose(this.#takeWaiting(), 'unsent')
    const sets = totalDropped(this.#stage)
    try {
      await within(
        this.sink.close(summary && { ...summary, dropped: { ...summary.dropped, sets } }),
        CLOSE_MS,
      )
      await within(this.#writing, 0)
    } finally {
      this.#closed = true
      if (this.#stage.held > 0) drop(this.#stage, 'unsent', this.#stage.held)
      this.#stage.held = 0
    }
    if (!this.#told) this.#throwError()
  }

  #throwError(): void {
    if (this.#error === undefined) return
    this.#told = true
    throw this.#error
  }

  #replace(set: DetectionSet): void {
    if (this.#waiting !== undefined) {
      const old = this.#takeWaiting()
      this.#changes = mergeChanges(this.#changes, old.tracks)
      this.#lose(old, 'replaced')
    }
    this.#waiting = set
  }

  #takeWaiting(): DetectionSet {
    const set = this.#waiting!
    this.#waiting = undefined
    return set
  }

  async #drainNewest(): Promise<void> {
    this.#busy = true
    while (this.#waiting !== undefined && this.#error === undefined)
      await this.#write(this.#takeWaiting())
    this.#busy = false
  }

  /** Never rejects: what went wrong is kept for the next push. */
  async #write(set: DetectionSet): Promise<void> {
    const told = this.#tell(set)
    let written = false
    try {
      if (this.#error === undefined) written = await this.sink.write(told)
    } catch (error) {
      this.#error = error
    }
    if (this.#closed) return
    if (written) {
      this.#stage.held -= 1
      this.#stage.out += 1
    } else {
      this.#lose(told, this.#error === undefined ? undefined : 'failed')
    }
  }

  /** The set with the losses since the last one that got through; sinks share sets, so a copy. */
  #tell(set: DetectionSet): DetectionSet {
    const { events, windows } = this.#owed
    if (windows === 0 && events === 0 && this.#changes === undefined) return set
    const tracks = mergeChanges(this.#changes, set.tracks)
    this.#changes = undefined
    const dropped = {
      events: set.dropped.events + events,
      windows: set.dropped.windows + windows,
    }
    this.#owed.events = 0
    this.#owed.windows = 0
    return { ...set, ...(tracks && { tracks }), dropped }
  }

  /** Without a cause the sink counted it: its causes are taken over. */
  #lose(set: DetectionSet, cause: string | undefined): void {
    this.#stage.held -= 1
    this.#owed.windows += set.dropped.windows + 1
    this.#owed.events += set.dropped.events
    if (cause === undefined) Object.assign(this.#stage.dropped, this.sink.dropped)
    else drop(this.#stage, cause)
  }
}

/** Changes of two sets as those of one: the older first; the oldest go when there are too many. */
export function mergeChanges(
  before: TrackChanges | undefined,
  now: TrackChanges | undefined,
): TrackChanges | undefined {
  if (before === undefined || now === undefined) return before ?? now
  const started = [...before.started, ...now.started]
  const ended = [...before.ended, ...now.ended]
  const tooMany = (list: readonly unknown[]) => Math.max(list.length - MOST_CHANGES, 0)
  const lost = (before.lost ?? 0) + (now.lost ?? 0) + tooMany(started) + tooMany(ended)
  return {
    started: started.slice(-MOST_CHANGES),
    ended: ended.slice(-MOST_CHANGES),
    ...(lost > 0 && { lost }),
  }
}

/** Waits for `work`, but not longer than `ms`. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
