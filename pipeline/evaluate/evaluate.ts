// Labelled recordings and detections, or a model that makes them, -> figures.
import type { Model } from '../detect/model.js'
import type { SessionOptions } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { type Label, readLabels } from '../sources/labels.js'
import type { OpenOptions } from '../sources/recording.js'
import type { WindowSpec } from '../windows/spec.js'
import { findLabelled, type LabelledRecording } from './dataset.js'
import { openDetections } from './detections.js'
import { checkStop } from './label-windows.js'
import { cameraClasses, type ProtocolOptions, rulesOf } from './protocol.js'
import {
  type Evaluation,
  matchRecording,
  type RecordingMatches,
  type ScoreSpec,
  summarise,
} from './score.js'
import { inParallel } from './workers.js'

/** Options of evaluate. Give `detections` or `model`. */
export interface EvaluateOptions extends ProtocolOptions {
  /** Folder of NAME_bbox.npy files, the folders below it included, or one such file. */
  labels: string
  /** Folder of NAME_dt.npy files with the same names. */
  detections?: string
  /** Looks at the window that ends at each label time of NAME_td.dat. */
  model?: Model
  /** How the model runs; score and max are those of an evaluation: 0.001 and 300. */
  session?: Pick<SessionOptions, 'backend' | 'threads' | 'iou'>
  /** Other than the model's: fit, roi. */
  windows?: Partial<WindowSpec>
  /** How recordings without a header are read. */
  open?: OpenOptions
  /** Only these classes, by name; default: all that are labelled. */
  classes?: readonly string[]
  /** Scores at which found labels and other boxes are counted; default: the model's own. */
  thresholds?: readonly number[]
  /** Folder in which a model's detections are kept: a run that was stopped goes on, shards meet. */
  keep?: string
  /** Recordings at a time, each with a session of its own; default 1. */
  jobs?: number
  /** Only recordings index, index + count, … of the sorted list; index from 0. */
  shard?: { index: number; count: number }
  signal?: AbortSignal
  onProgress?(progress: EvaluateProgress): void
  /** Called with every recording when it is matched, in no special order. */
  onRecording?(recording: EvaluatedRecording): void
}

/** How far an evaluation is. */
export interface EvaluateProgress {
  /** Recordings; fractions are windows of those under way. */
  done: number
  total: number
}

/** A recording with its boxes. */
export interface EvaluatedRecording {
  files: LabelledRecording
  labels: readonly Label[]
  detections: readonly Label[]
  /** How it is scored. */
  spec: ScoreSpec
  /** Faults of the recording by kind, where a model read it. */
  faults: Readonly<Record<string, number>>
}

/**
 * Scores detections, or a model, against labels. The result depends on files, model and rules alone: not on jobs, on what
 * was kept, or on the order in which recordings were done.
 * @throws ERR_NOT_FOUND for files that are missing, ERR_ARGUMENT, ERR_ABORTED, and what reading throws
 * @example
 * const { protocol, ap50, ap } = await evaluate({ labels: 'gen1/test', model: await Model.load('car') })
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const task = await findTask(options)
  const matched = await matchAll(task, options)
  return summarise(matched, task.spec, task.className)
}

/** What is scored and how. */
export interface Task {
  files: readonly LabelledRecording[]
  spec: ScoreSpec
  className(id: number): string
}

/** Reads every label file. `looksAtLabelTimes`: detections are a model's, of the label times themselves. */
export async function findTask(
  options: EvaluateOptions,
  looksAtLabelTimes = options.model !== undefined,
): Promise<Task> {
  const { detections, model, thresholds } = options
  const rules = rulesOf(options)
  if ((detections === undefined) === (model === undefined))
    throw new SaccadeError('ERR_ARGUMENT', 'an evaluation needs detections or a model, one of them')
  // A window in which a model finds nothing has no nearest neighbour.
  if (looksAtLabelTimes) rules.pairing = 'exact'
  const all = await findLabelled(options.labels)
  const className = (id: number) =>
    model?.labels[id] ?? cameraClasses(rules.camera)[id] ?? `class ${id}`
  const spec = {
    rules,
    classes: await chooseClasses(all, options.classes, className),
    thresholds: thresholds ?? (model ? [model.plan.detect.score] : []),
  }
  return { files: ofShard(all, options.shard), spec, className }
}

/** Matches every recording of a task with the detections that the options name; in no special order. */
export async function matchAll(
  { files: mine, spec }: Task,
  options: EvaluateOptions,
): Promise<RecordingMatches[]> {
  await using source = await openDetections(mine, options)
  const matched: RecordingMatches[] = []
  const underWay = new Map<string, number>()
  const tell = () => {
    const partly = [...underWay.values()].reduce((sum, share) => sum + share, 0)
    options.onProgress?.({ done: matched.length + partly, total: mine.length })
  }
  await inParallel(mine, source.workers, async (files, worker) => {
    checkStop(options.signal)
    const labels = await readLabels(files.labels)
    const { detections, faults } = await source.of(files, labels, worker, (share) => {
      underWay.set(files.name, share)
      tell()
    })
    underWay.delete(files.name)
    matched.push(matchRecording(files.name, labels, detections, spec))
    options.onRecording?.({ files, labels, detections, spec, faults })
    tell()
  })
  return matched
}

/** Ids of the classes that are scored. Reads every label file: a broken one is told before hours of work. */
async function chooseClasses(
  files: readonly LabelledRecording[],
  wanted: readonly string[] | undefined,
  className: (id: number) => string,
): Promise<number[]> {
  const ids = new Set<number>()
  for (const { labels } of files)
    for (const { classId } of await readLabels(labels)) ids.add(classId)
  const labelled = [...ids].sort((a, b) => a - b)
  if (wanted === undefined) return labelled
  return wanted.map((name) => {
    const id = labelled.find((id) => className(id) === name)
    if (id !== undefined) return id
    const names = labelled.map(className).join(', ')
    throw new SaccadeError('ERR_ARGUMENT', `no label is of class "${name}"`, `there are ${names}`)
  })
}

function ofShard(
  all: readonly LabelledRecording[],
  shard: EvaluateOptions['shard'],
): readonly LabelledRecording[] {
  if (shard === undefined) return all
  const { index, count } = shard
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count))
    throw new SaccadeError('ERR_ARGUMENT', `there is no shard ${index} of ${count}`)
  return all.filter((_, i) => i % count === index)
}
