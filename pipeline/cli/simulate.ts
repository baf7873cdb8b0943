// saccade simulate: a seeded road scene as a recording with labels.
import { type Command, Option } from 'commander'
import { durationUs } from '../config/windows.js'
import { SaccadeError } from '../errors.js'
import { parseGeometry } from '../events/geometry.js'
import { writeDrives } from '../simulate/drives.js'
import type { Place } from '../simulate/places.js'
import { SCENES, type SimulateSpec } from '../simulate/simulate.js'
import { writeSimulation } from '../simulate/write.js'
import { ProgressBar } from '../view/progress.js'
import { quantity } from '../view/strip.js'
import { type CommonOptions, type Context, makeCommand, printJson } from './command.js'

interface SimulateCommandOptions extends CommonOptions {
  seed: string
  duration: string
  scene: Place | 'hard'
  cars?: string
  people?: string
  geometry?: string
  output?: string
  count?: string
  out?: string
  jobs?: string
}

export function simulateCommand(context: Context): Command {
  return makeCommand([
    'saccade simulate',
    'saccade simulate --seed 7 --duration 10s --scene crossing -o crossing',
    'saccade simulate --scene hard --count 1000 --duration 500ms --jobs 2 --out drives',
  ])
    .option('--seed <n>', 'same seed, same bytes', '1')
    .option('--duration <time>', 'length', '2s')
    .addOption(new Option('--scene <name>', 'what is simulated').choices(SCENES).default('street'))
    .option('--cars <n>', 'cars in the scene')
    .option('--people <n>', 'people in the scene')
    .option('--geometry <WxH>', 'sensor size; default 304x240')
    .option('-o, --output <name>', 'writes NAME_td.dat and NAME_bbox.npy; default SCENE-SEED')
    .option('--count <n>', 'many drives, the seed going up by one; those that are there are kept')
    .option('--out <folder>', 'where they go; default drives')
    .option('--jobs <n>', 'threads for them; default 1')
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
  if (options.count !== undefined) return simulateDrives(spec, options, context)
  if (options.out !== undefined || options.jobs !== undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      '--out and --jobs are for many drives',
      'add --count, or name one drive with -o',
    )
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

async function simulateDrives(
  drive: SimulateSpec,
  options: SimulateCommandOptions,
  { signal }: Context,
): Promise<void> {
  const { json, quiet, out = 'drives', output } = options
  if (output !== undefined)
    throw new SaccadeError('ERR_ARGUMENT', '-o names one drive', 'many go into a folder: --out')
  const count = wholeNumber('--count', options.count!)
  const jobs = wholeNumber('--jobs', options.jobs ?? '1')
  if (jobs < 1 || jobs > 256)
    throw new SaccadeError('ERR_ARGUMENT', `--jobs is ${jobs}, outside 1 to 256`)
  const bar = new ProgressBar(out)
  const progress = (done: number) => quiet || bar.update(done, count)
  const written = await writeDrives({ drive, count, jobs }, out, { signal, progress }).finally(() =>
    bar.clear(),
  )
  if (json) printJson({ ...drive, folder: out, ...written })
  else
    process.stdout.write(
      `${out}  ${written.written} drives, ${quantity(written.events, 'ev')}, ${written.boxes} boxes` +
        `${written.skipped > 0 ? `; ${written.skipped} were there` : ''}\n`,
    )
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new SaccadeError('ERR_ARGUMENT', `${flag} must be a whole number, not "${text}"`)
}
