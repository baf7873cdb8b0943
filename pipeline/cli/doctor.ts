// saccade doctor: is everything there that saccade needs?
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { durationUs } from '../config/windows.js'
import { type Check, diagnose } from '../operate/diagnose.js'
import { keepUp, keepUpText } from '../operate/keep-up.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { addFlags, flagValues } from './config-options.js'
import { EXIT } from './failure.js'

const MARKS: Record<Check['state'], string> = { ok: 'ok', missing: 'MISSING', absent: '-' }

interface DoctorOptions extends CommonOptions {
  model?: string
  threads?: string
  hop?: string
}

export function doctorCommand(context: Context): Command {
  const command = makeCommand([
    'saccade doctor',
    'saccade doctor --json',
    'saccade doctor --model car --threads 2 --hop 50ms',
  ])
  return addFlags(command, ['model', 'threads'])
    .option(
      '--hop <duration>',
      'time from window to window; with it or --model, is this machine fast enough?',
    )
    .action(async (options: DoctorOptions) => {
      const checks = await diagnose()
      if (options.model !== undefined || options.hop !== undefined)
        checks.push(await speed(options))
      if (options.json) printJson(checks)
      else printTable(checks.map(({ name, state, detail }) => [MARKS[state], name, detail]))
      if (checks.some(({ state }) => state === 'missing')) context.exitCode = EXIT.failed
    })
}

/** Whether this machine keeps up with a model; `absent` when it does not. */
async function speed({ hop, ...options }: DoctorOptions): Promise<Check> {
  const flags = { ...flagValues({ ...options }), 'window.hop': hop }
  const { config } = await loadConfig({ environment: process.env, flags })
  const { name, threads } = config.model
  const hopUs = config.window.hop === undefined ? undefined : durationUs(config.window.hop)
  const found = await keepUp(name, { threads, hopUs })
  return { name: 'speed', state: found.keepsUp ? 'ok' : 'absent', detail: keepUpText(found) }
}
