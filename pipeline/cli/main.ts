#!/usr/bin/env node
// The program: finds the command, runs it, turns whatever happens into a sentence and an exit code.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { stopOnSignals } from '../operate/signals.js'
import type { Context } from './command.js'
import { configCommand } from './config.js'
import { doctorCommand } from './doctor.js'
import { EXIT, reportFailure } from './failure.js'
import { modelsCommand } from './models.js'

const stop = stopOnSignals()
const context: Context = { signal: stop.signal, exitCode: EXIT.done }

// A reader that has seen enough (`| head -1`) is a normal end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') stop.abort()
  else process.exit(reportFailure(error))
})
process.on('uncaughtException', (error) => process.exit(reportFailure(error)))
process.on('unhandledRejection', (error) => process.exit(reportFailure(error)))

process.exit(await main(process.argv))

async function main(argv: string[]): Promise<number> {
  try {
    await program().parseAsync(argv)
    return context.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (stop.signal.aborted && isAbort(error)) return EXIT.done
    return reportFailure(error)
  }
}

function program(): Command {
  const version = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  ).version
  const program = new Command('saccade')
    .description('Event cameras to detections on small computers.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
  for (const make of [modelsCommand, configCommand, doctorCommand])
    program.addCommand(make(context))
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: (text, write) => write(tidy(text)) })
  return program
}

/** commander's "error: unknown option '--x'\n(Did you mean --y?)" in the shape of all our errors. */
function tidy(text: string): string {
  const [first, ...rest] = text.trim().split('\n')
  const hints = rest.map((line) => `  ${line.replace(/^\((.*)\)$/, '$1')}\n`)
  return `saccade: ${first!.replace(/^error: /, '')}\n${hints.join('')}`
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ABORTED'
}
