// saccade info --filters: a recording through filters, one after the other, and what each of them took and took out.
import type { Config } from '../config/schema.js'
import { windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import type { Geometry } from '../events/packet.js'
import { EventPacket } from '../events/packet.js'
import { FilterChain, filteredGeometry } from '../filters/chain.js'
import { type FilterCost, filterCosts } from '../filters/cost.js'
import { type FilterSpec, filterText } from '../filters/registry.js'
import type { Recording } from '../sources/recording.js'
import { sensorSize } from '../sources/survey.js'
import { Ledger } from '../streams/ledger.js'
import { filtersOf } from '../windows/spec.js'

/** A filter as it is written, and the size of the sensor behind it. */
export interface FilterInfo extends FilterCost {
  geometry: Geometry
}

/** The camera's corrections, then the filters of the configuration or else of its model: what a replay would run. */
export async function configuredFilters(config: Config): Promise<FilterSpec[]> {
  const overrides = windowOverrides(config)
  if (overrides.filters !== undefined) return filtersOf(overrides)
  const { filters } = (await Model.load(config.model.name)).window
  return filtersOf({ ...overrides, filters })
}

/** Reads the whole recording. Rejects as reading does, and with ERR_ARGUMENT for filters that do not fit the sensor. */
export async function filterInfo(
  recording: Recording,
  filters: readonly FilterSpec[],
  options: {
    geometry?: Geometry
    signal?: AbortSignal
    progress?: (recording: Recording) => void
  } = {},
): Promise<FilterInfo[]> {
  const sensor = await sensorSize(recording, options)
  const ledger = new Ledger()
  const chain = new FilterChain(filters, sensor, ledger)
  const packet = new EventPacket()
  await recording.seek(0)
  while (!options.signal?.aborted && (await recording.next(packet))) {
    chain.run(packet)
    options.progress?.(recording)
  }
  return filterCosts(ledger.stages).map((cost, i) => ({
    ...cost,
    filter: filterText(filters[i]!),
    geometry: filteredGeometry(filters.slice(0, i + 1), sensor),
  }))
}

/** The table for people, from the first filter to the last. */
export function filterRows(filters: readonly FilterInfo[]): string[][] {
  if (filters.length === 0) return [['filters', 'none']]
  const rows = filters.map(({ filter, in: into, out, nsPerEvent, geometry }) => [
    filter,
    String(into),
    String(out),
    into === 0 ? '' : `${((100 * (into - out)) / into).toFixed(1)} %`,
    nsPerEvent.toFixed(1),
    `${geometry.width}x${geometry.height}`,
  ])
  return [['filter', 'events in', 'events out', 'taken out', 'ns/event', 'sensor behind'], ...rows]
}
