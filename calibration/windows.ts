// Windows of recordings to calibrate on: spread over all of each recording, so that a start without traffic does not decide.
import { type Plan, replay, SaccadeError, windows } from '../pipeline/index.js'

/**
 * Windows with events as frames u8 [T, C, H, W], in the order of the recordings and of time, as evenly spread as can be.
 * Reads every recording to its end; holds at most twice as many windows as it returns.
 * @throws ERR_ARGUMENT when there are fewer than `least`, and what reading throws
 */
export async function framesOf(
  recordings: readonly string[],
  { window }: Pick<Plan, 'window'>,
  { most = 4, least = 1, signal }: { most?: number; least?: number; signal?: AbortSignal } = {},
): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let total = 0
  let events = 0
  for (const [i, recording] of recordings.entries()) {
    const wanted = Math.max(1, Math.ceil((most - frames.length) / (recordings.length - i)))
    let kept: Uint8Array[] = []
    let every = 1
    let seen = 0
    for await (const frame of replay(recording, { signal }).pipe(windows(window))) {
      total += 1
      events += frame.events
      if (frame.events === 0) continue
      if (seen % every === 0) kept.push(Uint8Array.from(frame.data))
      seen += 1
      if (kept.length < 2 * wanted) continue
      kept = kept.filter((_, k) => k % 2 === 0)
      every *= 2
    }
    const count = Math.min(wanted, kept.length)
    for (let k = 0; k < count; k++) frames.push(kept[Math.floor((k * kept.length) / count)]!)
  }
  if (frames.length >= least) return frames
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `${recordings.join(', ')}: of ${total} windows of ${window.durationUs / 1000} ms, ${frames.length} have events (${events} events); ${least} are needed`,
    'give longer recordings, or some with more motion',
  )
}
