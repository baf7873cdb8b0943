/** Waits until `condition` holds; fails after `ms` with the sentence. */
export async function until(condition: () => boolean, what: string, ms = 8000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(10)
  }
}

/** A pause. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
