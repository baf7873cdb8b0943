// What each filter took and what it took out: for health, `info --filters` and the log.
import type { StageCounts } from '../streams/ledger.js'
import { isFilterStage } from './chain.js'

/** One filter of a run, so far. */
export interface FilterCost {
  /** Its name; the second of one name is "refractory (2)". */
  filter: string
  /** Events that reached it, and those that it left. */
  in: number
  out: number
  /** Time per event that reached it, ns; 0 before the first. */
  nsPerEvent: number
}

/** The filters among the stages of a ledger, in the order in which events pass them. */
export function filterCosts(stages: readonly StageCounts[]): FilterCost[] {
  return stages.filter(isFilterStage).map(({ name, in: into, out, busyMs = 0 }) => ({
    filter: name.replace(/^filter /, ''),
    in: into,
    out,
    nsPerEvent: into === 0 ? 0 : Math.round((busyMs * 1e7) / into) / 10,
  }))
}
