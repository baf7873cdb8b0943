// Windows of a recording as pictures with their detections. The events are read again, window by window: what a network
// was fed may be smaller than the sensor, or may have forgotten how often a pixel fired.
import type { DetectionSet } from '../detect/detection.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import { FilterChain, movingFilters } from '../filters/chain.js'
import type { FilterInput } from '../filters/registry.js'
import type { Recording } from '../sources/recording.js'
import type { Theme } from './palette.js'
import type { Picture } from './picture.js'
import { PolarityCounts } from './polarity.js'
import { renderWindow, type TruthBox } from './render.js'
import { windowStrip } from './strip.js'

/** How windows of a recording are drawn. */
export interface RecordingPictureOptions {
  /** Sensor size, where the recording does not say it. */
  geometry: Geometry
  /** What the events went through; of these, pictures go through those that turn the sensor or take a part of it. */
  filters?: readonly FilterInput[]
  /** Stamp that the strip shows as zero, absolute µs. */
  start: number
  /** At the right of the strip: who looked. */
  right?: string
  /** Picture pixels per sensor pixel; default 3. */
  scale?: number
  /** Default DARK. */
  theme?: Theme
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
  sets: Iterable<DetectionSet> | AsyncIterable<DetectionSet>,
  options: RecordingPictureOptions,
): AsyncGenerator<Picture, void, void> {
  const turned = new FilterChain(movingFilters(options.filters ?? []), options.geometry)
  for await (const set of sets) {
    const counts = await windowCounts(recording, set, turned)
    yield renderWindow(counts, set.detections, {
      scale: options.scale,
      theme: options.theme,
      strip: windowStrip(set, options.start, options.right),
      truth: options.truth?.(set),
    })
  }
}

/**
 * How often each pixel fired in [tStart, tEnd), absolute µs.
 * @param sensor its size, or filters that turn it
 * @example
 * const counts = await windowCounts(recording, { tStart: 20_510_000, tEnd: 20_560_000 }, { width: 304, height: 240 })
 */
export async function windowCounts(
  recording: Recording,
  { tStart, tEnd }: Pick<DetectionSet, 'tStart' | 'tEnd'>,
  sensor: Geometry | FilterChain,
): Promise<PolarityCounts> {
  const turned = sensor instanceof FilterChain ? sensor : new FilterChain([], sensor)
  const counts = new PolarityCounts(turned.geometry)
  const packet = new EventPacket()
  await recording.seek(Math.max(0, tStart))
  while (await recording.next(packet)) {
    turned.run(packet)
    let n = 0
    while (n < packet.length && packet.t0 + packet.t[n]! < tEnd) n += 1
    counts.add(packet, 0, n)
    // Also when the first event behind the window was cut away.
    if (packet.last >= tEnd) break
  }
  return counts
}
