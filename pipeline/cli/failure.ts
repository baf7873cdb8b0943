// Every error leaves as one sentence on stderr, with a hint when there is one, and an exit code.
import { SaccadeError, USAGE_CODES } from '../errors.js'

/** Exit codes (design section 5). */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Prints the error and returns the exit code that goes with it. */
export function reportFailure(error: unknown): number {
  const { sentence, hint, code } = describe(error)
  process.stderr.write(`saccade: ${sentence}\n${hint ? `  ${hint}\n` : ''}`)
  if (process.env.SACCADE_DEBUG === '1')
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return code
}

function describe(error: unknown): { sentence: string; hint?: string; code: number } {
  if (error instanceof SaccadeError)
    return {
      sentence: error.message,
      hint: error.hint,
      code: USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed,
    }
  const message = error instanceof Error ? error.message : String(error)
  // The system's own errors ("ENOSPC: no space left on device, write") are sentences; anything else is a fault of ours.
  if (isSystemError(error)) return { sentence: message, code: EXIT.failed }
  return {
    sentence: `internal error: ${message.split('\n')[0]}`,
    hint: 'SACCADE_DEBUG=1 shows where; please report it',
    code: EXIT.failed,
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
