// Times as users write them: an integer is absolute µs; "1.5s", "+200ms", "300us" count from the start of the recording.
import { SaccadeError } from '../errors.js'

/** Absolute µs, or a string that counts from the start. */
export type TimeSpec = number | string

const UNITS: Record<string, number> = { us: 1, µs: 1, ms: 1000, s: 1_000_000, min: 60_000_000 }

/**
 * Absolute µs of a time spec.
 * @param start stamp of the recording's first event, absolute µs
 * @example
 * resolveTime('+200ms', 20_500_000) // 20_700_000
 * resolveTime(20_700_000, 20_500_000) // 20_700_000
 */
export function resolveTime(spec: TimeSpec, start: number): number {
  if (typeof spec === 'number' || /^\d+$/.test(spec)) {
    const us = Number(spec)
    if (Number.isSafeInteger(us) && us >= 0) return us
  } else {
    const match = /^\+?(\d+(?:\.\d+)?)\s*(us|µs|ms|s|min)$/.exec(spec.trim())
    const us = match ? Math.round(Number(match[1]) * UNITS[match[2]!]!) : Number.NaN
    if (Number.isSafeInteger(start + us)) return start + us
  }
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `"${spec}" is no time`,
    'an integer is absolute µs; 1.5s or +200ms count from the start',
  )
}
