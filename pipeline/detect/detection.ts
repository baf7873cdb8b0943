// What comes out: boxes in sensor pixels.

/** A rectangle in sensor pixels, top-left corner, floats. */
export interface Box {
  x: number
  y: number
  w: number
  h: number
}

/** One detected object. */
export interface Detection {
  class: number
  label: string
  /** 0..1 */
  score: number
  box: Box
  /** Number of the object it belongs to, from 1; absent without tracking and before an object is sure. */
  track?: number
}

/** A track that has become sure. */
export interface TrackStart {
  track: number
  class: number
  label: string
  /** µs, end of the first window in which it was seen. */
  tStart: number
}

/** A track that is over, or is as the run ends. */
export interface TrackEnd extends TrackStart {
  /** µs, end of the last window in which it was seen. */
  tEnd: number
  /** Windows in which it was seen. */
  windows: number
  /** Best of its scores. */
  score: number
  /** At most 64 points, the first and the last among them. */
  path: PathPoint[]
}

/** Middle of a box at a time. */
export interface PathPoint {
  /** µs, end of the window. */
  t: number
  x: number
  y: number
}

/** What became of tracks in one window. */
export interface TrackChanges {
  started: TrackStart[]
  ended: TrackEnd[]
  /** Older ones that a sink, which stood still for too long, is not told; absent when there are none. */
  lost?: number
}

/** The result of one window; emitted for empty windows too. */
export interface DetectionSet {
  /** Number of the window; a gap is a declared drop. */
  seq: number
  /** µs, sensor clock. */
  tStart: number
  tEnd: number
  events: number
  /** Sorted by falling score, then y, then x. */
  detections: Detection[]
  /** Tracks that began or ended here; absent when none did. */
  tracks?: TrackChanges
  /** Lost since the previous set. */
  dropped: { events: number; windows: number }
  /** Live only: Unix µs at which the set was made, and last event in -> detections out in ms. */
  hostTime?: number
  ageMs?: number
}

/** What a run is about: first line of NDJSON, `info` of MQTT and serial. */
export interface RunHeader {
  schema: 'saccade/1'
  model: { name: string; sha256: string }
  classes: string[]
  geometry: { width: number; height: number }
  window: { kind: string; durationUs: number; hopUs: number; steps: number; bins: number }
  /** What events went through before, e.g. "refractory:50us"; absent when nothing. */
  filters?: string[]
  /** How detections become tracks; absent without tracking. */
  track?: {
    high: number
    low: number
    birth: number
    overlap: number
    confirm: number
    keepUs: number
  }
}

/** Totals of a run: last line of NDJSON. */
export interface RunSummary {
  windows: number
  events: number
  detections: number
  dropped: { events: number; windows: number; sets: number }
  /** Events that filters took out, as they were asked to; absent without filters. */
  filtered?: number
  /** Tracks of the run, and those that were there when it ended; absent without tracking. */
  tracks?: { started: number; open: TrackEnd[] }
}
