// The filters one event at a time, by the letter of docs/filters.md: the oracle of the native ones.
import type { Geometry } from '../../pipeline/events/packet.js'
import type { FilterSpec } from '../../pipeline/filters/registry.js'
import type { PlainEvent } from './packets.js'

/** What is left of the events, which all lie on the sensor, and where. */
export function naiveFilter(
  spec: FilterSpec,
  events: readonly PlainEvent[],
  { width, height }: Geometry,
): PlainEvent[] {
  switch (spec.name) {
    case 'swap-polarity':
      return events.map((event) => ({ ...event, p: 1 - event.p }))
    case 'refractory':
      return naiveRefractory(spec.us, events)
    case 'hot-pixels':
      if ('rateHz' in spec) return naiveHotPixels(spec.rateHz, spec.periodUs, events)
      return events.filter(({ x, y }) => !spec.pixels.some(([a, b]) => a === x && b === y))
    case 'background-activity':
      return naiveBackgroundActivity(spec.us, spec.support, events)
    case 'trail':
      return naiveTrail(spec.us, events)
    case 'stc':
      return naiveContrast(spec.us, spec.cutTrail, events)
    case 'polarity':
      return events.filter(({ p }) => p === (spec.keep === 'on' ? 1 : 0))
    case 'roi':
      return events
        .filter(({ x }) => x >= spec.x && x < spec.x + spec.width)
        .filter(({ y }) => y >= spec.y && y < spec.y + spec.height)
        .map((e) => (spec.relative ? { ...e, x: e.x - spec.x, y: e.y - spec.y } : e))
    case 'flip':
      return events.map((e) =>
        spec.axis === 'x' ? { ...e, x: width - 1 - e.x } : { ...e, y: height - 1 - e.y },
      )
    case 'transpose':
      return events.map((e) => ({ ...e, x: e.y, y: e.x }))
    case 'rotate':
      return events.map((e) => {
        if (spec.degrees === 90) return { ...e, x: height - 1 - e.y, y: e.x }
        if (spec.degrees === 270) return { ...e, x: e.y, y: width - 1 - e.x }
        return { ...e, x: width - 1 - e.x, y: height - 1 - e.y }
      })
    case 'rate-limit':
      throw new Error('the rate limit draws its events; its tests count them')
  }
}

/** The last event of every pixel, by place. */
class LastEvents {
  readonly #events = new Map<string, PlainEvent>()

  at(x: number, y: number): PlainEvent | undefined {
    return this.#events.get(`${x},${y}`)
  }

  put(event: PlainEvent): void {
    this.#events.set(`${event.x},${event.y}`, event)
  }
}

function naiveBackgroundActivity(
  us: number,
  support: number,
  events: readonly PlainEvent[],
): PlainEvent[] {
  const last = new LastEvents()
  return events.filter((event) => {
    let near = 0
    for (const dx of [-1, 0, 1])
      for (const dy of [-1, 0, 1]) {
        const other = dx === 0 && dy === 0 ? undefined : last.at(event.x + dx, event.y + dy)
        if (other !== undefined && Math.abs(event.t - other.t) <= us) near += 1
      }
    last.put(event)
    return near >= support
  })
}

function naiveTrail(us: number, events: readonly PlainEvent[]): PlainEvent[] {
  const last = new LastEvents()
  return events.filter((event) => {
    const before = last.at(event.x, event.y)
    last.put(event)
    return before === undefined || before.p !== event.p || Math.abs(event.t - before.t) >= us
  })
}

function naiveContrast(us: number, cutTrail: boolean, events: readonly PlainEvent[]): PlainEvent[] {
  const last = new LastEvents()
  /** Pixels of which an event was kept since their polarity changed. */
  const kept = new Set<string>()
  return events.filter((event) => {
    const pixel = `${event.x},${event.y}`
    const before = last.at(event.x, event.y)
    last.put(event)
    if (before?.p !== event.p) {
      kept.delete(pixel)
      return false
    }
    if (Math.abs(event.t - before.t) > us || (cutTrail && kept.has(pixel))) return false
    kept.add(pixel)
    return true
  })
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
