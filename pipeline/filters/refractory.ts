// Refractory merge: what a pixel fires again within a few µs is one event told several times.
//
// A pixel needs time to reset after an event (the refractory period, set by a bias current, some 10 to 100 µs), yet the
// Gen1 sensor in bright flicker repeats 41 % of its events, pixel and microsecond alike. Counted one by one they fill
// frames; a network does better on one of them.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { Refractory } from './native.js'
import { parseTimeOnly } from './setting.js'

const DEFAULT_US = 50
const LONGEST_US = 1_000_000
/**
 * Which event of a pixel is kept depends on the one before, and so on back to a pause of `us`; every pixel of every
 * recording that was looked at makes one within a few refractory times.
 */
const WARM_UP = 200

const schema = z.strictObject({
  name: z.literal('refractory'),
  us: z.int().min(1).max(LONGEST_US).default(DEFAULT_US),
})

/** `{ name: 'refractory', us: 50 }`: at most one event of a pixel in `us` microseconds, of whatever polarity. */
export const refractory: FilterKind<z.infer<typeof schema>> = {
  name: 'refractory',
  schema,
  ofCamera: () => undefined,
  cause: 'too_soon',
  usage: 'refractory:50us',
  text: ({ us }) => `refractory:${us}us`,
  parse: parseTimeOnly,
  create: ({ us }, { width, height }) => {
    const filter = new Refractory(width, height, us)
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      warmUpFrom: (t) => t - WARM_UP * us,
    }
  },
}
