// Average precision before and after, on recordings with labels beside them (NAME_bbox.npy).
import { existsSync } from 'node:fs'
import { openNative } from '../pipeline/detect/native.js'
import { openOnnx } from '../pipeline/detect/onnx.js'
import { detectLabelTimes, EVALUATION_DETECT } from '../pipeline/evaluate/label-windows.js'
import { type Rules, rulesOf } from '../pipeline/evaluate/protocol.js'
import { type Evaluation, matchRecording, summarise } from '../pipeline/evaluate/score.js'
import { type Plan, readLabels, type Session } from '../pipeline/index.js'

/** Figures of a float network and of the plan made from it, by the same rules on the same windows. */
export interface AccuracyPair {
  /** Undefined where the plan is exact: then they are the plan's. */
  before: Evaluation | undefined
  after: Evaluation
}

/** Label files beside recordings: NAME_bbox.npy of NAME_td.dat. */
export function labelledRecordings(
  recordings: readonly string[],
): { recording: string; labels: string }[] {
  return recordings.flatMap((recording) => {
    const labels = recording.replace(/_td\.dat(\.h5)?$/, '_bbox.npy')
    return labels !== recording && existsSync(labels) ? [{ recording, labels }] : []
  })
}

/**
 * Scores both at all label times; undefined when no recording has labels of a class that the network knows.
 * @param float bytes of the ONNX file; undefined when the plan equals it
 */
export async function compareAccuracy(
  plan: Plan,
  float: Uint8Array | undefined,
  recordings: readonly string[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<AccuracyPair | undefined> {
  const files = await Promise.all(
    labelledRecordings(recordings).map(async ({ recording, labels }) => ({
      recording,
      labels: await readLabels(labels),
    })),
  )
  const known = (id: number) => id < plan.head.classes.length
  const classes = [...new Set(files.flatMap(({ labels }) => labels.map(({ classId }) => classId)))]
    .filter(known)
    .sort((a, b) => a - b)
  if (classes.length === 0) return undefined
  // One window per label time, so there is nothing to pool.
  const rules: Rules = { ...rulesOf(), pairing: 'exact' }
  const spec = { rules, classes, thresholds: [plan.detect.score] }
  const score = async (session: Session): Promise<Evaluation> => {
    const matched = []
    for (const { recording, labels } of files) {
      const times = [...new Set(labels.map(({ t }) => t))].sort((a, b) => a - b)
      const { detections } = await detectLabelTimes(recording, times, session, { signal })
      matched.push(matchRecording(recording, labels, detections, spec))
    }
    return summarise(matched, spec, (id) => plan.head.classes[id]!)
  }
  await using engine = await openNative(plan, EVALUATION_DETECT)
  const after = await score(engine)
  if (float === undefined) return { before: undefined, after }
  await using oracle = await openOnnx(plan, { traced: float }, EVALUATION_DETECT)
  return { before: await score(oracle), after }
}
