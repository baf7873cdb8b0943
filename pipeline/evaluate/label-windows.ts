// A model on the windows that end at label times: one set per time, everything that it finds at all.
import { detectAt } from '../detect/detect-at.js'
import type { Session } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { movingFilters } from '../filters/chain.js'
import { filterText } from '../filters/registry.js'
import { toLabels } from '../sinks/detections-npy.js'
import type { Label } from '../sources/labels.js'
import { openRecording } from '../sources/open.js'
import type { OpenOptions, Recording } from '../sources/recording.js'
import { filtersOf, type WindowSpec } from '../windows/spec.js'

/** A session for evaluation keeps boxes above this score, and at most this many a window: COCO's and the authors' figures. */
export const EVALUATION_DETECT = { score: 0.001, max: 300 } as const

/** What a model found at the label times of a recording. */
export interface LabelWindows {
  /** By label time, best first. Numbers are float32, as a _dt.npy holds them. */
  detections: Label[]
  /** Faults in what the windows have read, by kind: at least so many, since windows may overlap. */
  faults: Readonly<Record<string, number>>
}

/** Options of detectLabelTimes. */
export interface LabelWindowOptions {
  open?: OpenOptions
  /** Other than the model's: fit, roi. */
  windows?: Partial<WindowSpec>
  signal?: AbortSignal
  /** Called after each window. */
  onWindow?(done: number): void
}

/** Runs every window [t - duration, t). Rejects as opening and reading do, or with ERR_ABORTED. */
export async function detectLabelTimes(
  path: string,
  times: readonly number[],
  session: Session,
  { open = {}, windows, signal, onWindow }: LabelWindowOptions,
): Promise<LabelWindows> {
  if (windows !== undefined) refuseMoved(windows)
  await using recording = await openRecording(path, open)
  const { width, height } = session.plan.window
  const geometry = recording.geometry ?? open.geometry ?? { width, height }
  const detections: Label[] = []
  const faults = new WindowFaults()
  let done = 0
  for await (const set of detectAt(recording, session, times, { geometry, windows })) {
    checkStop(signal)
    detections.push(...toLabels(set).map(asStored))
    faults.add(recording)
    done += 1
    onWindow?.(done)
  }
  return { detections, faults: faults.sum }
}

/** Adds up the faults of passes that go on in the file; none is counted twice. */
class WindowFaults {
  readonly sum: Record<string, number> = {}
  /** Offset behind what was read for the windows before. */
  #read = 0

  /** To be called behind each window. */
  add({ faults, faultOffsets = {}, progress }: Recording): void {
    for (const [kind, count] of Object.entries(faults)) {
      const { [kind]: at = -1 } = faultOffsets
      const isNew = at >= this.#read && at < progress.bytes
      const before = this.sum[kind] ?? 0
      this.sum[kind] = isNew ? before + count : Math.max(before, count)
    }
    this.#read = Math.max(this.#read, progress.bytes)
  }
}

/** Labels lie on the sensor as it is. Throws ERR_ARGUMENT for filters that turn it or take a part of it. */
export function refuseMoved(windows: Partial<WindowSpec>): void {
  const [filter] = movingFilters(filtersOf(windows))
  if (filter === undefined) return
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `labels lie on the sensor as it is, and ${filterText(filter)} puts boxes elsewhere`,
    '`saccade convert` writes a recording that is turned or cut',
  )
}

/** @throws ERR_ABORTED when the signal has fired */
export function checkStop(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SaccadeError('ERR_ABORTED', 'the evaluation was stopped')
}

/** In float32: a figure is the same whether it went through a file or not. */
function asStored(label: Label): Label {
  const { fround } = Math
  const { x, y, w, h, confidence } = label
  return {
    ...label,
    x: fround(x),
    y: fround(y),
    w: fround(w),
    h: fround(h),
    confidence: fround(confidence),
  }
}
