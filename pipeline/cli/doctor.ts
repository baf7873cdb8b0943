// saccade doctor: is everything there that saccade needs?
import type { Command } from 'commander'
import { type Check, diagnose } from '../operate/diagnose.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { EXIT } from './failure.js'

const MARKS: Record<Check['state'], string> = { ok: 'ok', missing: 'MISSING', absent: '-' }

export function doctorCommand(context: Context): Command {
  return makeCommand(['saccade doctor', 'saccade doctor --json']).action(
    async (options: CommonOptions) => {
      const checks = await diagnose()
      if (options.json) printJson(checks)
      else printTable(checks.map(({ name, state, detail }) => [MARKS[state], name, detail]))
      if (checks.some(({ state }) => state === 'missing')) context.exitCode = EXIT.failed
    },
  )
}
