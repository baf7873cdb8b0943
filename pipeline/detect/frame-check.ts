// What every backend refuses in a frame, in the same words.
import { SaccadeError } from '../errors.js'
import type { Plan } from './plan.js'
import { inputLimit } from './plan-check.js'

/** Throws ERR_ARGUMENT unless `frame` has the bytes of the plan's window. */
export function checkFrameSize({ name, window }: Plan, frame: Uint8Array): void {
  const { steps, channels, height, width } = window
  const bytes = steps * channels * height * width
  if (frame instanceof Uint8Array && frame.length === bytes) return
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `a frame of ${name} is a Uint8Array of ${bytes} bytes [${steps}, ${channels}, ${height}, ${width}], not ${frame?.length}`,
  )
}

/** The error for a frame with a value above the largest of the plan's window (inputLimit): the proofs hold up to it. */
export function valueTooLarge({ name, window }: Plan): SaccadeError {
  return new SaccadeError(
    'ERR_ARGUMENT',
    `the frame holds a count above ${inputLimit(window)}, the clip of ${name}'s window`,
    'make frames with the window of the model (windows(model.window))',
  )
}
