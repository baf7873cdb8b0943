// How a camera is kept open: opened, followed, and after a loss opened again, for ever, with a growing pause between.
import { SaccadeError } from '../errors.js'
import { Backoff, type Clock, pause, systemClock } from '../streams/clock.js'
import type { CameraContext } from './camera-device.js'

const BACKOFF_MIN_MS = 250
const BACKOFF_MAX_MS = 5000

/** Why there is no connection: the world's fault, told in a sentence. */
export class LinkFailure extends Error {
  constructor(
    readonly why: string,
    readonly hint = '',
  ) {
    super(why)
  }

  /** As the API reports it. */
  error(name: string): SaccadeError {
    return new SaccadeError(
      'ERR_CONNECT',
      `no connection to ${name}: ${this.why}`,
      this.hint === '' ? undefined : this.hint,
    )
  }
}

/** An open camera. */
export interface CameraLink {
  /** Said when it is open, behind its name, e.g. "sends, at 4000000 baud". */
  readonly greeting: string
  /**
   * Feeds until the camera is lost (resolves with the reason) or the signal fires (undefined). `alive` is called when events
   * come: the next pause is then a short one.
   */
  follow(context: CameraContext, alive: () => void): Promise<string | undefined>
  /** Ends it, within half a second. */
  close(): Promise<void>
}

/**
 * Runs a camera as `CameraDevice.run` promises. `open` rejects with LinkFailure when there is none just now; any other error
 * ends the stream.
 */
export async function keepOpen(
  name: string,
  context: CameraContext,
  open: () => Promise<CameraLink>,
): Promise<void> {
  const { signal, clock, feed, notice, state } = context
  const backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random)
  let opened = false
  let told: string | undefined
  while (!signal.aborted) {
    const link = await open().catch((error) => {
      if (!(error instanceof LinkFailure)) throw error
      if (signal.aborted) return undefined
      if (!opened && !context.wait) throw error.error(name)
      if (error.why !== told) notice(`${name} does not open: ${error.why}; trying again`)
      told = error.why
      return undefined
    })
    if (link !== undefined) {
      if (opened) feed.fault('reconnect')
      notice(`${name} ${link.greeting}`)
      opened = true
      told = undefined
      const lost = await link.follow(context, () => backoff.reset())
      await link.close()
      if (lost === undefined) return
      state('lost')
      notice(`lost ${name} (${lost}); trying again`)
    }
    await pause(clock, backoff.next(), signal)
  }
}

/** How one waits for a camera that must be looked at before it can be subscribed. */
export interface WaitOptions {
  wait?: boolean
  notice?: (sentence: string) => void
  signal?: AbortSignal
  clock?: Clock
  random?: () => number
}

/** Looks until it is there, when `wait` is set; an absence is told once. */
export async function untilThere<T>(look: () => Promise<T>, options: WaitOptions): Promise<T> {
  const { signal, wait = false, notice = () => {}, clock = systemClock } = options
  const backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, options.random ?? Math.random)
  for (let told = false; ; ) {
    try {
      return await look()
    } catch (error) {
      if (!wait || !isAbsence(error) || signal?.aborted) throw error
      if (!told) notice(`${(error as Error).message}; trying again`)
      told = true
    }
    await pause(clock, backoff.next(), signal)
  }
}

/** Nobody there, or gone before the first byte. */
export function isAbsence(error: unknown): boolean {
  return (
    error instanceof SaccadeError && ['ERR_CONNECT', 'ERR_TRUNCATED', 'ERR_IO'].includes(error.code)
  )
}
