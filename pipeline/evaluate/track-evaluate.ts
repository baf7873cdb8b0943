// Labelled recordings and tracks, or a model and a tracker that make them, -> figures of tracks.
import { detect } from '../detect/detect.js'
import type { DetectionSet } from '../detect/detection.js'
import type { Session } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { type Label, readLabels } from '../sources/labels.js'
import { replay } from '../sources/replay.js'
import { Assignment } from '../track/assign.js'
import type { TrackOptions } from '../track/options.js'
import { track } from '../track/track.js'
import { windows } from '../windows/windows.js'
import { findDetections, type LabelledRecording } from './dataset.js'
import { type EvaluateOptions, findTask } from './evaluate.js'
import { checkStop } from './label-windows.js'
import { iou } from './match.js'
import { isSure } from './protocol.js'
import {
  countTracks,
  sumTracks,
  type TrackCounts,
  type TrackedBox,
  type TrackFigures,
  type TrackFrame,
  type TrackRules,
  trackFigures,
} from './track-score.js'
import { inParallel, openSessions } from './workers.js'

/** Options of evaluateTracks. Give `detections` (files with track ids) or `model` with `track`. */
export interface TrackEvaluateOptions
  extends Pick<
    EvaluateOptions,
    | 'labels'
    | 'detections'
    | 'model'
    | 'session'
    | 'windows'
    | 'open'
    | 'classes'
    | 'jobs'
    | 'shard'
    | 'camera'
    | 'sure'
    | 'signal'
    | 'onProgress'
  > {
  /** How detections become tracks; its `low` is the session's score. */
  track?: Required<TrackOptions>
  /** How pairs are made; default `trackeval`. */
  rules?: TrackRules
}

/** Counts and figures together. */
export interface TrackScore extends TrackCounts, TrackFigures {
  name: string
}

/** What comes of it. */
export interface TrackEvaluation extends TrackScore {
  /** The rules in words. */
  protocol: string
  /** Labels below `sure`, and tracked boxes that went with them: they count neither way. */
  neither: { labels: number; boxes: number }
  /** Label times at which no window ended, so that nothing can be compared. */
  skippedTimes: number
  classes: TrackScore[]
  recordings: TrackScore[]
}

/**
 * Scores tracks at the times of the labels: every label must have its object's number as track id, and every window runs,
 * since a tracker lives from all of them.
 * @throws ERR_NOT_FOUND for files that are missing, ERR_FORMAT for labels without track ids, ERR_ABORTED
 * @example
 * const { mota, idf1, switches } = await evaluateTracks({ labels: 'drives', detections: 'found' })
 */
export async function evaluateTracks(options: TrackEvaluateOptions): Promise<TrackEvaluation> {
  const { rules = 'trackeval', sure } = options
  const { files, spec, className } = await findTask({ ...options, protocol: 'prophesee' })
  await using source = await openTracks(files, options)
  const scored: { name: string; classes: TrackCounts[] }[] = []
  const neither = { labels: 0, boxes: 0 }
  let skippedTimes = 0
  await inParallel(files, source.workers, async (recording, worker) => {
    checkStop(options.signal)
    const labels = await readLabels(recording.labels)
    checkIds(labels, recording.labels)
    const { boxes, times } = await source.of(recording, labels, worker)
    const compared = [...new Set(labels.map(({ t }) => t))].filter((t) => times?.has(t) ?? true)
    compared.sort((a, b) => a - b)
    skippedTimes += new Set(labels.map(({ t }) => t)).size - compared.length
    const classes = spec.classes.map((id) => {
      const made = framesOf(compared, labels, boxes, { id, sure })
      neither.labels += made.neither.labels
      neither.boxes += made.neither.boxes
      return countTracks(made.frames, rules)
    })
    scored.push({ name: recording.name, classes })
    options.onProgress?.({ done: scored.length, total: files.length })
  })
  scored.sort((a, b) => (a.name < b.name ? -1 : 1))
  const score = (name: string, parts: readonly TrackCounts[]): TrackScore => {
    const counts = sumTracks(parts)
    return { name, ...counts, ...trackFigures(counts) }
  }
  return {
    ...score(
      'all',
      scored.flatMap(({ classes }) => classes),
    ),
    protocol: describe(rules, sure),
    neither,
    skippedTimes,
    classes: spec.classes.map((id, i) =>
      score(
        className(id),
        scored.map(({ classes }) => classes[i]!),
      ),
    ),
    recordings: scored.map(({ name, classes }) => score(name, classes)),
  }
}

function describe(rules: TrackRules, sure: number | undefined): string {
  const order =
    rules === 'trackeval'
      ? 'the partner of the time before first, then the largest sum of overlaps'
      : 'the last partner first, then the most pairs'
  const doubt = sure === undefined ? '' : `; labels below ${sure} count neither way`
  return `tracks as ${rules} counts them: IoU >= 0.5, each class by itself, ${order}${doubt}`
}

interface TrackSource extends AsyncDisposable {
  workers: number
  /** Boxes with a track, and the times that were looked at; undefined when all were. */
  of(
    files: LabelledRecording,
    labels: readonly Label[],
    worker: number,
  ): Promise<{ boxes: readonly Label[]; times: ReadonlySet<number> | undefined }>
}

