// The JSON records that NDJSON and MQTT share. Keys in a fixed order and numbers rounded to fixed decimals: the same
// detections are the same bytes. Scores to 4 decimals (finer than the 1/255 of the serial frame), boxes to 0.01 pixel.
import type {
  DetectionSet,
  PathPoint,
  RunHeader,
  RunSummary,
  TrackChanges,
  TrackEnd,
} from '../detect/detection.js'
import { SaccadeError } from '../errors.js'

const SCORE_UNIT = 1e4
const PIXEL_UNIT = 1e2
const MS_UNIT = 1e3

/** First record of a run: what the numbers mean. */
export function headerRecord(header: RunHeader): string {
  const { schema, model, classes, geometry, window, filters, track } = header
  return JSON.stringify({
    schema,
    model: { name: model.name, sha256: model.sha256 },
    classes,
    geometry: { width: geometry.width, height: geometry.height },
    window: {
      kind: window.kind,
      durationUs: window.durationUs,
      hopUs: window.hopUs,
      steps: window.steps,
      bins: window.bins,
    },
    filters,
    track,
    box: 'sensor pixels, x and y of the top left corner',
    time: 'microseconds',
  })
}

/** One set; windows without detections have one too. Throws ERR_MODEL when a box or score is not a number. */
export function setRecord(set: DetectionSet): string {
  return JSON.stringify({
    seq: set.seq,
    tStart: set.tStart,
    tEnd: set.tEnd,
    events: set.events,
    detections: set.detections.map(({ class: index, label, score, box, track }) => ({
      class: index,
      label,
      score: rounded(set, score, SCORE_UNIT),
      box: {
        x: rounded(set, box.x, PIXEL_UNIT),
        y: rounded(set, box.y, PIXEL_UNIT),
        w: rounded(set, box.w, PIXEL_UNIT),
        h: rounded(set, box.h, PIXEL_UNIT),
      },
      track,
    })),
    tracks: set.tracks && changes(set.tracks),
    dropped: { events: set.dropped.events, windows: set.dropped.windows },
    hostTime: set.hostTime,
    ageMs: set.ageMs === undefined ? undefined : rounded(set, set.ageMs, MS_UNIT),
  })
}

/** Last record of a run; a file without it was cut. */
export function endRecord(summary: RunSummary): string {
  const { windows, events, detections, dropped, filtered, tracks } = summary
  return JSON.stringify({
    end: {
      windows,
      events,
      detections,
      dropped: { events: dropped.events, windows: dropped.windows, sets: dropped.sets },
      filtered,
      tracks: tracks?.started,
    },
  })
}

function changes({ started, ended, lost }: TrackChanges): TrackChanges {
  return { started, ended: ended.map(endedTrack), lost }
}

/** A track that is over, rounded like boxes and scores. */
export function endedTrack({ score, path, ...rest }: TrackEnd): TrackEnd {
  return {
    ...rest,
    score: Math.round(score * SCORE_UNIT) / SCORE_UNIT,
    path: path.map(roundedPoint),
  }
}

function roundedPoint({ t, x, y }: PathPoint): PathPoint {
  return {
    t,
    x: Math.round(x * PIXEL_UNIT) / PIXEL_UNIT,
    y: Math.round(y * PIXEL_UNIT) / PIXEL_UNIT,
  }
}

/** JSON has no NaN: it would silently become null. */
function rounded(set: DetectionSet, value: number, unit: number): number {
  if (!Number.isFinite(value))
    throw new SaccadeError(
      'ERR_MODEL',
      `window ${set.seq} has a detection with a value that is no number (${value})`,
      'the model is broken; try it with --backend onnx',
    )
  return Math.round(value * unit) / unit
}
