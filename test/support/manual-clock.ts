import type { Clock } from '../../pipeline/streams/clock.js'

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ at: number; call: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, timer by timer, and what follows from each happen. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const due = [...this.#timers].filter(({ at }) => at <= end)
      if (due.length === 0) break
      const next = due.reduce((a, b) => (b.at < a.at ? b : a))
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.call()
    }
    this.#now = end
  }
}

/** Lets promises and chains of immediates run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve))
}
