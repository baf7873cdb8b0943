// `filters.*` of the public API: an operator for each filter.
import type { OperatorFunction } from 'rxjs'
import type { EventPacket } from '../events/packet.js'
import { type FilterOptions, filter } from './chain.js'

export { filter as chain } from './chain.js'
export { filterText as text, parseFilter as parse } from './registry.js'

type Operator = OperatorFunction<EventPacket, EventPacket>

/**
 * Drops an event when the last one kept of its pixel, of either polarity, is less than `us` microseconds away (default 50).
 * @example
 * replay('drive_td.dat').pipe(filters.refractory({ us: 50 }), windows(model.window))
 */
export function refractory(settings: { us?: number } = {}, options?: FilterOptions): Operator {
  return filter([{ name: 'refractory', ...settings }], options)
}

/**
 * Mutes given pixels, or in each period of `periodUs` (default 100,000) those that fired at more than `rateHz` (default 200)
 * in the one before.
 * @example
 * camera({ kind: 'edvs' }).pipe(filters.hotPixels({ pixels: [[12, 7]] }), windows(model.window))
 */
export function hotPixels(
  settings: { pixels: [x: number, y: number][] } | { rateHz?: number; periodUs?: number } = {},
  options?: FilterOptions,
): Operator {
  return filter([{ name: 'hot-pixels', ...settings }], options)
}

/** Makes OFF of ON and ON of OFF. */
export function swapPolarity(options?: FilterOptions): Operator {
  return filter([{ name: 'swap-polarity' }], options)
}
