// saccade profile: what each layer of a network costs on a recording.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import { noWork } from '../detect/teacher.js'
import { SaccadeError } from '../errors.js'
import { replay } from '../sources/replay.js'
import { type Profile, profileOf } from '../trace/profile.js'
import { windows } from '../windows/windows.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { addFlags, flagValues } from './config-options.js'
import { openOptions } from './pipeline.js'

interface ProfileCommandOptions extends CommonOptions {
  binary?: boolean
}

export function profileCommand(context: Context): Command {
  const command = makeCommand([
    'saccade profile car drive_td.dat',
    'saccade profile m.spike drive_td.dat --from 1s --to 2s --threads 4 --json',
  ])
  return addFlags(command, ['threads', 'from', 'to', 'filter', 'sensor', 'format', 'geometry'])
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
  const flags = flagValues({ ...options })
  const { config } = await loadConfig({ environment: process.env, flags })
  const model = await Model.load(path)
  const { from, to } = config.source
  const events = replay(recording, { ...openOptions(config), from, to, signal })
  const frames = events.pipe(windows({ ...model.window, ...windowOverrides(config) }))
  const work = noWork(model.plan)
  await using session = await model.open({ threads: config.model.threads, binary: options.binary })
  for await (const frame of frames) await session.measure!(frame.data, work)
  if (work.frames === 0)
    throw new SaccadeError('ERR_ARGUMENT', `${recording} has no window to profile on`)
  const result = profileOf(model.plan, work)
  const { name, sha256 } = model
  if (options.json) printJson({ model: name, sha256, recording, isa: session.isa, ...result })
  else print(result, session.isa)
}

function print({ frames, layers, otherMs, totals }: Profile, isa: string): void {
  const number = (x: number | undefined, digits: number) => x?.toFixed(digits) ?? ''
  const millions = (x: number) => number(x / 1e6, 3)
  printTable([
    ['layer', 'output', 'kernel', 'MMAC', 'density', 'mean', 'MSOP', 'ms', 'uJ', 'ANN uJ'],
    ...layers.map((layer) => [
      layer.layer,
      layer.shape.join('x'),
      layer.kernel.join('x'),
      millions(layer.macs),
      number(layer.density, 3),
      number(layer.mean, 3),
      layer.reads === 'spikes' ? millions(layer.sops) : 'MAC',
      number(layer.timeMs, 3),
      millions(layer.energyPj),
      millions(layer.annPj),
    ]),
  ])
  const others = Object.entries(otherMs).map(([kind, ms]) => `${kind} ${number(ms, 3)} ms`)
  const lines = [
    ...(others.length > 0 ? [`not convolutions: ${others.join(', ')}`] : []),
    `per window (mean of ${frames}, ${isa}): ${number(totals.macs / 1e9, 3)} GMAC dense, ${number(totals.sops / 1e9, 3)} G synaptic operations counted, mean spike ${number(totals.mean, 3)}, ${number(totals.timeMs, 2)} ms`,
    `energy by the paper's rule (0.9 pJ per MAC x mean spike, 4.6 pJ per MAC of what reads no spikes): ${number(totals.energyMj, 3)} mJ`,
    `the same convolutions in an ordinary network: ${number(totals.annMacs / 1e9, 3)} GMAC, ${number(totals.annMj, 3)} mJ, ${number(totals.ratio, 2)} times as much`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
