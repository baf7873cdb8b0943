// A detector as a classifier of patches cut from recordings, as N-CARS has them: a folder with cars/ and background/, each
// patch a recording of 100 ms, so that its figures stand beside those of networks that only classify.
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { detectAt } from '../detect/detect-at.js'
import type { Model } from '../detect/model.js'
import type { Session, SessionOptions } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import { openRecording } from '../sources/open.js'
import type { OpenOptions, Recording } from '../sources/recording.js'
import type { WindowSpec } from '../windows/spec.js'
import { checkStop, EVALUATION_DETECT } from './label-windows.js'
import { areaUnderRoc, bestThreshold, type Scores, type Told, toldAt } from './ranking.js'
import { inParallel, openSessions, type Sessions } from './workers.js'

/** Folders of a patch set, and the class of a model that tells them apart. */
const FOLDERS = { positive: 'cars', negative: 'background' } as const
const CLASS = 'car'
/** Length of a patch. */
const PATCH_US = 100_000

/** Options of classifyPatches. */
export interface PatchOptions {
  /** Folder that holds cars/ and background/ with .dat files. */
  patches: string
  /** Another such folder, on which the threshold is chosen; without it there is none. */
  train?: string
  model: Model
  /** How the model runs; score and max are those of an evaluation. */
  session?: Pick<SessionOptions, 'backend' | 'threads' | 'iou'>
  /** Filters other than the model's, corrections of the camera. */
  windows?: Pick<WindowSpec, 'filters' | 'corrections'>
  /** How files without a header are read. */
  open?: OpenOptions
  /** Patches at a time, each with a session of its own; default 1. */
  jobs?: number
  signal?: AbortSignal
  /** Called after each patch; total is that of both folders. */
  onProgress?(progress: { done: number; total: number }): void
}

/** The figures of one folder. */
export interface PatchFigures {
  cars: number
  background: number
  /** Area under the ROC curve, equal scores counted half. */
  auc: number
  /** At the threshold that was chosen on `train`; absent without it. */
  told?: Told
}

/** The figures of a patch set. */
export interface Classification extends PatchFigures {
  /** The rules in words. */
  protocol: string
  /** The folder on which the threshold was chosen. */
  train?: PatchFigures
  /** Faults of the recordings by kind. */
  faults: Readonly<Record<string, number>>
}

/**
 * Scores every patch by the best car that the model finds in it, and says how well that tells cars from the rest.
 * @throws ERR_NOT_FOUND for a folder without patches, ERR_ARGUMENT for a model without cars, and what reading throws
 * @example
 * const { auc, told } = await classifyPatches({ patches: 'n-cars_test', train: 'n-cars_train', model })
 */
export async function classifyPatches(options: PatchOptions): Promise<Classification> {
  const { model, patches, train, jobs = 1 } = options
  if (!model.labels.includes(CLASS))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${model.name} has no class "${CLASS}"`,
      `it finds ${model.labels.join(', ')}`,
    )
  if (train !== undefined && resolve(train) === resolve(patches))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      'a threshold that is chosen on the patches it is judged by tells nothing',
      'choose it on others',
    )
  const sets = await Promise.all(
    [patches, train].flatMap((folder) => folder ?? []).map(findPatches),
  )
  const total = sets.flat().length
  await using sessions = await openSessions(
    model,
    { ...options.session, ...EVALUATION_DETECT },
    jobs,
    total,
  )
  const faults: Record<string, number> = {}
  const scored: Scores[] = []
  let before = 0
  for (const set of sets) {
    const onProgress = (done: number) => options.onProgress?.({ done: before + done, total })
    scored.push(await scoreSet(set, sessions, { ...options, onProgress, faults }))
    before += set.length
  }
  const [test, chosenOn] = scored
  const threshold = chosenOn && bestThreshold(chosenOn)
  return {
    protocol: describe(model.window.durationUs, threshold !== undefined),
    ...figures(test!, threshold),
    ...(chosenOn && { train: figures(chosenOn, threshold) }),
    faults,
  }
}

function figures(scores: Scores, threshold: number | undefined): PatchFigures {
  return {
    cars: scores.positive.length,
    background: scores.negative.length,
    auc: areaUnderRoc(scores),
    ...(threshold !== undefined && { told: toldAt(threshold, scores) }),
  }
}

function describe(durationUs: number, hasThreshold: boolean): string {
  const windows = windowsOf(durationUs)
  const span = `${windows} ${windows === 1 ? 'window' : 'windows'} of ${durationUs / 1000} ms from the first event on`
  const chosen = hasThreshold
    ? 'threshold: the best accuracy on the train folder'
    : 'no train folder, so no threshold and no accuracy'
  return `patches: middle of each patch (0 to its largest coordinate, unless its header says its size) on the middle of the model's picture; ${span}; score = best ${CLASS} box of all, 0 without one, boxes above ${EVALUATION_DETECT.score}; ${chosen}`
}

