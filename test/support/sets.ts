// Detection sets and a header as a run would make them.
import type { DetectionSet, RunHeader, RunSummary } from '../../pipeline/detect/detection.js'

export const header: RunHeader = {
  schema: 'saccade/1',
  model: { name: 'car-pilot', sha256: 'ab'.repeat(32) },
  classes: ['car', 'pedestrian'],
  geometry: { width: 304, height: 240 },
  window: { kind: 'count', durationUs: 50_000, hopUs: 50_000, steps: 1, bins: 1 },
}

export const summary: RunSummary = {
  windows: 3,
  events: 300,
  detections: 3,
  dropped: { events: 0, windows: 0, sets: 0 },
}

/** Set number `seq` of a replay, with `boxes` detections. */
export function makeSet(seq: number, boxes = seq % 4): DetectionSet {
  return {
    seq,
    tStart: seq * 50_000,
    tEnd: (seq + 1) * 50_000,
    events: 100 + seq,
    detections: Array.from({ length: boxes }, (_, i) => ({
      class: i % 2,
      label: i % 2 === 0 ? 'car' : 'pedestrian',
      score: 0.9 - i / 100,
      box: { x: 10.5 + i, y: 20.25 + seq / 16, w: 40 + i, h: 30 },
    })),
    dropped: { events: 0, windows: 0 },
  }
}

/** The same set as a live run makes it, stamped now. */
export function makeLiveSet(seq: number, boxes = 1): DetectionSet {
  return { ...makeSet(seq, boxes), hostTime: Date.now() * 1000, ageMs: 2.5 }
}
