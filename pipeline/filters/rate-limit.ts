// A limit of the event rate that thins: every event has the same chance, wherever it lies, instead of none once a quota is
// used up. What the event rate controller (ERC, cd_event_rate) of Gen4.1, IMX636 and GenX320 does in the camera.
//
// Thinned by the count of the period before, so that a period is thinned evenly; which events stay is drawn by the number
// of the period, so that it is the same on every run and wherever the stream is cut.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { RateLimit } from './native.js'
import { parseUs, usText } from './setting.js'

const UNITS = { 'ev/s': 1, 'kev/s': 1e3, 'Mev/s': 1e6 } as const

const schema = z.strictObject({
  name: z.literal('rate-limit'),
  /** Events per second. */
  eventRate: z.int().min(1000).max(1e9),
  periodUs: z.int().min(1000).max(1_000_000).default(10_000),
})

/** `{ name: 'rate-limit', eventRate: 5000000, periodUs: 10000 }`: at most eventRate * periodUs / 10^6 events in a period. */
export const rateLimit: FilterKind<z.infer<typeof schema>> = {
  name: 'rate-limit',
  schema,
  ofCamera: () => undefined,
  cause: 'over_rate',
  usage: 'rate-limit:5Mev/s or rate-limit:500kev/s:10ms',
  text: ({ eventRate, periodUs }) => `rate-limit:${rateText(eventRate)}:${usText(periodUs)}`,
  parse: ([rate = '', period, ...rest]) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(ev\/s|kev\/s|Mev\/s)$/.exec(rate) ?? []
    const periodUs = period === undefined ? undefined : parseUs(period)
    if ((period !== undefined && periodUs === undefined) || rest.length > 0) return undefined
    return {
      eventRate: Math.round(Number(number) * UNITS[unit as keyof typeof UNITS]),
      ...(periodUs !== undefined && { periodUs }),
    }
  },
  create: ({ eventRate, periodUs }) => {
    const filter = new RateLimit(periodUs, Math.floor((eventRate * periodUs) / 1e6))
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      // The whole of the period before decides.
      warmUpFrom: (t) => (Math.floor(t / periodUs) - 1) * periodUs,
    }
  },
}

function rateText(eventRate: number): string {
  if (eventRate % 1e5 === 0) return `${eventRate / 1e6}Mev/s`
  return eventRate % 100 === 0 ? `${eventRate / 1e3}kev/s` : `${eventRate}ev/s`
}