/** Windows that cover a patch. */
function windowsOf(durationUs: number): number {
  return Math.ceil(PATCH_US / durationUs)
}

interface Patch {
  path: string
  kind: keyof Scores
}

/** By name, cars first. */
async function findPatches(folder: string): Promise<Patch[]> {
  const kinds = Object.entries(FOLDERS) as [keyof Scores, string][]
  const found = kinds.map(async ([kind, name]) => {
    const path = join(folder, name)
    const files = await readdir(path).catch(() => [])
    const patches = files.filter((file) => file.endsWith('.dat')).sort()
    if (patches.length === 0)
      throw new SaccadeError(
        'ERR_NOT_FOUND',
        `${path} holds no patches: no .dat file`,
        `a patch set is a folder with ${kinds.map(([, name]) => `${name}/`).join(' and ')}`,
      )
    return patches.map((file) => ({ path: join(path, file), kind }))
  })
  return (await Promise.all(found)).flat()
}

interface SetOptions extends Pick<PatchOptions, 'open' | 'windows' | 'signal'> {
  onProgress(done: number): void
  /** Added up. */
  faults: Record<string, number>
}

async function scoreSet(
  patches: readonly Patch[],
  sessions: Sessions,
  { onProgress, faults, signal, ...how }: SetOptions,
): Promise<Scores> {
  const scores = { positive: [] as number[], negative: [] as number[] }
  const packets = sessions.list.map(() => new EventPacket())
  let done = 0
  await inParallel(patches, sessions.list.length, async ({ path, kind }, worker) => {
    checkStop(signal)
    await using recording = await openRecording(path, how.open)
    const place = await lookAt(recording, packets[worker]!)
    // Now, while they are those of the whole file: each window begins to count anew.
    for (const [fault, count] of Object.entries(recording.faults))
      faults[fault] = (faults[fault] ?? 0) + count
    scores[kind].push(await scorePatch(recording, sessions.list[worker]!, place, how.windows))
    done += 1
    onProgress(done)
  })
  return scores
}

/** Where the events of a patch are. */
interface Place {
  geometry: Geometry
  /** Stamp of the first event, absolute µs. */
  start: number
}

/** N-CARS says no size: patches are cut to their corner, so they reach from 0 to the largest coordinate. */
async function lookAt(recording: Recording, packet: EventPacket): Promise<Place> {
  let start = Number.NaN
  const geometry = { width: 1, height: 1 }
  while (await recording.next(packet)) {
    if (Number.isNaN(start)) start = packet.first
    const { length, x, y } = packet
    for (let i = 0; i < length; i++) {
      if (x[i]! >= geometry.width) geometry.width = x[i]! + 1
      if (y[i]! >= geometry.height) geometry.height = y[i]! + 1
    }
  }
  return { geometry: recording.geometry ?? geometry, start }
}

/** The best score in any window; a box beside the patch is none. */
async function scorePatch(
  recording: Recording,
  session: Session,
  { geometry, start }: Place,
  windows: PatchOptions['windows'],
): Promise<number> {
  const { width, height, durationUs } = session.plan.window
  if (geometry.width > width || geometry.height > height)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${recording.path} is ${geometry.width}x${geometry.height}, larger than the model's picture of ${width}x${height}: no patch`,
      'whole recordings are scored with labels: --gt',
    )
  const ends = Array.from({ length: windowsOf(durationUs) }, (_, i) => start + (i + 1) * durationUs)
  let best = 0
  for await (const { detections } of detectAt(recording, session, ends, {
    geometry,
    windows: { ...windows, fit: 'crop', roi: undefined },
    classes: [CLASS],
  }))
    best = Math.max(best, detections[0]?.score ?? 0)
  return best
}
