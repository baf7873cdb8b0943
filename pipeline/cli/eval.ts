// saccade eval: average precision of detections, or of a model, over labelled recordings. No figure without its protocol.
import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import { type EvaluateOptions, evaluate } from '../evaluate/evaluate.js'
import { ExampleList } from '../evaluate/examples.js'
import { evaluationPage } from '../evaluate/page.js'
import {
  CAMERAS,
  type CameraName,
  cameraFrame,
  PROTOCOLS,
  type ProtocolName,
} from '../evaluate/protocol.js'
import type { Evaluation } from '../evaluate/score.js'
import { parseGeometry } from '../events/geometry.js'
import { ProgressBar } from '../view/progress.js'
import { writeReport } from '../view/report.js'
import { type CommonOptions, type Context, makeCommand, printJson } from './command.js'
import { addFlags, flagValues } from './config-options.js'
import { evaluationRemarks, printEvaluation } from './eval-print.js'
import { keepInputs } from './keep-inputs.js'
import { openOptions } from './pipeline.js'
import { remark } from './play.js'

interface EvalCommandOptions extends CommonOptions {
  gt: string
  dt?: string
  model?: string
  protocol: ProtocolName
  camera: CameraName
  oneSetPerTime?: boolean
  sure?: string
  at?: string
  keep?: string
  jobs?: string
  shard?: string
  html?: string
}

/** Length of the windows on pictures when no model says its own. */
const PICTURE_US = 50_000

export function evalCommand(context: Context): Command {
  const command = makeCommand([
    'saccade eval --gt gen1/test --dt detections',
    'saccade eval --gt gen1/test --model car --keep state --jobs 4',
    'saccade eval --gt gen1/test --model car --keep state --shard 2/16',
    'saccade eval --gt gen1/test --dt detections --protocol ultralytics --json',
  ])
    .requiredOption(
      '--gt <folder>',
      'labels: NAME_bbox.npy, and for --model NAME_td.dat beside them',
    )
    .option('--dt <folder>', 'detections: NAME_dt.npy, as `replay -o` writes them')
  return addFlags(command, [
    'model',
    'backend',
    'threads',
    'classes',
    'filter',
    'sensor',
    'format',
    'geometry',
  ])
    .addOption(
      new Option('--protocol <name>', 'how boxes are chosen and scored')
        .choices(PROTOCOLS)
        .default(PROTOCOLS[0]),
    )
    .addOption(
      new Option('--camera <name>', 'data set whose bounds and class names apply')
        .choices(CAMERAS)
        .default(CAMERAS[0]),
    )
    .option('--one-set-per-time', 'the set nearest to a label time, not all within ±50 ms')
    .option('--sure <confidence>', 'labels below it count neither way; 0.5 for simulated drives')
    .option('--at <scores>', "count found labels and other boxes there; default: the model's score")
    .option('--keep <folder>', "keep the model's detections: a run that was stopped goes on")
    .option('--jobs <n>', 'recordings at a time')
    .option('--shard <i/n>', 'only every n-th recording, from the i-th on')
    .option(
      '--html <file>',
      'a page with curves, and the worst misses and false alarms as pictures',
    )
    .action((options: EvalCommandOptions) => evaluateFolder(options, context))
}

