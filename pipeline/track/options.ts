// What a user may say about tracks, checked.
import { SaccadeError } from '../errors.js'

/** Settings of tracking; the defaults are those of ByteTrack where it has them. */
export interface TrackOptions {
  /** Detections at or above this score are shown, and looked at first. Give the model's own threshold. */
  high: number
  /** Weaker detections down to this one may continue a track, never begin one; default 0.1. Open the session with this score. */
  low?: number
  /** Score that begins a track; default `high` + 0.1. */
  birth?: number
  /** Overlap (IoU) of a detection with where its track should be, at least; default 0.2. */
  overlap?: number
  /** Windows in which an object must be seen before it has a number; default 2. */
  confirm?: number
  /** µs that a track is kept without being seen; default 1 s. */
  keepUs?: number
}

/** The settings with their defaults. Throws ERR_ARGUMENT for a value out of range. */
export function resolveTrackOptions(options: TrackOptions): Required<TrackOptions> {
  const { high } = options
  share('high', high)
  const {
    low = Math.min(0.1, high),
    birth = Math.min(high + 0.1, 1),
    overlap = 0.2,
    confirm = 2,
    keepUs = 1_000_000,
  } = options
  share('low', low)
  share('birth', birth)
  share('overlap', overlap)
  if (low > high) refuse(`track.low is ${low}, above the score of the model, ${high}`)
  if (birth < high) refuse(`track.birth is ${birth}, below the score of the model, ${high}`)
  if (!(Number.isInteger(confirm) && confirm >= 1 && confirm <= 100))
    refuse(`track.confirm must be a whole number of windows, 1 to 100, not ${confirm}`)
  if (!(keepUs >= 0 && keepUs <= 3_600_000_000))
    refuse(`track.keep must be 0 s to 1 h, not ${keepUs} µs`)
  return { high, low, birth, overlap, confirm, keepUs }
}

function share(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) refuse(`track.${name} must be 0 to 1, not ${value}`)
}

function refuse(sentence: string): never {
  throw new SaccadeError('ERR_ARGUMENT', sentence)
}
