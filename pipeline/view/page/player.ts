// Where one is and what is asked for next. A camera: the newest window, or none while it is paused. A recording: a play
// head of its own, which runs by the browser's clock; what the process has not looked at yet is waited for.
import type { FrameHeader, Hello, Request } from '../live/protocol.js'
import type { Series } from './series.js'

/** A frame that did not come within this time is asked for again. */
const PATIENCE_MS = 3000

export class Player {
  isPlaying = true
  /** Shows the newest window. */
  isFollowing = true
  speed = 1
  /** Begins again at the end of a recording. */
  loops = false
  /** The process has looked at all of it. */
  isComplete = false
  /** µs, end of the window that is wanted. */
  t = Number.NaN
  /** µs, end of the window that is shown. */
  shown = Number.NaN
  trailUs = 0
  #hello: Hello | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #isWaiting = false
  #id = 0
  #tickAt: number | undefined
  /** A step of a camera: one window although it is paused. */
  #wantsOne = false

  constructor(
    readonly series: Series,
    readonly ask: (request: Request) => void,
    /** Called when the picture must begin anew: the next one does not follow the last. */
    readonly onJump: () => void,
    readonly onChange: () => void,
  ) {}

  get isRecording(): boolean {
    return this.#hello?.kind === 'recording'
  }

  /** A run, the same as before or another one. */
  begin(hello: Hello, isNew: boolean): void {
    this.#hello = hello
    this.#isWaiting = false
    if (isNew) {
      this.isPlaying = true
      this.isFollowing = hello.kind === 'camera' || hello.paced
      this.t = this.shown = Number.NaN
    }
    if (this.isFollowing && this.isPlaying) this.#askNewest()
    this.onChange()
  }

  toggle(): void {
    this.isPlaying = !this.isPlaying
    if (this.isPlaying && this.isRecording && !this.isFollowing && this.#isAtEnd())
      this.#goTo(this.#first())
    if (this.isPlaying && this.isFollowing) this.#askNewest()
    this.onChange()
  }

  follow(): void {
    if (this.isRecording && !this.isFollowing) {
      this.#isWaiting = false
      this.onJump()
    }
    this.isFollowing = true
    this.isPlaying = true
    this.#askNewest()
    this.onChange()
  }

  /** By windows, or by a time in µs. A camera gives its newest one, whichever way. */
  step(windows: number, us?: number): void {
    this.isPlaying = false
    if (!this.isRecording) {
      this.#wantsOne = true
      this.#askNewest()
    } else {
      this.isFollowing = false
      const index = this.series.indexAt(this.#place())
      const next =
        us === undefined ? this.series.at(Math.max(0, index + windows))?.[0] : this.#place() + us
      if (next !== undefined) this.#goTo(next)
    }
    this.onChange()
  }

  seek(t: number): void {
    if (!this.isRecording) return
    this.isFollowing = false
    this.#goTo(t)
    this.onChange()
  }

  toStart(): void {
    this.seek(this.#first())
  }

  /** Called for each picture of the screen. */
  tick(now: number): void {
    const passed = this.#tickAt === undefined ? 0 : now - this.#tickAt
    this.#tickAt = now
    if (this.#hello === undefined) return
    if (this.#isWaiting) {
      if (now - this.#askedAt > PATIENCE_MS) this.#isWaiting = false
      return
    }
    if (!this.isRecording || this.isFollowing) {
      if (this.isPlaying) this.#askNewest()
      return
    }
    if (this.series.length === 0) return
    if (Number.isNaN(this.t)) this.t = this.#first()
    // A tab that was in the background goes on where it was.
    if (this.isPlaying)
      this.t = Math.min(this.t + Math.min(passed, 250) * 1000 * this.speed, this.#last())
    if (this.isPlaying && this.isComplete && this.#isAtEnd()) this.#endReached()
    const wanted = this.series.at(this.series.indexAt(this.t))![0]
    if (wanted !== this.shown) this.#askFor(wanted)
  }

  /** A frame came; true when it is one to be shown. */
  take(header: FrameHeader): boolean {
    const byTime = this.isRecording && !this.isFollowing
    if (byTime ? header.id !== this.#id : header.id !== undefined) return false
    if (header.before) return true
    this.#isWaiting = false
    const isWanted = byTime || this.isPlaying || this.#wantsOne
    this.#wantsOne = false
    if (!isWanted) return false
    this.shown = header.tEnd
    if (!byTime) this.t = header.tEnd
    return true
  }

  #askNewest(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    // Silence is no fault of a connection: the next window comes when it comes.
    this.#askedAt = Number.POSITIVE_INFINITY
    this.ask({ type: 'next' })
  }

  #askFor(t: number): void {
    const { hopUs } = this.#hello!.window
    const ahead = t - this.shown
    const isNext = ahead > 0 && ahead <= this.trailUs + hopUs
    if (!isNext) this.onJump()
    this.#isWaiting = true
    this.#askedAt = performance.now()
    this.#id += 1
    const trailUs = isNext ? ahead : Math.max(this.trailUs, hopUs)
    this.ask({ type: 'at', id: this.#id, t, trailUs: Math.floor(trailUs) })
  }

  #endReached(): void {
    if (this.shown !== this.#last()) return
    if (this.loops) this.t = this.#first()
    else this.isPlaying = false
    this.onChange()
  }

  #goTo(t: number): void {
    this.t = Math.min(Math.max(t, this.#first()), this.#last())
    // What was waited for is not wanted any more.
    this.#isWaiting = false
  }

  #place(): number {
    return Number.isNaN(this.t) ? this.shown : this.t
  }

  #first(): number {
    return this.series.first?.[0] ?? 0
  }

  #last(): number {
    return this.series.last?.[0] ?? 0
  }

  #isAtEnd(): boolean {
    return this.t >= this.#last()
  }
}
