// The filters one event at a time, by the letter of docs/filters.md: the oracle of the native ones.
import type { FilterSpec } from '../../pipeline/filters/registry.js'
import type { PlainEvent } from './packets.js'

/** What is left of the events. */
export function naiveFilter(spec: FilterSpec, events: readonly PlainEvent[]): PlainEvent[] {
  if (spec.name === 'swap-polarity') return events.map((event) => ({ ...event, p: 1 - event.p }))
  if (spec.name === 'refractory') return naiveRefractory(spec.us, events)
  if ('pixels' in spec)
    return events.filter(({ x, y }) => !spec.pixels.some(([a, b]) => a === x && b === y))
  return naiveHotPixels(spec.rateHz, spec.periodUs, events)
}

function naiveRefractory(us: number, events: readonly PlainEvent[]): PlainEvent[] {
  const lastKept = new Map<string, number>()
  return events.filter(({ t, x, y }) => {
    const last = lastKept.get(`${x},${y}`)
    if (last !== undefined && Math.abs(t - last) < us) return false
    lastKept.set(`${x},${y}`, t)
    return true
  })
}

function naiveHotPixels(
  rateHz: number,
  periodUs: number,
  events: readonly PlainEvent[],
): PlainEvent[] {
  /** Events of a pixel by period, and the period that it is in. */
  const pixels = new Map<string, { period: number; counts: Map<number, number> }>()
  return events.filter(({ t, x, y }) => {
    const period = Math.floor(t / periodUs)
    let pixel = pixels.get(`${x},${y}`)
    if (pixel === undefined || period < pixel.period - 1) {
      pixel = { period, counts: new Map() }
      pixels.set(`${x},${y}`, pixel)
    }
    pixel.period = Math.max(pixel.period, period)
    pixel.counts.set(pixel.period, (pixel.counts.get(pixel.period) ?? 0) + 1)
    const before = pixel.counts.get(pixel.period - 1) ?? 0
    return before <= (rateHz * periodUs) / 1e6
  })
}
