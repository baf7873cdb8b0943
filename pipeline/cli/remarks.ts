// What a run says to people on stderr, apart from errors: how the input is read, and how it went.
import type { RunSummary } from '../detect/detection.js'
import type { Geometry } from '../events/packet.js'
import { filteredGeometry, filterOf, isFilterStage } from '../filters/chain.js'
import type { HealthSnapshot } from '../operate/health.js'
import type { Recording } from '../sources/recording.js'
import { type Ledger, totalDropped } from '../streams/ledger.js'
import { quantity } from '../view/strip.js'
import { filtersOf, type WindowSpec } from '../windows/spec.js'
import type { Input } from './pipeline.js'

/** How the size of a recording suits the model, as sentences. */
export function inputRemarks(input: Input, spec: WindowSpec): string[] {
  const { recording, geometry } = input
  if (recording.geometry !== undefined) return fitRemarks(geometry, { ...spec, ...input.windows })
  return [
    `${recording.path} does not say the sensor's size; ${spec.width}x${spec.height} is assumed (--geometry)`,
  ]
}

/** What was wrong in a recording, one sentence for each kind, with the offset of the first. */
export function faultRemarks(
  path: string,
  { faults, faultOffsets = {} }: Pick<Recording, 'faults' | 'faultOffsets'>,
): string[] {
  return Object.entries(faults).map(([fault, n]) => {
    const at = faultOffsets[fault]
    // Names of OpenEB stay as they are, ours are words.
    const kind = /^[a-z_]+$/.test(fault) ? fault.replaceAll('_', ' ') : fault
    return `${path}: ${n} ${kind}${at === undefined ? '' : `, the first at byte ${at}`}`
  })
}

/** How a sensor of another size than the model's is fitted to it, if it is. */
export function fitRemarks(geometry: Geometry, spec: WindowSpec): string[] {
  const sensor = filteredGeometry(filtersOf(spec), geometry)
  const { width, height, fit = 'scale', letterbox } = spec
  if (letterbox !== undefined || (sensor.width === width && sensor.height === height)) return []
  return [
    `the sensor has ${sensor.width}x${sensor.height} pixels, the model ${width}x${height}: fit ${fit}`,
  ]
}

/**
 * The end of a run in one sentence.
 * @example
 * "60 windows, 1.10 Mev, 184 detections in 0.62 s; filtered out: 12.3 kev by refractory; nothing was dropped"
 */
export function summaryLine(summary: RunSummary, ledger: Ledger, elapsedMs: number): string {
  const { windows, events, detections } = summary
  const losses = ledger.stages
    .filter((stage) => !isFilterStage(stage) && totalDropped(stage) > 0)
    .map(
      (stage) =>
        `${stage.name} ${Object.entries(stage.dropped)
          .map(([cause, n]) => `${n} ${cause}`)
          .join(', ')} (${stage.unit})`,
    )
  const filtered = ledger.stages
    .filter(isFilterStage)
    .map((stage) => `${quantity(totalDropped(stage), 'ev')} by ${filterOf(stage)}`)
  return [
    `${windows} windows, ${quantity(events, 'ev')}, ${detections} detections in ${(elapsedMs / 1000).toFixed(2)} s`,
    ...(filtered.length > 0 ? [`filtered out: ${filtered.join(', ')}`] : []),
    losses.length === 0 ? 'nothing was dropped' : `dropped: ${losses.join('; ')}`,
  ].join('; ')
}

/**
 * What a run without a model has done, in one line.
 * @example
 * "source 1.20 Mev; record kept.raw 1.20 Mev; serve tcp://0.0.0.0:5000 1.18 Mev, 20000 no_buffer; camera up"
 */
export function relayLine({ stages, camera }: HealthSnapshot): string {
  const parts = stages.map((stage) => {
    const dropped = Object.entries(stage.dropped).map(([cause, n]) => `${n} ${cause}`)
    const count = stage.unit === 'triggers' ? `${stage.out}` : quantity(stage.out, 'ev')
    return [`${stage.name} ${count}`, ...dropped].join(', ')
  })
  if (camera) {
    const faults = Object.entries(camera.faults).map(([kind, n]) => `${n} ${kind}`)
    parts.push([`camera ${camera.state}`, ...faults].join(', '))
  }
  return parts.join('; ')
}
