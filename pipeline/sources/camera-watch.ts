// The clockwork beside an open camera: the feed's ticks, and whether anything comes.
import type { CameraContext } from './camera-device.js'
import { TICK_MS } from './camera-feed.js'

/** Even in the dark a camera sends times or noise; without anything for so long it is silent. */
const SILENT_MS = 2000

/** Ticks the feed and tells silence and its end, until it is stopped. */
export class CameraWatch {
  #heardAt: number
  #silent = false
  #cancel: () => void

  /** @param silent called when the silence is told, once for each */
  constructor(
    private readonly name: string,
    private readonly context: CameraContext,
    private readonly silent: () => void = () => {},
  ) {
    this.#heardAt = context.clock.now()
    this.#cancel = context.clock.after(TICK_MS, () => this.#tick())
    context.state('up')
  }

  /** To be called when something has come. */
  heard(): void {
    this.#heardAt = this.context.clock.now()
    if (!this.#silent) return
    this.#silent = false
    this.context.state('up')
    this.context.notice(`${this.name} sends again`)
  }

  stop(): void {
    this.#cancel()
  }

  #tick(): void {
    const { clock, feed, state, notice } = this.context
    feed.tick()
    if (!this.#silent && clock.now() - this.#heardAt >= SILENT_MS) {
      this.#silent = true
      state('silent')
      notice(`${this.name} sends nothing`)
      this.silent()
    }
    this.#cancel = clock.after(TICK_MS, () => this.#tick())
  }
}
