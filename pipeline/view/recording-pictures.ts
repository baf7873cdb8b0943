// Windows of a recording as pictures with their detections. The events are read again, window by window: what a network
// was fed may be smaller than the sensor, or may have forgotten how often a pixel fired.
import type { DetectionSet } from '../detect/detection.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import type { Recording } from '../sources/recording.js'
import type { Picture } from './picture.js'
import { PolarityCounts } from './polarity.js'
import { renderWindow, type TruthBox } from './render.js'
import { windowStrip } from './strip.js'

/** How windows of a recording are drawn. */
export interface RecordingPictureOptions {
  /** Sensor size, where the recording does not say it. */
  geometry: Geometry
  /** Stamp that the strip shows as zero, absolute µs. */
  start: number
  /** At the right of the strip: who looked. */
  right?: string
  /** Picture pixels per sensor pixel; default 3. */
  scale?: number
  /** Labelled objects of a window. */
  truth?(set: DetectionSet): readonly TruthBox[]
}

/**
 * One picture for each set, in their order; sets may overlap or leave gaps.
 * @example
 * for await (const picture of recordingPictures(recording, sets, { geometry, start })) await animation.add(picture)
 */
export async function* recordingPictures(
  recording: Recording,
  sets: Iterable<DetectionSet>,
  options: RecordingPictureOptions,
): AsyncGenerator<Picture, void, void> {
  const packet = new EventPacket()
  for (const set of sets) {
    const counts = await windowCounts(recording, set, options.geometry, packet)
    yield renderWindow(counts, set.detections, {
      scale: options.scale,
      strip: windowStrip(set, options.start, options.right),
      truth: options.truth?.(set),
    })
  }
}

/**
 * How often each pixel fired in [tStart, tEnd), absolute µs.
 * @example
 * const counts = await windowCounts(recording, { tStart: 20_510_000, tEnd: 20_560_000 }, { width: 304, height: 240 })
 */
export async function windowCounts(
  recording: Recording,
  { tStart, tEnd }: Pick<DetectionSet, 'tStart' | 'tEnd'>,
  geometry: Geometry,
  packet = new EventPacket(),
): Promise<PolarityCounts> {
  const counts = new PolarityCounts(geometry)
  await recording.seek(Math.max(0, tStart))
  while (await recording.next(packet)) {
    let n = 0
    while (n < packet.length && packet.t0 + packet.t[n]! < tEnd) n += 1
    counts.add(packet, 0, n)
    if (n < packet.length) break
  }
  return counts
}
