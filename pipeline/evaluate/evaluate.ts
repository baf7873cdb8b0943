// Labelled recordings and detections, or a model that makes them, -> figures.
import type { Model } from '../detect/model.js'
import type { Session, SessionOptions } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { type Label, readLabels } from '../sources/labels.js'
import type { OpenOptions } from '../sources/recording.js'
import type { WindowSpec } from '../windows/spec.js'
import { findDetections, findLabelled, type LabelledRecording } from './dataset.js'
import { KeptDetections } from './kept.js'
import {
  checkStop,
  detectLabelTimes,
  EVALUATION_DETECT,
  type LabelWindows,
} from './label-windows.js'
import { cameraClasses, type ProtocolOptions, type Rules, rulesOf } from './protocol.js'
import {
  type Evaluation,
  matchRecording,
  type RecordingMatches,
  type ScoreSpec,
  summarise,
} from './score.js'

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
  // A model looks at label times, and a window in which it finds nothing has no nearest neighbour.
  const rules: Rules = { ...rulesOf(options), ...(options.model && { pairing: 'exact' }) }
  if ((options.detections === undefined) === (options.model === undefined))
    throw new SaccadeError('ERR_ARGUMENT', 'an evaluation needs detections or a model, one of them')
  const all = await findLabelled(options.labels)
  const className = (id: number) =>
    options.model?.labels[id] ?? cameraClasses(rules.camera)[id] ?? `class ${id}`
  const classes = await chooseClasses(all, options.classes, className)
  const thresholds = options.thresholds ?? (options.model ? [options.model.plan.detect.score] : [])
  const spec = { rules, classes, thresholds }
  const mine = ofShard(all, options.shard)
  await using source = await detectionSource(mine, options)

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
  return summarise(matched, spec, className)
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

/** Where detections come from: files, or a model. */
interface DetectionSource extends AsyncDisposable {
  /** Recordings that can be asked for at a time. */
  workers: number
  of(
    files: LabelledRecording,
    labels: readonly Label[],
    worker: number,
    progress: (share: number) => void,
  ): Promise<LabelWindows>
}

async function detectionSource(
  files: readonly LabelledRecording[],
  options: EvaluateOptions,
): Promise<DetectionSource> {
  return options.model === undefined
    ? fromFiles(files, options.detections!)
    : fromModel(files, options.model, options)
}

async function fromFiles(
  files: readonly LabelledRecording[],
  folder: string,
): Promise<DetectionSource> {
  const found = await findDetections(folder)
  const missing = files.filter(({ name }) => !found.has(name))
  if (missing.length > 0)
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `${folder} lacks the detections of ${missing.length} of ${files.length} recordings: ${missing[0]!.name}_dt.npy does not exist`,
      'a recording in which nothing was found has an empty file',
    )
  return {
    workers: 1,
    of: async ({ name }) => ({ detections: await readLabels(found.get(name)!), faults: {} }),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function fromModel(
  files: readonly LabelledRecording[],
  model: Model,
  options: EvaluateOptions,
): Promise<DetectionSource> {
  const { jobs = 1, keep, signal, open, windows } = options
  if (!(Number.isInteger(jobs) && jobs >= 1 && jobs <= 64))
    throw new SaccadeError('ERR_ARGUMENT', `jobs must be a whole number, 1..64, not ${jobs}`)
  const missing = files.filter(({ recording }) => recording === undefined)
  if (missing.length > 0)
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `${missing.length} of ${files.length} labelled recordings are missing: no ${missing[0]!.name}_td.dat or _td.dat.h5 beside ${missing[0]!.labels}`,
      'recordings that are packed (.gz) must be unpacked first',
    )
  const settings = { ...options.session, ...EVALUATION_DETECT }
  const kept = keep === undefined ? undefined : await keptFor(keep, model, options)
  const sessions: Session[] = []
  for (let i = 0; i < Math.min(jobs, files.length); i++) sessions.push(await model.open(settings))
  return {
    workers: sessions.length,
    of: async ({ name, recording }, labels, worker, progress) => {
      const times = [...new Set(labels.map(({ t }) => t))].sort((a, b) => a - b)
      const before = await kept?.read(name, recording!, times)
      if (before !== undefined) return before
      const found = await detectLabelTimes(recording!, times, sessions[worker]!, {
        open,
        windows,
        signal,
        onWindow: (done) => progress(done / times.length),
      })
      await kept?.write(name, recording!, times, found)
      return found
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(sessions.map((session) => session.close()))
    },
  }
}

function keptFor(folder: string, model: Model, options: EvaluateOptions): Promise<KeptDetections> {
  const { session, windows } = options
  return KeptDetections.open(folder, {
    model: { name: model.name, sha256: model.sha256 },
    backend: session?.backend ?? 'native',
    iou: session?.iou ?? model.plan.detect.iou,
    ...EVALUATION_DETECT,
    window: { ...model.window, ...windows },
  })
}

/** Runs the work of every item, `workers` at a time; the first failure stops the others after their item. */
async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  let failed = false
  const run = async (worker: number) => {
    for (const item of rest) {
      if (failed) return
      try {
        await work(item, worker)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: workers }, (_, i) => run(i)))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
