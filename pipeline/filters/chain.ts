// Filters in a row over a stream of packets: in place, no packet more, no packet less.
import type { Observable, OperatorFunction } from 'rxjs'
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { drop, Ledger, type StageCounts } from '../streams/ledger.js'
import { Stream } from '../streams/stream.js'
import type { EventFilter } from './filter.js'
import { MOST_PIXELS } from './native.js'
import {
  createFilter,
  type FilterInput,
  type FilterSpec,
  filterCause,
  movedTo,
  readFilters,
} from './registry.js'

const STAGE = 'filter '

/** True for the counts of a filter: what it drops it was asked to drop. */
export function isFilterStage({ name }: Pick<StageCounts, 'name'>): boolean {
  return name.startsWith(STAGE)
}

/** The name of the filter whose counts these are. */
export function filterOf({ name }: Pick<StageCounts, 'name'>): string {
  return name.slice(STAGE.length)
}

/** Those that put events at other pixels, in their order. */
export function movingFilters(filters: readonly FilterInput[]): FilterSpec[] {
  // Whether a filter does so is the same for every sensor.
  return readFilters(filters).filter((spec) => movedTo(spec, { width: 1, height: 1 }) !== undefined)
}

/** Size of the sensor behind filters. */
export function filteredGeometry(filters: readonly FilterInput[], sensor: Geometry): Geometry {
  return readFilters(filters).reduce((size, spec) => movedTo(spec, size) ?? size, sensor)
}

/** Options of the filter operators. */
export interface FilterOptions {
  /** Sensor size for sources that do not say it. */
  geometry?: Geometry
  ledger?: Ledger
}

/** Several filters at work on one sensor, one after the other. */
export class FilterChain {
  /** Size of the sensor behind the filters, which may turn it or take a part of it. */
  readonly geometry: Geometry
  readonly #filters: { filter: EventFilter; cause: string; counts: StageCounts }[] = []

  /** Throws ERR_ARGUMENT for what is no filter, a sensor that is too large, and a pixel that is not on it. */
  constructor(filters: readonly FilterInput[], sensor: Geometry, ledger: Ledger = new Ledger()) {
    const specs = readFilters(filters)
    if (specs.length > 0 && sensor.width * sensor.height > MOST_PIXELS)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `filters keep state for every pixel, and a sensor of ${sensor.width}x${sensor.height} has more than ${MOST_PIXELS}`,
        'without filters: --filter none',
      )
    const stages = stagesOf(specs, ledger)
    let geometry = sensor
    for (const [i, spec] of specs.entries()) {
      const filter = createFilter(spec, geometry)
      this.#filters.push({ filter, cause: filterCause(spec), counts: stages[i]! })
      geometry = movedTo(spec, geometry) ?? geometry
    }
    this.geometry = geometry
  }

  /** Takes events out of a packet, in place. It goes on telling when its source began and ended. */
  run(packet: EventPacket): void {
    if (this.#filters.length === 0) return
    packet.width = this.geometry.width
    packet.height = this.geometry.height
    if (packet.length === 0) return
    packet.keepSpan()
    for (const { filter, cause, counts } of this.#filters) {
      const before = packet.length
      const began = performance.now()
      packet.length = filter.run(packet)
      counts.busyMs = (counts.busyMs ?? 0) + performance.now() - began
      counts.in += before
      counts.out += packet.length
      if (packet.length < before) drop(counts, cause, before - packet.length)
    }
  }

  /** Forgets every event. */
  reset(): void {
    for (const { filter } of this.#filters) filter.reset()
  }

  /** Where a stream must begin, absolute µs, to be filtered from `t` on as if it had begun at its start. */
  warmUpFrom(t: number): number {
    // The last filter needs the others to be right from where it begins.
    return this.#filters.reduceRight((from, { filter }) => filter.warmUpFrom(from), t)
  }
}

/**
 * Puts packets through filters. A packet of which nothing is left is handed on, too: time has passed.
 * @throws ERR_ARGUMENT for what is no filter, and in the stream when a source does not say its size and `geometry` does not either
 * @example
 * replay('drive_td.dat').pipe(filter([{ name: 'refractory', us: 50 }]), windows(spec))
 */
export function filter(
  filters: readonly FilterInput[],
  options: FilterOptions = {},
): OperatorFunction<EventPacket, EventPacket> {
  const specs = readFilters(filters)
  const ledger = options.ledger ?? new Ledger()
  // Made now, so that they stand before the stages behind them.
  stagesOf(specs, ledger)
  return (source: Observable<EventPacket>) =>
    new Stream<EventPacket>((subscriber) => {
      let chain: FilterChain | undefined
      // Synchronous, so that who receives a packet can ask the source itself for time.
      return source.subscribe({
        next: (packet) => {
          try {
            chain ??= new FilterChain(specs, sensorOf(packet, options.geometry), ledger)
            chain.run(packet)
          } catch (error) {
            packet.release()
            subscriber.error(error)
            return
          }
          subscriber.next(packet)
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
    })
}

/** A stage for each; the second of one name is "filter refractory (2)". */
function stagesOf(specs: readonly FilterSpec[], ledger: Ledger): StageCounts[] {
  return specs.map(({ name }, i) => {
    const nth = specs.slice(0, i + 1).filter((spec) => spec.name === name).length
    return ledger.stage(`${STAGE}${name}${nth > 1 ? ` (${nth})` : ''}`, 'events')
  })
}

function sensorOf({ width, height }: EventPacket, otherwise: Geometry | undefined): Geometry {
  if (width > 0 && height > 0) return { width, height }
  if (otherwise !== undefined) return otherwise
  throw new SaccadeError(
    'ERR_ARGUMENT',
    'the source does not say the size of its sensor, and filters look at single pixels',
    'pass geometry: { width, height }',
  )
}
