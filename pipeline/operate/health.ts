// How a run is doing: counts per stage, age of results, state of the sinks. One snapshot serves the log, MQTT's health
// topic and the last line of a run.
import type { DetectionSet } from '../detect/detection.js'
import { isFilterStage } from '../filters/chain.js'
import { type FilterCost, filterCosts } from '../filters/cost.js'
import type { Sink, SinkState } from '../sinks/sink.js'
import type { CameraHealth } from '../sources/camera.js'
import { type Ledger, type StageCounts, totalDropped } from '../streams/ledger.js'

/** Ages kept between two snapshots; of more than these, the newest. */
const AGES = 4096

/** Quantiles of the time from the last event in to the detections out. */
export interface AgeQuantiles {
  p50: number
  p99: number
  max: number
}

/** The state of a run. Counts are since its start; ages, and the rate, since the last snapshot. */
export interface HealthSnapshot {
  uptimeS: number
  /** Resident memory. */
  rssBytes: number
  windows: number
  detections: number
  /** Windows per second. */
  rate: number
  /** Milliseconds since the last window came out. */
  idleMs: number
  /** Live runs only. */
  ageMs: AgeQuantiles | undefined
  stages: StageCounts[]
  /** What each filter took and took out, in the order in which events pass them. */
  filters: FilterCost[]
  sinks: { name: string; state: SinkState }[]
  /** The camera's state and faults, when there is one. */
  camera?: Pick<CameraHealth, 'name' | 'state' | 'sinceMs' | 'faults'>
}

/**
 * Watches a run.
 * @example
 * const health = new Health(ledger, sinks)
 * health.observe(set) // with every set
 * log.info(healthLine(health.snapshot()))
 */
export class Health {
  readonly #ages = new Float64Array(AGES)
  #aged = 0
  #windows = 0
  #windowsBefore = 0
  #detections = 0
  readonly #startedAt: number
  #snapshotAt: number
  #setAt: number

  constructor(
    readonly ledger: Ledger,
    readonly sinks: readonly Sink[],
    readonly camera?: () => CameraHealth,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#startedAt = this.#snapshotAt = this.#setAt = now()
  }

  /** Counts one result. */
  observe(set: DetectionSet): void {
    this.#windows += 1
    this.#detections += set.detections.length
    this.#setAt = this.now()
    if (set.ageMs === undefined) return
    this.#ages[this.#aged % AGES] = set.ageMs
    this.#aged += 1
  }

  /** The state now; begins a new interval for ages and rate. */
  snapshot(): HealthSnapshot {
    const now = this.now()
    const seconds = (now - this.#snapshotAt) / 1000
    const windows = this.#windows - this.#windowsBefore
    const snapshot: HealthSnapshot = {
      uptimeS: Math.round((now - this.#startedAt) / 1000),
      rssBytes: process.memoryUsage.rss(),
      windows: this.#windows,
      detections: this.#detections,
      rate: seconds > 0 ? windows / seconds : 0,
      idleMs: Math.round(now - this.#setAt),
      ageMs:
        this.#aged > 0 ? quantiles(this.#ages.subarray(0, Math.min(this.#aged, AGES))) : undefined,
      stages: this.ledger.stages.map((stage) => ({ ...stage, dropped: { ...stage.dropped } })),
      filters: filterCosts(this.ledger.stages),
      sinks: this.sinks.map(({ name, state }) => ({ name, state })),
    }
    if (this.camera !== undefined) {
      const { name, state, sinceMs, faults } = this.camera()
      snapshot.camera = { name, state, sinceMs, faults }
    }
    this.#snapshotAt = now
    this.#windowsBefore = this.#windows
    this.#aged = 0
    return snapshot
  }
}

/** Nearest-rank quantiles; the values are not changed. */
export function quantiles(values: ArrayLike<number>): AgeQuantiles {
  const sorted = Float64Array.from(values).sort()
  const rank = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) }
}

/**
 * A snapshot in one line.
 * @example
 * "600 windows, 20.0/s, 812 detections, age 31/44/52 ms (p50/p99/max); filters: refractory -63.5 % 6 ns/ev; dropped: windows 3 late; mqtt:broker:1883 up; 96 MB"
 */
export function healthLine(snapshot: HealthSnapshot): string {
  const { windows, rate, detections, ageMs, stages, filters, sinks, rssBytes, camera } = snapshot
  const parts = [`${windows} windows, ${rate.toFixed(1)}/s, ${detections} detections`]
  if (ageMs)
    parts[0] += `, age ${[ageMs.p50, ageMs.p99, ageMs.max].map((ms) => ms.toFixed(0)).join('/')} ms (p50/p99/max)`
  if (filters.length > 0) parts.push(`filters: ${filters.map(costText).join(', ')}`)
  const losses = stages
    .filter((stage) => !isFilterStage(stage) && totalDropped(stage) > 0)
    .map(lossText)
  if (losses.length > 0) parts.push(`dropped: ${losses.join(', ')}`)
  if (camera) {
    const faults = Object.entries(camera.faults).map(([kind, n]) => `${n} ${kind}`)
    parts.push([`camera ${camera.state}`, ...faults].join(', '))
  }
  parts.push(...sinks.map(({ name, state }) => `${name} ${state}`))
  parts.push(`${Math.round(rssBytes / 1e6)} MB`)
  return parts.join('; ')
}

function costText({ filter, in: into, out, nsPerEvent }: FilterCost): string {
  const taken = into === 0 ? 0 : (100 * (into - out)) / into
  return `${filter} -${taken.toFixed(1)} % ${nsPerEvent.toFixed(0)} ns/ev`
}

function lossText(stage: StageCounts): string {
  const causes = Object.entries(stage.dropped).filter(([, n]) => n > 0)
  return `${stage.name} ${causes.map(([cause, n]) => `${n} ${cause}`).join(' ')}`
}
