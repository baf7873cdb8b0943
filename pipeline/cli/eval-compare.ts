// saccade eval --against: two detectors on the same labels, and whether the difference is more than chance.
import { type Command, Option } from 'commander'
import { Model } from '../detect/model.js'
import { type Comparison, compare } from '../evaluate/compare.js'
import { printJson, printTable } from './command.js'
import { type EvalCall, evaluateOptions, parseCount } from './eval-options.js'
import { remark } from './play.js'

/** Adds the flags of a comparison. */
export function addCompareFlags(command: Command): void {
  // What these do is done for one side.
  const single = ['at', 'keep', 'html', 'failures']
  command
    .addOption(
      new Option('--against <folder>', 'compare with these detections, by bootstrap').conflicts([
        'againstModel',
        ...single,
      ]),
    )
    .addOption(
      new Option('--against-model <name>', 'compare with this model, likewise').conflicts(single),
    )
    .option('--rounds <n>', 'rounds of the bootstrap; default 1000')
    .option('--seed <n>', 'seed of its samples; default 1')
}

/** Compares and prints. */
export async function compareFolders(call: EvalCall): Promise<void> {
  const { options, config, model, bar, context } = call
  const { dt, against, againstModel, rounds, seed, quiet, json } = options
  const other = againstModel === undefined ? undefined : await Model.load(againstModel)
  const comparison = await compare({
    ...evaluateOptions(options, config),
    model,
    against: other ? { model: other } : { detections: against! },
    rounds: parseCount(rounds),
    seed: parseCount(seed),
    signal: context.signal,
    onProgress: ({ stage, done, total }) => {
      if (!quiet) bar.update(done, total, `${Math.floor(done)} of ${total} ${stage}`)
    },
  })
  bar.clear()
  const names = [model?.name ?? dt!, other?.name ?? against!] as const
  for (const [i, { unpaired }] of comparison.sides.entries())
    if (unpaired > 0)
      remark(
        options,
        `${names[i]}: ${unpaired} detections belong to no label time that counts; they are not scored`,
      )
  if (json)
    printJson({
      schema: 'saccade-comparison/1',
      ...identities(names, [model, other]),
      ...comparison,
    })
  else print(comparison, names, options.shard)
}

function identities(names: readonly [string, string], models: readonly (Model | undefined)[]) {
  return {
    compared: names.map((name, i) => ({ name, ...(models[i] && { sha256: models[i].sha256 }) })),
  }
}

function print(
  { protocol, images, labels, classes, rounds, seed, sides, difference }: Comparison,
  names: readonly [string, string],
  shard: string | undefined,
): void {
  const lines = (...text: string[]) => process.stdout.write(`${text.join('\n')}\n`)
  const many = (count: number) => count.toLocaleString('en')
  lines(
    protocol,
    ...(shard === undefined ? [] : [`shard ${shard}, not the whole set`]),
    `paired bootstrap: ${many(rounds)} rounds, seed ${seed}; each draws ${many(images)} of the ${many(images)} label times with replacement, the same for A and B`,
    `${many(labels)} labels of ${classes.join(', ')}`,
    '',
  )
  const measures = [difference.ap50, difference.ap]
  printTable([
    ['', '', 'AP50', 'AP50:95'],
    ...sides.map(({ ap50, ap }, i) => ['AB'[i]!, names[i]!, ap50.toFixed(4), ap.toFixed(4)]),
    ['A - B', '', ...measures.map(({ value }) => signed(value))],
    [
      '',
      '95 % of the rounds',
      ...measures.map(({ interval: [low, high] }) => `${signed(low)} … ${signed(high)}`),
    ],
    [
      '',
      'rounds in which A is worse',
      ...measures.map(({ worse }) => `${(worse * 100).toFixed(1)} %`),
    ],
  ])
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(4)
  if (Number(text) === 0) return text
  return `${value > 0 ? '+' : '-'}${text}`
}
