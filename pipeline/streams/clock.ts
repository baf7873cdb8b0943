// Time as links and cameras see it, so that tests can make a night pass in a millisecond.

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since some start. */
  now(): number
  /** Calls back after `ms`; the returned function takes it back. */
  after(ms: number, call: () => void): () => void
}

/** The clock of the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

/** Delays that double from `minMs` to `maxMs`, each drawn from 0 to the present limit (full jitter), so that a fleet does not come back in step. */
export class Backoff {
  #limit: number

  constructor(
    readonly minMs: number,
    readonly maxMs: number,
    readonly random: () => number,
  ) {
    this.#limit = minMs
  }

  /** The next delay in ms. */
  next(): number {
    const delay = this.random() * this.#limit
    this.#limit = Math.min(this.#limit * 2, this.maxMs)
    return delay
  }

  /** Delay at the slow end, for what will not mend by itself soon (a wrong password): half to whole of `maxMs`. */
  slow(): number {
    this.#limit = this.maxMs
    return this.maxMs * (0.5 + this.random() / 2)
  }

  reset(): void {
    this.#limit = this.minMs
  }
}

/** Waits, or less when the signal fires. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal?.addEventListener('abort', done)
    if (signal?.aborted) done()
  })
}
