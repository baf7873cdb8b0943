// saccade eval --tracks: objects followed, instead of boxes found.
import { type Command, Option } from 'commander'
import { trackOptions } from '../config/track.js'
import {
  evaluateTracks,
  type TrackEvaluation,
  type TrackScore,
} from '../evaluate/track-evaluate.js'
import { TRACK_RULES } from '../evaluate/track-score.js'
import { printJson, printTable } from './command.js'
import { type EvalCall, evaluateOptions } from './eval-options.js'
import { remark } from './play.js'

/** Flags that are about boxes and patches. */
const ABOUT_BOXES = [
  ...['against', 'againstModel', 'oneSetPerTime', 'at', 'keep', 'html', 'failures', 'patches'],
]

/** Adds the flag of tracks. */
export function addTrackFlags(command: Command): void {
  command.addOption(
    new Option(
      '--tracks [rules]',
      'MOTA, IDF1 and switches of tracks, at labels that have track ids, as trackeval (default) or motmetrics counts',
    )
      .choices(TRACK_RULES)
      .conflicts(ABOUT_BOXES),
  )
}

/** Follows every recording and prints. */
export async function evaluateTracked(call: EvalCall): Promise<void> {
  const { options, config, model, bar, context } = call
  const { tracks } = options
  const result = await evaluateTracks({
    ...evaluateOptions(options, config),
    model,
    track: model && trackOptions(config, model),
    rules: tracks === true ? undefined : tracks,
    signal: context.signal,
    onProgress: ({ done, total }) => {
      if (!options.quiet) bar.update(done, total, `${done} of ${total} recordings`)
    },
  })
  bar.clear()
  for (const sentence of remarks(result)) remark(options, sentence)
  if (options.json)
    printJson({
      schema: 'saccade-tracks/1',
      ...(model && { model: { name: model.name, sha256: model.sha256 } }),
      ...result,
    })
  else print(result)
}

function remarks({ neither, skippedTimes }: TrackEvaluation): string[] {
  const sentences: string[] = []
  if (neither.labels > 0)
    sentences.push(
      `${neither.labels} labels are not sure: they count neither way, nor do ${neither.boxes} boxes on them`,
    )
  if (skippedTimes > 0)
    sentences.push(`${skippedTimes} label times are not the end of a window: they are not scored`)
  return sentences
}

function print(result: TrackEvaluation): void {
  const { protocol, classes, recordings } = result
  process.stdout.write(`${protocol}\n\n`)
  const head = ['MOTA', 'IDF1', 'switches', 'labels', 'missed', 'other', 'objects', 'followed']
  printTable([
    ['class', ...head],
    ...classes.map(row),
    ...(classes.length > 1 ? [row(result)] : []),
  ])
  process.stdout.write('\n')
  printTable([['recording', ...head], ...recordings.map(row), row(result)])
}

function row(score: TrackScore): string[] {
  const { name, mota, idf1, switches, labels, missed, other, objects, followed } = score
  return [
    name,
    ...[mota, idf1].map((value) => value?.toFixed(3) ?? '–'),
    ...[switches, labels, missed, other, objects, followed].map(String),
  ]
}
