// Logs: pino on stderr, so that stdout carries results only.
//   terminal   12:03:44 warn  mqtt broker:1883 is lost: retrying
//   journal    <4>mqtt broker:1883 is lost: retrying     (journald has the time and reads the priority)
//   elsewhere  {"level":"warn","time":"2026-11-24T12:03:44.120Z","msg":"mqtt broker:1883 is lost: retrying"}
import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'

/** A log as saccade uses it. */
export type Log = Logger

/** What `log` in a configuration says. */
export interface LogSettings {
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** auto: text on a terminal and in the journal, JSON elsewhere. */
  format: 'auto' | 'text' | 'json'
}

/** Where lines go and what is known about that place. */
export interface LogTarget {
  write(line: string): void
  isTerminal: boolean
  isJournal: boolean
}

/** A warning or error that comes again within this time is counted instead of written. */
const REPEAT_MS = 10_000
const PRIORITIES: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 }

/** stderr, written synchronously: what is logged before an exit is there. */
export const stderrTarget: LogTarget = {
  write: (line) => void process.stderr.write(line),
  isTerminal: process.stderr.isTTY === true,
  isJournal: process.env.JOURNAL_STREAM !== undefined,
}

/**
 * A log. Repeated warnings and errors are written once in 10 s, then with `repeated: n`.
 * @example
 * const log = makeLog({ level: 'info', format: 'auto' })
 * log.info({ windows: 20 }, 'done')
 */
export function makeLog(settings: LogSettings, target: LogTarget = stderrTarget): Log {
  const asText =
    settings.format === 'text' ||
    (settings.format === 'auto' && (target.isTerminal || target.isJournal))
  return pino(
    {
      level: settings.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { logMethod: countRepeats() },
    },
    asText ? { write: (line: string) => target.write(toText(line, target.isJournal)) } : target,
  )
}

type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>

function countRepeats(): LogMethod {
  const seen = new Map<string, { until: number; repeated: number }>()
  return function (args, method, level) {
    if (level < 40) return method.apply(this, args)
    const words: unknown[] = args
    const [fields, sentence] = typeof words[0] === 'string' ? [{}, words[0]] : words
    const key = String(sentence)
    const now = performance.now()
    const last = seen.get(key)
    if (last !== undefined && now < last.until) {
      last.repeated += 1
      return
    }
    if (seen.size > 100) seen.clear()
    seen.set(key, { until: now + REPEAT_MS, repeated: 0 })
    const repeated = last !== undefined && last.repeated > 0 ? { repeated: last.repeated } : {}
    method.apply(this, [{ ...(fields as object), ...repeated }, key])
  }
}

function toText(line: string, isJournal: boolean): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const rest = Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join('')
  if (isJournal) return `<${PRIORITIES[String(level)] ?? 7}>${msg}${rest}\n`
  const clock = String(time).slice(11, 19)
  return `${clock} ${String(level).padEnd(5)} ${msg}${rest}\n`
}
