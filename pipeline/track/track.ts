// Detections -> detections with the numbers of objects.
import { defer, map, type Observable, type OperatorFunction } from 'rxjs'
import type { DetectionSet } from '../detect/detection.js'
import { resolveTrackOptions, type TrackOptions } from './options.js'
import { Tracker } from './tracker.js'

/**
 * Follows objects: detections of what is sure to be one object carry the same `track`, and sets tell which tracks began
 * and ended. Each subscription counts from 1.
 * @throws ERR_ARGUMENT for a setting out of range
 * @example
 * const session = await model.open({ score: 0.1 }) // weak detections hold tracks together
 * replay('drive_td.dat').pipe(windows(model.window), detect(session), track({ high: 0.4 }))
 */
export function track(options: TrackOptions): OperatorFunction<DetectionSet, DetectionSet> {
  const checked = resolveTrackOptions(options)
  return (source: Observable<DetectionSet>) =>
    defer(() => {
      const tracker = new Tracker(checked)
      return source.pipe(map((set) => tracker.update(set)))
    })
}
