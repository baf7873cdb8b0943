// saccade simulate: a seeded road scene as a recording with labels.
import { type Command, Option } from 'commander'
import { durationUs } from '../config/windows.js'
import { SaccadeError } from '../errors.js'
import { parseGeometry } from '../events/geometry.js'
import type { Place } from '../simulate/places.js'
import type { SimulateSpec } from '../simulate/simulate.js'
import { writeSimulation } from '../simulate/write.js'
import { ProgressBar } from '../view/progress.js'
import { quantity } from '../view/strip.js'
import { type CommonOptions, type Context, makeCommand, printJson } from './command.js'

interface SimulateCommandOptions extends CommonOptions {
  seed: string
  duration: string
  scene: Place
  cars?: string
  people?: string
  geometry?: string
  output?: string
}

export function simulateCommand(context: Context): Command {
  return makeCommand([
    'saccade simulate',
    'saccade simulate --seed 7 --duration 10s --scene crossing -o crossing',
  ])
    .option('--seed <n>', 'same seed, same bytes', '1')
    .option('--duration <time>', 'length', '2s')
    .addOption(
      new Option('--scene <name>', 'what is simulated')
        .choices(['street', 'mixed', 'crossing'])
        .default('street'),
    )
    .option('--cars <n>', 'cars in the scene')
    .option('--people <n>', 'people in the scene')
    .option('--geometry <WxH>', 'sensor size; default 304x240')
    .option('-o, --output <name>', 'writes NAME_td.dat and NAME_bbox.npy; default SCENE-SEED')
    .action((options: SimulateCommandOptions) => simulateDrive(options, context))
}

async function simulateDrive(options: SimulateCommandOptions, context: Context): Promise<void> {
  const { scene, cars, people, geometry, json, quiet } = options
  const spec: SimulateSpec = {
    seed: wholeNumber('--seed', options.seed),
    durationUs: durationUs(options.duration),
    scene,
    ...(cars !== undefined && { cars: wholeNumber('--cars', cars) }),
    ...(people !== undefined && { people: wholeNumber('--people', people) }),
    ...(geometry !== undefined && parseGeometry(geometry)),
  }
  const name = options.output?.replace(/(_td)?\.dat$/, '') ?? `${scene}-${spec.seed}`
  const bar = new ProgressBar(name)
  const written = await writeSimulation(spec, name, {
    signal: context.signal,
    progress: ({ reached }) => quiet || bar.update(reached, spec.durationUs!),
  }).finally(() => bar.clear())
  if (json) printJson({ ...spec, ...written })
  else
    process.stdout.write(
      `${written.recording}  ${quantity(written.events, 'ev')}\n${written.labels}  ${written.boxes} boxes\n`,
    )
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new SaccadeError('ERR_ARGUMENT', `${flag} must be a whole number, not "${text}"`)
}
