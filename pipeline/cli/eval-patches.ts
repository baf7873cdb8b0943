// saccade eval --patches: a model as a classifier of cars and background.
import { type Command, Option } from 'commander'
import { windowOverrides } from '../config/windows.js'
import { type Classification, classifyPatches, type PatchFigures } from '../evaluate/patches.js'
import { printJson, printTable } from './command.js'
import { type EvalCall, parseCount } from './eval-options.js'
import { openOptions } from './pipeline.js'
import { remark } from './play.js'

/** Flags that are about boxes and labels. */
const ABOUT_BOXES = [
  ...['gt', 'dt', 'against', 'againstModel', 'classes', 'protocol', 'camera', 'oneSetPerTime'],
  ...['sure', 'at', 'keep', 'shard', 'html', 'failures'],
]

/** Adds the flags of patches. */
export function addPatchFlags(command: Command): void {
  command
    .addOption(
      new Option(
        '--patches <folder>',
        'classify patches instead: cars/ and background/ with .dat files, as in N-CARS',
      ).conflicts(ABOUT_BOXES),
    )
    .option('--train <folder>', 'patches on which the threshold is chosen')
}

/** Classifies and prints. */
export async function evaluatePatches(call: EvalCall): Promise<void> {
  const { options, config, bar, context } = call
  const model = call.model!
  const { backend, threads, iou } = config.model
  const { filters, corrections } = { ...model.window, ...windowOverrides(config) }
  const result = await classifyPatches({
    patches: options.patches!,
    train: options.train,
    model,
    session: { backend, threads, iou },
    windows: { filters, corrections },
    open: openOptions(config),
    jobs: parseCount(options.jobs),
    signal: context.signal,
    onProgress: ({ done, total }) => {
      if (!options.quiet) bar.update(done, total, `${done} of ${total} patches`)
    },
  })
  bar.clear()
  for (const [kind, count] of Object.entries(result.faults))
    remark(options, `recordings: ${kind} ${count}`)
  if (options.json) {
    const { name, sha256 } = model
    printJson({ schema: 'saccade-classification/1', model: { name, sha256 }, ...result })
  } else print(result)
}

function print(result: Classification): void {
  const row = (name: string, { cars, background, auc, told }: PatchFigures) => [
    name,
    String(cars),
    String(background),
    auc.toFixed(4),
    ...(told === undefined
      ? []
      : [told.accuracy, told.truePositiveRate, told.falsePositiveRate].map((x) => x.toFixed(4))),
  ]
  process.stdout.write(`${result.protocol}\n\n`)
  const head = ['patches', 'cars', 'background', 'AUC']
  if (result.train === undefined) printTable([head, row('test', result)])
  else
    printTable([
      [...head, 'accuracy', 'true positive', 'false positive'],
      row('test', result),
      row('train', result.train),
    ])
  if (result.told)
    process.stdout.write(
      `\nscore >= ${result.told.threshold.toFixed(4)}: ${result.told.truePositives} of ${result.cars} cars told, and ${result.told.falsePositives} of ${result.background} others\n`,
    )
}
