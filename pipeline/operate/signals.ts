// Stop on request: the first SIGINT or SIGTERM aborts, what runs finishes; a second one ends the process at once.

/** A program that was asked to stop and is not done by then is ended. */
const GRACE_MS = 2_700

/**
 * Aborts on the first SIGINT or SIGTERM. The second exits with 130 at once; so does nothing else but a stop that takes
 * longer than 2.7 s, which says so and exits with 1.
 */
export function stopOnSignals(): AbortController {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
      setTimeout(() => {
        process.stderr.write(`saccade: did not stop within ${GRACE_MS / 1000} s\n`)
        process.exit(1)
      }, GRACE_MS).unref()
    })
  }
  return stop
}
