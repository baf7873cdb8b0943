// saccade profile: what each layer of a network costs on a recording.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import { noWork } from '../detect/teacher.js'
import { SaccadeError } from '../errors.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { replay } from '../sources/replay.js'
import { type Profile, profileOf } from '../trace/profile.js'
import { profileReport, profileRows, profileSentences } from '../trace/profile-report.js'
import { writeReport } from '../view/report.js'
import { windows } from '../windows/windows.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { addFlags, flagValues } from './config-options.js'
import { configForRecording, openOptions } from './pipeline.js'

interface ProfileCommandOptions extends CommonOptions {
  binary?: boolean
  html?: string
}

export function profileCommand(context: Context): Command {
  const command = makeCommand([
    'saccade profile car drive_td.dat',
    'saccade profile m.spike drive_td.dat --from 1s --to 2s --threads 4 --json',
  ])
  return addFlags(command, ['threads', 'from', 'to', 'filter', 'sensor', 'format', 'geometry'])
    .option('--html <file>', 'write it as a page, too')
    .option('--binary', 'count by binary accumulations; slow, the same numbers')
    .argument('<model>', 'name of a model (saccade models) or a path')
    .argument('<recording>', 'what it looks at')
    .action((path: string, recording: string, options: ProfileCommandOptions) =>
      profile(path, recording, options, context),
    )
}

async function profile(
  path: string,
  recording: string,
  options: ProfileCommandOptions,
  { signal }: Context,
): Promise<void> {
  await keepInputs(options.html, [path, recording])
  const flags = flagValues({ ...options })
  const loaded = await loadConfig({ environment: process.env, flags })
  const config = await configForRecording(loaded.config, recording)
  const model = await Model.load(path)
  const { from, to } = config.source
  const events = replay(recording, { ...openOptions(config), from, to, signal })
  const frames = events.pipe(windows({ ...model.window, ...windowOverrides(config) }))
  const work = noWork(model.plan)
  await using session = await model.open({
    threads: config.model.threads,
    form: options.binary ? 'binary' : 'auto',
  })
  for await (const frame of frames) await session.measure!(frame.data, work)
  if (work.frames === 0)
    throw new SaccadeError('ERR_ARGUMENT', `${recording} has no window to profile on`)
  const result = profileOf(model.plan, work)
  const { name, sha256 } = model
  const origin = { model: name, sha256, recording, isa: session.isa }
  if (options.html !== undefined) await writeReport(options.html, profileReport(result, origin))
  if (options.json) printJson({ ...origin, ...result })
  else print(result, session.isa)
}

function print(profile: Profile, isa: string): void {
  const { columns, rows } = profileRows(profile)
  printTable([columns, ...rows])
  process.stdout.write(`${profileSentences(profile, isa).join('\n')}\n`)
}
