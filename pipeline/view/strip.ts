// Times, counts and rates as people read them, shared by pictures and terminal.
import type { DetectionSet } from '../detect/detection.js'
import type { StripText } from './render.js'

/** "1.250 s": µs as seconds with milliseconds. */
export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`
}

/** Three figures, prefix and unit: "842 ev", "12.4 kev", "1.33 Mev/s". */
export function quantity(n: number, unit: string): string {
  if (n < 999.5) return `${Math.round(n)} ${unit}`
  const [value, prefix] = n < 999_500 ? [n / 1e3, 'k'] : [n / 1e6, 'M']
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${prefix}${unit}`
}

/**
 * The usual strip over a picture: end of the window, its length, events and rate; at the right who looked.
 * @param start stamp that counts as zero, absolute µs
 */
export function windowStrip(
  set: Pick<DetectionSet, 'tStart' | 'tEnd' | 'events'>,
  start: number,
  right?: string,
): StripText {
  const length = set.tEnd - set.tStart
  const rate = (set.events * 1e6) / length
  const left = `${seconds(set.tEnd - start)}   ${length / 1000} ms   ${quantity(set.events, 'ev')}   ${quantity(rate, 'ev/s')}`
  return { left, right }
}
