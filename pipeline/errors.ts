/** Stable codes of every error that saccade throws on purpose; the sentence may change, the code does not. */
export type ErrorCode =
  | 'ERR_ARGUMENT' // a call was made with a wrong value
  | 'ERR_CONFIG' // a configuration file or option is wrong
  | 'ERR_NOT_FOUND' // a file, port or model is not there
  | 'ERR_FORMAT' // the bytes are not of the format they claim
  | 'ERR_TRUNCATED' // the bytes end before the first whole record
  | 'ERR_MODEL' // a model or plan is not usable
  | 'ERR_ISA' // an instruction set was asked for that this machine lacks
  | 'ERR_NATIVE' // the native addon is missing, does not load or gets no thread from the system
  | 'ERR_LEASE' // a pooled buffer was lost: neither passed on nor released
  | 'ERR_LEDGER' // counts at a hand-over do not balance
  | 'ERR_IO' // reading or writing failed
  | 'ERR_CONNECT' // a broker, port or camera could not be reached
  | 'ERR_ABORTED' // stopped by an AbortSignal

/**
 * The one error class. `message` is one sentence that says what and where; `hint`, when there is one, says what to do.
 * @example
 * throw new SaccadeError('ERR_TRUNCATED', 'drive_td.dat ends inside its header, at byte 31', 'copy the file again')
 */
export class SaccadeError extends Error {
  override readonly name = 'SaccadeError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** Codes that mean "the call or the configuration was wrong" (exit code 2); all others mean the input or the world (1). */
export const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'ERR_ARGUMENT',
  'ERR_CONFIG',
  'ERR_ISA',
])
