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
  track?: number
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
}

/** Totals of a run: last line of NDJSON. */
export interface RunSummary {
  windows: number
  events: number
  detections: number
  dropped: { events: number; windows: number; sets: number }
  /** Events that filters took out, as they were asked to; absent without filters. */
  filtered?: number
}