async function openTracks(
  files: readonly LabelledRecording[],
  options: TrackEvaluateOptions,
): Promise<TrackSource> {
  if (options.model === undefined) {
    const found = await findDetections(options.detections!)
    return {
      workers: 1,
      of: async ({ name }) => {
        const path = found.get(name)
        if (path === undefined)
          throw new SaccadeError('ERR_NOT_FOUND', `${options.detections} lacks ${name}_dt.npy`)
        const boxes = await readLabels(path)
        return { boxes: boxes.filter(({ trackId }) => trackId !== 0), times: undefined }
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }
  const { model, track: how, jobs = 1 } = options
  if (how === undefined)
    throw new SaccadeError('ERR_ARGUMENT', 'to evaluate tracks of a model a tracker is needed')
  const settings = { ...options.session, score: how.low }
  const sessions = await openSessions(model, settings, jobs, files.length)
  return {
    workers: sessions.list.length,
    of: async ({ name, recording }, labels, worker) => {
      if (recording === undefined)
        throw new SaccadeError('ERR_NOT_FOUND', `there is no ${name}_td.dat beside its labels`)
      return follow(recording, labels, sessions.list[worker]!, how, options)
    },
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  }
}

/** The whole recording through windows, network and tracker; what was tracked at the label times. */
async function follow(
  path: string,
  labels: readonly Label[],
  session: Session,
  how: Required<TrackOptions>,
  { model, open, windows: other, signal }: TrackEvaluateOptions,
): Promise<{ boxes: Label[]; times: Set<number> }> {
  const spec = { ...model!.window, ...other }
  const wanted = new Set(labels.map(({ t }) => t))
  const boxes: Label[] = []
  const times = new Set<number>()
  const sets = replay(path, { ...open, signal }).pipe(
    windows(spec, { geometry: open?.geometry, signal }),
    detect(session),
    track(how),
  )
  for await (const set of sets) {
    if (!wanted.has(set.tEnd)) continue
    times.add(set.tEnd)
    boxes.push(...tracked(set))
  }
  checkStop(signal)
  return { boxes, times }
}

function tracked({ tEnd, detections }: DetectionSet): Label[] {
  return detections.flatMap(({ class: classId, score, box, track: trackId }) =>
    trackId === undefined ? [] : [{ t: tEnd, ...box, classId, confidence: score, trackId }],
  )
}

function checkIds(labels: readonly Label[], path: string): void {
  const seen = new Set<string>()
  for (const { t, trackId, classId } of labels) {
    const key = `${t} ${classId} ${trackId}`
    if (trackId === 0 || seen.has(key))
      throw new SaccadeError(
        'ERR_FORMAT',
        trackId === 0
          ? `${path} has labels without a track id: tracks cannot be compared with it`
          : `${path} has two labels of track ${trackId} at ${t} µs`,
        'simulated drives have track ids (saccade simulate)',
      )
    seen.add(key)
  }
}

/** One class, time by time. Boxes on labels that are not sure go with them. */
function framesOf(
  times: readonly number[],
  labels: readonly Label[],
  boxes: readonly Label[],
  { id, sure }: { id: number; sure: number | undefined },
): { frames: TrackFrame[]; neither: { labels: number; boxes: number } } {
  const neither = { labels: 0, boxes: 0 }
  const labelsAt = byTime(labels, id)
  const boxesAt = byTime(boxes, id)
  const assignment = new Assignment()
  const frames = times.map((t): TrackFrame => {
    const there = labelsAt.get(t) ?? []
    const found = boxesAt.get(t) ?? []
    const unsure = there.filter((label) => !isSure(label, sure))
    const dropped = unsure.length === 0 ? new Set() : boxesOn(there, found, unsure, assignment)
    neither.labels += unsure.length
    neither.boxes += dropped.size
    return {
      labels: there.filter((label) => isSure(label, sure)).map(toTracked),
      tracked: found.filter((box) => !dropped.has(box)).map(toTracked),
    }
  })
  return { frames, neither }
}

/** The boxes whose label, when all labels are given to all boxes, is one of `unsure`. */
function boxesOn(
  labels: readonly Label[],
  boxes: readonly Label[],
  unsure: readonly Label[],
  assignment: Assignment,
): Set<Label> {
  const weights = assignment.weights(labels.length, boxes.length)
  labels.forEach((label, i) => {
    boxes.forEach((box, j) => {
      const overlap = iou(label, box)
      if (overlap >= 0.5) weights[i * boxes.length + j] = overlap
    })
  })
  const partners = assignment.solve()
  return new Set(
    labels.flatMap((label, i) =>
      partners[i]! >= 0 && unsure.includes(label) ? [boxes[partners[i]!]!] : [],
    ),
  )
}

function byTime(boxes: readonly Label[], classId: number): Map<number, Label[]> {
  const times = new Map<number, Label[]>()
  for (const box of boxes) {
    if (box.classId !== classId) continue
    const list = times.get(box.t)
    if (list === undefined) times.set(box.t, [box])
    else list.push(box)
  }
  return times
}

function toTracked({ trackId: id, x, y, w, h }: Label): TrackedBox {
  return { id, x, y, w, h }
}
