// How a configuration wants objects followed.
import type { Model } from '../detect/model.js'
import { resolveTrackOptions, type TrackOptions } from '../track/options.js'
import type { Config } from './schema.js'
import { durationUs } from './windows.js'

/**
 * The settings of the `track` section, with what the model's threshold makes of them.
 * Throws ERR_ARGUMENT when they contradict each other.
 */
export function trackOptions({ model, track }: Config, { plan }: Model): Required<TrackOptions> {
  const { low, birth, overlap, confirm, keep } = track
  return resolveTrackOptions({
    high: model.score ?? plan.detect.score,
    low,
    birth,
    overlap,
    confirm,
    keepUs: keep === undefined ? undefined : durationUs(keep),
  })
}
