// saccade eval: average precision of detections, or of a model, over labelled recordings; of two of them, with the
// difference; and a model as a classifier of patches. No figure without its protocol.
import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { Model } from '../detect/model.js'
import { evaluate } from '../evaluate/evaluate.js'
import { failureSheet } from '../evaluate/example-pictures.js'
import { ExampleList } from '../evaluate/examples.js'
import { evaluationPage } from '../evaluate/page.js'
import { CAMERAS, cameraFrame, PROTOCOLS } from '../evaluate/protocol.js'
import type { Evaluation } from '../evaluate/score.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { writePng } from '../view/png.js'
import { ProgressBar } from '../view/progress.js'
import { writeReport } from '../view/report.js'
import { type Context, makeCommand, printJson } from './command.js'
import { addFlags, type Flag, flagValues } from './config-options.js'
import { addCompareFlags, compareFolders } from './eval-compare.js'
import {
  checkCall,
  type EvalCall,
  type EvalCommandOptions,
  evaluateOptions,
} from './eval-options.js'
import { addPatchFlags, evaluatePatches } from './eval-patches.js'
import { evaluationRemarks, printEvaluation } from './eval-print.js'
import { addTrackFlags, evaluateTracked } from './eval-tracks.js'
import { openOptions } from './pipeline.js'
import { remark } from './play.js'

/** Length of the windows on pictures when no model says its own. */
const PICTURE_US = 50_000

/** Settings that it takes; its --camera is a data set's. */
const EVAL_FLAGS: readonly Flag[] = [
  'model',
  'backend',
  'threads',
  'classes',
  'filter',
  'sensor',
  'format',
  'geometry',
]

export function evalCommand(context: Context): Command {
  const command = makeCommand([
    'saccade eval --gt gen1/test --dt detections',
    'saccade eval --gt gen1/test --model car --keep state --jobs 4',
    'saccade eval --gt gen1/test --model car --keep state --shard 2/16',
    'saccade eval --gt gen1/test --dt detections --protocol ultralytics --json',
    'saccade eval --gt gen1/test --dt new --against old --rounds 1000 --seed 1',
    'saccade eval --gt gen1/test --model car --against-model car-pilot',
    'saccade eval --gt drives --model street --tracks --sure 0.5',
    'saccade eval --patches n-cars_test --train n-cars_train --model car --jobs 2',
  ])
    .option('--gt <folder>', 'labels: NAME_bbox.npy, and for --model NAME_td.dat beside them')
    .option('--dt <folder>', 'detections: NAME_dt.npy, as `replay -o` writes them')
  addFlags(command, EVAL_FLAGS)
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
    .option('--failures <png>', 'three of the worst misses above three false alarms, one picture')
  addCompareFlags(command)
  addPatchFlags(command)
  addTrackFlags(command)
  return command.action((options: EvalCommandOptions) => evaluateAny(options, context))
}

async function evaluateAny(options: EvalCommandOptions, context: Context): Promise<void> {
  checkCall(options)
  const { config } = await loadConfig({
    environment: process.env,
    flags: flagValues({ ...options }, EVAL_FLAGS),
  })
  for (const output of [options.html, options.failures])
    await keepInputs(output, [options.gt, options.dt, options.model])
  const bar = new ProgressBar('eval')
  const model = options.model === undefined ? undefined : await Model.load(config.model.name)
  const call: EvalCall = { options, config, model, bar, context }
  try {
    if (options.patches !== undefined) await evaluatePatches(call)
    else if (options.tracks !== undefined) await evaluateTracked(call)
    else if ((options.against ?? options.againstModel) !== undefined) await compareFolders(call)
    else await evaluateFolder(call)
  } catch (error) {
    if (!context.signal.aborted) throw error
    const hint = options.keep === undefined ? '' : `; the same call goes on from ${options.keep}`
    bar.clear()
    remark(options, `stopped${hint}`)
  } finally {
    bar.clear()
  }
}

async function evaluateFolder({ options, config, model, bar, context }: EvalCall): Promise<void> {
  const faults = new Map<string, number>()
  const examples = new ExampleList()
  const evaluation = await evaluate({
    ...evaluateOptions(options, config),
    model,
    signal: context.signal,
    onProgress: ({ done, total }) => {
      if (!options.quiet) bar.update(done, total, `${Math.floor(done)} of ${total} recordings`)
    },
    onRecording: (recording) => {
      for (const [kind, count] of Object.entries(recording.faults))
        faults.set(kind, (faults.get(kind) ?? 0) + count)
      if ((options.html ?? options.failures) !== undefined) examples.add(recording)
    },
  })
  await writePictures(evaluation, { examples, model, config, options, context })
  bar.clear()
  for (const sentence of evaluationRemarks(evaluation, model, faults)) remark(options, sentence)
  if (options.json) printJson({ ...identity(model, options.shard), ...evaluation })
  else printEvaluation(evaluation, options.shard)
}

interface PictureInput {
  examples: ExampleList
  model: Model | undefined
  config: Config
  options: EvalCommandOptions
  context: Context
}

/** The page and the sheet of failures, as asked for. */
async function writePictures(
  evaluation: Evaluation,
  { examples, model, config, options, context }: PictureInput,
): Promise<void> {
  const { gt, dt, camera, shard, html, failures } = options
  const open = openOptions(config)
  const pictures = {
    examples,
    durationUs: model?.window.durationUs ?? PICTURE_US,
    geometry: open.geometry ?? model?.window ?? cameraFrame(camera),
    open,
    signal: context.signal,
  }
  if (html !== undefined) {
    const what = model === undefined ? dt! : `${model.name}, sha256 ${model.sha256}`
    const title = `${model?.name ?? dt} on ${gt}`
    const whole = shard === undefined ? what : `${what}; shard ${shard}, not the whole set`
    await writeReport(html, await evaluationPage(evaluation, { title, what: whole, ...pictures }))
  }
  if (failures !== undefined) {
    const names = new Map(evaluation.classes.map(({ id, name }) => [id, name]))
    const sheet = await failureSheet(names, pictures)
    if (sheet === undefined) remark(options, `${failures}: there was nothing to draw`)
    else await writePng(failures, sheet)
  }
}

function identity(model: Model | undefined, shard: string | undefined) {
  return {
    schema: 'saccade-evaluation/1',
    ...(model && { model: { name: model.name, sha256: model.sha256 } }),
    ...(shard !== undefined && { shard }),
  }
}
