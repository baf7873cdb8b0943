/**
 * Waits until `condition` holds; fails after `ms` with the sentence. Time in which the process was stopped, or had no processor,
 * does not count.
 */
export async function until(condition: () => boolean, what: string, ms = 8000): Promise<void> {
  for (let waited = 0; !condition(); ) {
    if (waited > ms) throw new Error(`${what}: not within ${ms} ms`)
    const before = performance.now()
    await sleep(10)
    waited += Math.min(performance.now() - before, 100)
  }
}

/** A pause. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
