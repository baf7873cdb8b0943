// saccade eval: average precision of detections, or of a model, over labelled recordings. No figure without its protocol.
import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import { type EvaluateOptions, evaluate } from '../evaluate/evaluate.js'
import { CAMERAS, type CameraName, PROTOCOLS, type ProtocolName } from '../evaluate/protocol.js'
import type { Evaluation, Precision } from '../evaluate/score.js'
import { parseGeometry } from '../events/geometry.js'
import { ProgressBar } from '../view/progress.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { addFlags, flagValues } from './config-options.js'
import { openOptions } from './pipeline.js'
import { remark } from './play.js'

interface EvalCommandOptions extends CommonOptions {
  gt: string
  dt?: string
  model?: string
  protocol: ProtocolName
  camera: CameraName
  oneSetPerTime?: boolean
  at?: string
  keep?: string
  jobs?: string
  shard?: string
}

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
  return addFlags(command, ['model', 'backend', 'threads', 'classes', 'format', 'geometry'])
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
    .option('--at <scores>', "count found labels and other boxes there; default: the model's score")
    .option('--keep <folder>', "keep the model's detections: a run that was stopped goes on")
    .option('--jobs <n>', 'recordings at a time')
    .option('--shard <i/n>', 'only every n-th recording, from the i-th on')
    .action((options: EvalCommandOptions) => evaluateFolder(options, context))
}

async function evaluateFolder(options: EvalCommandOptions, context: Context): Promise<void> {
  const { config } = await loadConfig({
    environment: process.env,
    flags: flagValues({ ...options }),
  })
  const bar = new ProgressBar('eval')
  const faults = new Map<string, number>()
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
      onRecording: ({ faults: found }) => {
        for (const [kind, count] of Object.entries(found))
          faults.set(kind, (faults.get(kind) ?? 0) + count)
      },
    })
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
  for (const sentence of remarks(evaluation, model, faults)) remark(options, sentence)
  if (options.json) printJson({ ...identity(model, options.shard), ...evaluation })
  else print(evaluation, options.shard)
}

function evaluateOptions(options: EvalCommandOptions, config: Config): EvaluateOptions {
  const { gt, dt, protocol, camera, oneSetPerTime, at, keep, jobs, shard } = options
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
    geometry: geometry === undefined ? undefined : parseGeometry(geometry),
    session: { backend, threads, iou },
    windows: windowOverrides(config),
    open: openOptions(config),
    classes,
    thresholds: at?.split(',').map(parseScore) ?? (score === undefined ? undefined : [score]),
    keep,
    jobs: jobs === undefined ? undefined : Number(jobs),
    shard: shard === undefined ? undefined : parseShard(shard),
  }
}

function parseScore(text: string): number {
  const score = Number(text)
  if (text.trim() !== '' && score >= 0 && score <= 1) return score
  throw new SaccadeError('ERR_ARGUMENT', `--at wants scores such as 0.25,0.5, not "${text}"`)
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

function remarks(
  { classes, images, unpaired }: Evaluation,
  model: Model | undefined,
  faults: ReadonlyMap<string, number>,
): string[] {
  const sentences = [...faults].map(([kind, count]) => `recordings: ${kind} ${count}`)
  if (images === 0) sentences.push('no label passes the bounds of the protocol: nothing is scored')
  if (unpaired > 0)
    sentences.push(
      `${unpaired} detections belong to no label time that counts; they are not scored`,
    )
  for (const { id, name } of classes)
    if (model !== undefined && id >= model.labels.length)
      sentences.push(
        `the model does not know ${name}: its AP is 0 and pulls the mean down; --classes leaves it out`,
      )
  return sentences
}

const figures = ({ ap50, ap75, ap }: Precision) =>
  [ap50, ap75, ap].map((value) => value?.toFixed(3) ?? '–')

function print(evaluation: Evaluation, shard: string | undefined): void {
  const { protocol, images, labels, detections, classes, recordings, areas } = evaluation
  const lines = (...text: string[]) => process.stdout.write(`${text.join('\n')}\n`)
  lines(shard === undefined ? protocol : `${protocol}\nshard ${shard}, not the whole set`, '')
  const head = ['labels', 'boxes', 'AP50', 'AP75', 'AP50:95']
  const row = (name: string, score: Precision & { labels: number; detections: number }) => [
    name,
    String(score.labels),
    String(score.detections),
    ...figures(score),
  ]
  printTable([
    ['class', ...head],
    ...classes.map((score) => row(score.name, score)),
    row(classes.length === 1 ? 'all' : `mean of ${classes.length}`, evaluation),
  ])
  lines('')
  printTable([
    ['recording', 'times', ...head],
    ...recordings.map((score) => {
      const [name, ...rest] = row(score.name, score)
      return [name!, String(score.images), ...rest]
    }),
    ['all', String(images), ...row('', { ...evaluation, labels, detections }).slice(1)],
  ])
  lines('')
  if (areas)
    lines(
      `AP50:95 by area: below 32² px ${figure(areas.small)}, to 96² ${figure(areas.medium)}, above ${figure(areas.large)}`,
    )
  if (evaluation.bestF1) {
    const { score, precision, recall } = evaluation.bestF1
    lines(
      `best F1 at confidence ${score.toFixed(3)}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
    )
  }
  for (const point of evaluation.thresholds)
    lines(
      `score > ${point.score}, IoU > 0.5, boxes of every size: ${point.found} of ${point.labels} labels found (recall ${figure(point.recall)}, precision ${figure(point.precision)}), ${point.other} other boxes in ${point.windows} windows (${figure(point.otherPerWindow)} a window)`,
    )
}

function figure(value: number | null): string {
  return value?.toFixed(3) ?? '–'
}
