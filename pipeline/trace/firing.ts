// How much each layer of a network fires, and how often it fires as much as it can: a layer that is always at its highest
// level says no more than one that never fires.
import type { Plan } from '../detect/plan.js'
import type { Trace } from '../detect/session.js'
import { neurons } from '../detect/teacher.js'

/** Firing of one layer over all windows that were counted. */
export interface LayerFiring {
  layer: string
  /** Neurons x time steps x windows. */
  values: number
  /** Mean spike count, 0..levels. */
  mean: number
  /** Part of the values that are not 0. */
  active: number
  /** Part of those that are at the highest level. */
  saturated: number
}

/** Counts spikes, one trace at a time. */
export class FiringMeter {
  readonly #counts: {
    layer: string
    levels: number
    values: number
    sum: number
    active: number
    top: number
  }[]

  constructor(plan: Plan) {
    this.#counts = neurons(plan).map(({ name, levels }) => ({
      layer: name,
      levels,
      values: 0,
      sum: 0,
      active: 0,
      top: 0,
    }))
  }

  add({ spikes }: Pick<Trace, 'spikes'>): void {
    for (const count of this.#counts) {
      const { data } = spikes.get(count.layer)!
      count.values += data.length
      for (let i = 0; i < data.length; i++) {
        const spike = data[i]!
        if (spike === 0) continue
        count.sum += spike
        count.active += 1
        if (spike >= count.levels) count.top += 1
      }
    }
  }

  /** In the order of the network. */
  get layers(): LayerFiring[] {
    return this.#counts.map(({ layer, values, sum, active, top }) => ({
      layer,
      values,
      mean: values === 0 ? 0 : sum / values,
      active: values === 0 ? 0 : active / values,
      saturated: active === 0 ? 0 : top / active,
    }))
  }
}
