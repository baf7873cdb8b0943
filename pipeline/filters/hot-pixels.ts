// Hot pixels: those that fire whatever they see. A camera's own are listed in its sensor profile; without one, a pixel that
// fired more often in a period than a scene makes it is muted in the next. Nothing is learnt beyond one period, so the
// result is the same on every run and wherever a replay begins.
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import type { FilterKind } from './filter.js'
import { HotPixels, PixelMask } from './native.js'

/** More than 20 events in 100 ms. On simulated drives 0.6 % of the events are muted. A mute goes by rate alone: it can hit a flickering edge, too. */
const DEFAULT_RATE_HZ = 200
const DEFAULT_PERIOD_US = 100_000
/** Pixels of a mask; a sensor with more of them is broken. */
export const MOST_HOT_PIXELS = 65_536

const side = z.int().min(0).max(65_535)
const schema = z.union([
  z.strictObject({
    name: z.literal('hot-pixels'),
    pixels: z.array(z.tuple([side, side])).max(MOST_HOT_PIXELS),
    /** The sensor that they are of. */
    sensor: z.strictObject({ width: side, height: side }).optional(),
  }),
  z.strictObject({
    name: z.literal('hot-pixels'),
    rateHz: z.number().min(0.1).max(1e6).default(DEFAULT_RATE_HZ),
    periodUs: z.int().min(1000).max(60_000_000).default(DEFAULT_PERIOD_US),
  }),
])

/**
 * `{ name: 'hot-pixels', pixels: [[x, y], …] }` mutes these, `{ name: 'hot-pixels', rateHz: 200, periodUs: 100000 }` mutes in
 * each period [k * periodUs, (k + 1) * periodUs) the pixels that fired at more than rateHz in the one before.
 */
export const hotPixels: FilterKind<z.infer<typeof schema>> = {
  name: 'hot-pixels',
  schema,
  ofCamera: (spec) => ('pixels' in spec ? 'a list of hot pixels' : undefined),
  cause: 'hot',
  usage: 'hot-pixels, hot-pixels:200Hz or hot-pixels:200Hz:100ms',
  text: (spec) =>
    'pixels' in spec
      ? `hot-pixels:${spec.pixels.length}px`
      : `hot-pixels:${spec.rateHz}Hz:${spec.periodUs / 1000}ms`,
  parse: (settings) => {
    const [rate, period, ...rest] = settings
    const rateHz = rate === undefined ? undefined : /^(\d+(?:\.\d+)?)Hz$/.exec(rate)
    const ms = period === undefined ? undefined : /^(\d+(?:\.\d+)?)ms$/.exec(period)
    if (rateHz === null || ms === null || rest.length > 0) return undefined
    return {
      ...(rateHz && { rateHz: Number(rateHz[1]) }),
      ...(ms && { periodUs: Math.round(Number(ms[1]) * 1000) }),
    }
  },
  create: (spec, { width, height }) => {
    if ('pixels' in spec) {
      const { sensor = { width, height } } = spec
      if (sensor.width !== width || sensor.height !== height)
        throw new SaccadeError(
          'ERR_ARGUMENT',
          `the hot pixels are those of a ${sensor.width}x${sensor.height} sensor; this one has ${width}x${height}`,
          'measure this camera with `saccade calibrate-sensor`',
        )
      const mask = new PixelMask(width, height, Uint16Array.from(spec.pixels.flat()))
      return { run: (packet) => mask.run(packet), reset: () => {}, warmUpFrom: (t) => t }
    }
    const { rateHz, periodUs } = spec
    const limit = Math.floor((rateHz * periodUs) / 1e6)
    const filter = new HotPixels(width, height, periodUs, limit)
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      // The whole of the period before decides.
      warmUpFrom: (t) => (Math.floor(t / periodUs) - 1) * periodUs,
    }
  },
}
