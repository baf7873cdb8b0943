// Detections as a label file, FILE_dt.npy: the records of Gen1's _bbox.npy, so that the data set's own scripts can score them.
import type { DetectionSet, RunHeader, RunSummary } from '../detect/detection.js'
import { type Label, LabelWriter } from '../sources/labels.js'
import type { Sink, SinkState } from './sink.js'

/**
 * Gen1 label records in a file, stamped with the end of their window: FILE.part while it grows, FILE when the run has
 * ended well. After a failed run nothing stays: its header would not say how many records there are.
 */
export class DetectionsNpySink implements Sink {
  readonly name: string
  readonly dropped = {}
  state: SinkState = 'connecting'
  #writer: LabelWriter | undefined

  constructor(readonly path: string) {
    this.name = `npy:${path}`
  }

  async open(_header: RunHeader): Promise<void> {
    this.#writer = await LabelWriter.create(this.path)
    this.state = 'up'
  }

  async write(set: DetectionSet): Promise<boolean> {
    if (set.detections.length > 0) await this.#writer!.write(toLabels(set))
    return true
  }

  async close(summary: RunSummary | undefined): Promise<void> {
    await using writer = this.#writer
    this.#writer = undefined
    this.state = 'closed'
    if (summary !== undefined) await writer?.close()
  }
}

/** Detections as label records, stamped with the end of their window. */
export function toLabels({ tEnd, detections }: DetectionSet): Label[] {
  return detections.map(({ class: classId, score, box, track }) => ({
    t: tEnd,
    x: box.x,
    y: box.y,
    w: box.w,
    h: box.h,
    classId,
    confidence: score,
    trackId: track ?? 0,
  }))
}
