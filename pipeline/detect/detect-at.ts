// Single windows that end where one asks, not on the grid of a replay: at a label's time, or at a moment of interest.
import { EventPacket, type Geometry } from '../events/packet.js'
import { FilterChain } from '../filters/chain.js'
import type { Recording } from '../sources/recording.js'
import { WindowBuilder } from '../windows/builder.js'
import { fitMap } from '../windows/fit.js'
import { filtersOf, type WindowSpec } from '../windows/spec.js'
import { toDetections } from './detect.js'
import type { DetectionSet } from './detection.js'
import type { Session } from './session.js'

/** Options of detectAt. */
export interface DetectAtOptions {
  /** Sensor size. */
  geometry: Geometry
  /** Other than the model's: fit, roi, filters. */
  windows?: Partial<WindowSpec>
  /** Only these classes, by label. */
  classes?: readonly string[]
}

/**
 * The detections of each window [tEnd - duration, tEnd), in the order asked for; `seq` counts them. Filters see what lies
 * before the window as far as it matters to them.
 * @param tEnds absolute µs
 * @example
 * for await (const set of detectAt(recording, session, [20_560_000], { geometry })) console.log(set.detections)
 */
export async function* detectAt(
  recording: Recording,
  session: Session,
  tEnds: Iterable<number>,
  { geometry, windows, classes }: DetectAtOptions,
): AsyncGenerator<DetectionSet, void, void> {
  const spec = { ...session.plan.window, ...windows, hopUs: undefined }
  const chain = new FilterChain(filtersOf(spec), geometry)
  const builder = new WindowBuilder(spec, chain.geometry)
  const frame = new Uint8Array(builder.frameBytes)
  const fit = fitMap(spec, chain.geometry)
  const wanted = classes && new Set(classes)
  const packet = new EventPacket()
  let seq = 0
  for (const tEnd of tEnds) {
    const tStart = tEnd - spec.durationUs
    builder.attach(0, frame, tStart)
    chain.reset()
    await recording.seek(Math.max(0, chain.warmUpFrom(tStart)))
    while (await recording.next(packet)) {
      chain.run(packet)
      if (builder.push(packet, 0) < packet.length) break
    }
    const events = builder.eventsIn(0)
    builder.finish(0)
    const detections = toDetections(await session.run(frame), fit, session.labels, wanted)
    yield { seq, tStart, tEnd, events, detections, dropped: { events: 0, windows: 0 } }
    seq += 1
  }
}
