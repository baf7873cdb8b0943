// Options of a session over the settings of its model, checked once for all backends.
import { SaccadeError } from '../errors.js'
import type { DetectSpec, Plan } from './plan.js'
import type { SessionOptions } from './session.js'

/** Threads and detect settings that a session runs with. Throws ERR_ARGUMENT for a value out of range. */
export function resolveOptions(
  plan: Plan,
  options: SessionOptions,
): { threads: number; detect: DetectSpec } {
  const { threads = 1, score, iou, max } = options
  wholeNumber('threads', threads, 1, 64)
  fraction('score', score)
  fraction('iou', iou)
  if (max !== undefined) wholeNumber('max', max, 1, 30_000)
  const detect = {
    ...plan.detect,
    ...(score !== undefined && { score }),
    ...(iou !== undefined && { iou }),
    ...(max !== undefined && { max }),
  }
  return { threads, detect }
}

function fraction(name: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0 && value <= 1))
    throw new SaccadeError('ERR_ARGUMENT', `${name} must be 0..1, not ${value}`)
}

function wholeNumber(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${name} must be a whole number, ${low}..${high}, not ${value}`,
    )
}