async function evaluateFolder(options: EvalCommandOptions, context: Context): Promise<void> {
  const { config } = await loadConfig({
    environment: process.env,
    flags: flagValues({ ...options }),
  })
  await keepInputs(options.html, [options.gt, options.dt, options.model])
  const bar = new ProgressBar('eval')
  const faults = new Map<string, number>()
  const examples = new ExampleList()
  let evaluation: Evaluation
  let model: Model | undefined
  try {
    model = options.model === undefined ? undefined : await Model.load(config.model.name)
    evaluation = await evaluate({
      ...evaluateOptions(options, config),
      model,
      signal: context.signal,
      onProgress: ({ done, total }) => {
        if (!options.quiet) bar.update(done, total, `${Math.floor(done)} of ${total} recordings`)
      },
      onRecording: (recording) => {
        for (const [kind, count] of Object.entries(recording.faults))
          faults.set(kind, (faults.get(kind) ?? 0) + count)
        if (options.html !== undefined) examples.add(recording)
      },
    })
    if (options.html !== undefined)
      await writePage(options.html, evaluation, { examples, model, config, options, context })
  } catch (error) {
    if (context.signal.aborted) {
      const hint = options.keep === undefined ? '' : `; the same call goes on from ${options.keep}`
      remark(options, `stopped${hint}`)
      return
    }
    throw error
  } finally {
    bar.clear()
  }
  for (const sentence of evaluationRemarks(evaluation, model, faults)) remark(options, sentence)
  if (options.json) printJson({ ...identity(model, options.shard), ...evaluation })
  else printEvaluation(evaluation, options.shard)
}

interface PageInput {
  examples: ExampleList
  model: Model | undefined
  config: Config
  options: EvalCommandOptions
  context: Context
}

async function writePage(
  path: string,
  evaluation: Evaluation,
  { examples, model, config, options, context }: PageInput,
): Promise<void> {
  const what = model === undefined ? options.dt! : `${model.name}, sha256 ${model.sha256}`
  const open = openOptions(config)
  const page = await evaluationPage(evaluation, {
    title: `${model?.name ?? options.dt} on ${options.gt}`,
    what: options.shard === undefined ? what : `${what}; shard ${options.shard}, not the whole set`,
    examples,
    durationUs: model?.window.durationUs ?? PICTURE_US,
    geometry: open.geometry ?? model?.window ?? cameraFrame(options.camera),
    open,
    signal: context.signal,
  })
  await writeReport(path, page)
}

function evaluateOptions(options: EvalCommandOptions, config: Config): EvaluateOptions {
  const { gt, dt, protocol, camera, oneSetPerTime, sure, at, keep, jobs, shard } = options
  const { backend, threads, iou, classes, score } = config.model
  if (keep !== undefined && options.model === undefined)
    throw new SaccadeError('ERR_ARGUMENT', '--keep keeps what a model finds; it needs --model')
  const { geometry } = config.source
  return {
    labels: gt,
    detections: dt,
    protocol,
    camera,
    oneSetPerTime,
    sure: sure === undefined ? undefined : parseShare('--sure', sure),
    geometry: geometry === undefined ? undefined : parseGeometry(geometry),
    session: { backend, threads, iou },
    windows: windowOverrides(config),
    open: openOptions(config),
    classes,
    thresholds:
      at?.split(',').map((score) => parseShare('--at', score)) ??
      (score === undefined ? undefined : [score]),
    keep,
    jobs: jobs === undefined ? undefined : Number(jobs),
    shard: shard === undefined ? undefined : parseShard(shard),
  }
}

function parseShare(flag: '--at' | '--sure', text: string): number {
  const share = Number(text)
  if (text.trim() !== '' && share >= 0 && share <= 1) return share
  const wanted = flag === '--at' ? 'scores such as 0.25,0.5' : 'a confidence such as 0.5'
  throw new SaccadeError('ERR_ARGUMENT', `${flag} wants ${wanted}, not "${text}"`)
}

/** People count shards from 1. */
function parseShard(text: string): { index: number; count: number } {
  const [, i, n] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  const [index, count] = [Number(i) - 1, Number(n)]
  if (i !== undefined && index >= 0 && index < count) return { index, count }
  throw new SaccadeError('ERR_ARGUMENT', `--shard wants i/n with i from 1 to n, not "${text}"`)
}

function identity(model: Model | undefined, shard: string | undefined) {
  return {
    schema: 'saccade-evaluation/1',
    ...(model && { model: { name: model.name, sha256: model.sha256 } }),
    ...(shard !== undefined && { shard }),
  }
}
