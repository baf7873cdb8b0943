// Where the detections of an evaluation come from: files, or a model that looks at the label times.
import type { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import { type Label, readLabels } from '../sources/labels.js'
import { findDetections, type LabelledRecording } from './dataset.js'
import type { EvaluateOptions } from './evaluate.js'
import { KeptDetections } from './kept.js'
import { detectLabelTimes, EVALUATION_DETECT, type LabelWindows } from './label-windows.js'
import { openSessions } from './workers.js'

/** Detections by recording. */
export interface DetectionSource extends AsyncDisposable {
  /** Recordings that can be asked for at a time. */
  workers: number
  of(
    files: LabelledRecording,
    labels: readonly Label[],
    worker: number,
    progress: (share: number) => void,
  ): Promise<LabelWindows>
}

/**
 * Opens what the options name.
 * @throws ERR_NOT_FOUND for files that are missing
 */
export async function openDetections(
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
  const missing = files.filter(({ recording }) => recording === undefined)
  if (missing.length > 0)
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `${missing.length} of ${files.length} labelled recordings are missing: no ${missing[0]!.name}_td.dat or _td.dat.h5 beside ${missing[0]!.labels}`,
      'recordings that are packed (.gz) must be unpacked first',
    )
  const settings = { ...options.session, ...EVALUATION_DETECT }
  const kept = keep === undefined ? undefined : await keptFor(keep, model, options)
  const sessions = await openSessions(model, settings, jobs, files.length)
  return {
    workers: sessions.list.length,
    of: async ({ name, recording }, labels, worker, progress) => {
      const times = [...new Set(labels.map(({ t }) => t))].sort((a, b) => a - b)
      const before = await kept?.read(name, recording!, times)
      if (before !== undefined) return before
      const found = await detectLabelTimes(recording!, times, sessions.list[worker]!, {
        open,
        windows,
        signal,
        onWindow: (done) => progress(done / times.length),
      })
      await kept?.write(name, recording!, times, found)
      return found
    },
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
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
