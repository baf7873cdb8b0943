// saccade config: what a run would use, and where each value comes from.
import type { Command } from 'commander'
import { explainConfig } from '../config/explain.js'
import { loadConfig } from '../config/load.js'
import { type CommonOptions, makeCommand, printJson, printTable } from './command.js'
import { addFlags, flagValues, RUN_FLAGS } from './config-options.js'

export function configCommand(): Command {
  const command = makeCommand([
    'saccade config robot.yaml',
    'SACCADE_MODEL_THREADS=2 saccade config robot.yaml --score 0.5 --json',
  ])
  return addFlags(command, RUN_FLAGS)
    .argument('[file]', 'a YAML file; the environment and flags come on top')
    .action(async (file: string | undefined, options: CommonOptions & Record<string, unknown>) => {
      const loaded = await loadConfig({
        file,
        environment: process.env,
        flags: flagValues(options),
      })
      const lines = explainConfig(loaded)
      if (options.json) {
        printJson(Object.fromEntries(lines.map(({ name, ...rest }) => [name, rest])))
        return
      }
      printTable(
        lines.map(({ name, value, origin }) => [
          name,
          value === undefined ? '-' : String(value),
          value === undefined ? '' : origin,
        ]),
      )
    })
}
