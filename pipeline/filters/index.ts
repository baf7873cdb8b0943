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

/**
 * Drops events that none of the eight pixels around supported within `us` (default 10,000), or fewer than `support`: noise.
 * @example
 * camera({ kind: 'edvs' }).pipe(filters.backgroundActivity({ us: 5000 }), windows(model.window))
 */
export function backgroundActivity(
  settings: { us?: number; support?: number } = {},
  options?: FilterOptions,
): Operator {
  return filter([{ name: 'background-activity', ...settings }], options)
}

/** Of events of one polarity less than `us` (default 10,000) apart keeps the first. */
export function trail(settings: { us?: number } = {}, options?: FilterOptions): Operator {
  return filter([{ name: 'trail', ...settings }], options)
}

/** Of such events keeps the second; with `cutTrail: false` all but the first. */
export function stc(
  settings: { us?: number; cutTrail?: boolean } = {},
  options?: FilterOptions,
): Operator {
  return filter([{ name: 'stc', ...settings }], options)
}

/** Keeps the events of one polarity. */
export function polarity(settings: { keep: 'on' | 'off' }, options?: FilterOptions): Operator {
  return filter([{ name: 'polarity', ...settings }], options)
}

/** Keeps the events of a rectangle, which becomes the sensor; with `relative: false` events and sensor stay as they are. */
export function roi(
  settings: { x: number; y: number; width: number; height: number; relative?: boolean },
  options?: FilterOptions,
): Operator {
  return filter([{ name: 'roi', ...settings }], options)
}

/** Mirrors left and right ('x') or top and bottom ('y'). */
export function flip(settings: { axis: 'x' | 'y' }, options?: FilterOptions): Operator {
  return filter([{ name: 'flip', ...settings }], options)
}

/** Exchanges x and y. */
export function transpose(options?: FilterOptions): Operator {
  return filter([{ name: 'transpose' }], options)
}

/** Turns the picture clockwise. */
export function rotate(settings: { degrees: 90 | 180 | 270 }, options?: FilterOptions): Operator {
  return filter([{ name: 'rotate', ...settings }], options)
}

/**
 * Thins evenly to `eventRate` events per second, measured in periods of `periodUs` (default 10,000).
 * @example
 * camera({ kind: 'edvs' }).pipe(filters.rateLimit({ eventRate: 2e6 }), windows(model.window))
 */
export function rateLimit(
  settings: { eventRate: number; periodUs?: number },
  options?: FilterOptions,
): Operator {
  return filter([{ name: 'rate-limit', ...settings }], options)
}
