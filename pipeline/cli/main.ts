#!/usr/bin/env node
// The program: finds the command, runs it, turns whatever happens into a sentence and an exit code.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { stopOnSignals } from '../operate/signals.js'
import type { Context } from './command.js'
import { EXIT, reportFailure } from './failure.js'

/** Makes a command; the program gives it its name and summary. */
type MakeCommand = (context: Context) => Command

/** In the order of the help. Only the command that is called is loaded: doctor must run where the addon does not. */
const COMMANDS: Record<string, { summary: string; load(): Promise<MakeCommand> }> = {
  replay: {
    summary: 'run a recording through the pipeline; without a file, the first run',
    load: async () => (await import('./replay.js')).replayCommand,
  },
  run: {
    summary: 'run a camera or recording as a service, from a configuration',
    load: async () => (await import('./run.js')).runCommand,
  },
  info: {
    summary: 'describe recordings and models',
    load: async () => (await import('./info.js')).infoCommand,
  },
  convert: {
    summary: 'write a recording, or a part of it, in another format',
    load: async () => (await import('./convert.js')).convertCommand,
  },
  detect: {
    summary: 'draw the detections of single windows',
    load: async () => (await import('./detect.js')).detectCommand,
  },
  render: {
    summary: 'make a film of a recording with its detections: MP4, GIF or animated PNG',
    load: async () => (await import('./render.js')).renderCommand,
  },
  simulate: {
    summary: 'write a simulated road scene with labels',
    load: async () => (await import('./simulate.js')).simulateCommand,
  },
  import: {
    summary: 'turn a SpikeYOLO checkpoint into an ONNX network',
    load: async () => (await import('./import.js')).importCommand,
  },
  calibrate: {
    summary: 'compile an ONNX network to a plan and report what is exact',
    load: async () => (await import('./calibrate.js')).calibrateCommand,
  },
  'calibrate-sensor': {
    summary: 'measure hot pixels, noise and polarity of a camera by what it recorded',
    load: async () => (await import('./calibrate-sensor.js')).calibrateSensorCommand,
  },
  trace: {
    summary: 'every spike of a network on recorded input, compared with what others computed',
    load: async () => (await import('./trace.js')).traceCommand,
  },
  eval: {
    summary: 'score detections or a model: AP by a published protocol, two compared, or patches',
    load: async () => (await import('./eval.js')).evalCommand,
  },
  profile: {
    summary: 'what each layer of a network costs on a recording: time, synaptic operations, energy',
    load: async () => (await import('./profile.js')).profileCommand,
  },
  models: {
    summary: 'list the models that --model knows by name',
    load: async () => (await import('./models.js')).modelsCommand,
  },
  config: {
    summary: 'show the merged configuration and the origin of each value',
    load: async () => (await import('./config.js')).configCommand,
  },
  doctor: {
    summary: 'check this machine; exit 1 when something required is missing',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
}

/** Time that files and links have to close after a command. */
const LINGER_MS = 1000

const stop = stopOnSignals()
const context: Context = { signal: stop.signal, exitCode: EXIT.done }

// A reader that has seen enough (`| head -1`) is a normal end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') stop.abort()
  else process.exit(reportFailure(error))
})
process.on('uncaughtException', (error) => process.exit(reportFailure(error)))
process.on('unhandledRejection', (error) => process.exit(reportFailure(error)))

process.exitCode = await main(process.argv.slice(2))
// What is still closing may end; what hangs does not keep the program.
setTimeout(() => process.exit(), LINGER_MS).unref()

async function main(args: string[]): Promise<number> {
  try {
    const program = await makeProgram(args.find((arg) => arg !== 'help' && !arg.startsWith('-')))
    await program.parseAsync(args, { from: 'user' })
    return context.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    if (stop.signal.aborted && isAbort(error)) return EXIT.done
    return reportFailure(error)
  }
}

async function makeProgram(called: string | undefined): Promise<Command> {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  )
  const program = new Command('saccade')
    .description('Event cameras to detections on small computers.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = name === called ? (await load())(context) : new Command()
    program.addCommand(command.name(name).description(summary))
  }
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
