// Spatio-temporal contrast: an edge of enough contrast makes a pixel fire twice, noise once. Metavision's
// SpatioTemporalContrastAlgorithm (threshold, cut_trail), and STC_CUT_TRAIL and STC_KEEP_TRAIL of the event trail filter in
// Gen4.1, IMX636 and GenX320.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { Contrast } from './native.js'
import { parseUs, timeUs, usText } from './setting.js'

/** Whether a trail was cut depends on all since the pixel's polarity changed; moving edges change it within a second. */
const WARM_UP = 100

const schema = z.strictObject({
  name: z.literal('stc'),
  us: timeUs.default(10_000),
  cutTrail: z.boolean().default(true),
})

/**
 * `{ name: 'stc', us: 10000, cutTrail: true }`: of events of one polarity less than `us` apart the second, with
 * `cutTrail: false` all but the first.
 */
export const stc: FilterKind<z.infer<typeof schema>> = {
  name: 'stc',
  schema,
  ofCamera: () => undefined,
  cause: 'no_contrast',
  usage: 'stc, stc:10ms or stc:10ms:keep-trail',
  text: ({ us, cutTrail }) => `stc:${usText(us)}${cutTrail ? '' : ':keep-trail'}`,
  parse: (settings) => {
    const [time, trail, ...rest] = settings
    const us = time === undefined ? undefined : parseUs(time)
    if ((time !== undefined && us === undefined) || rest.length > 0) return undefined
    if (trail !== undefined && trail !== 'keep-trail' && trail !== 'cut-trail') return undefined
    return {
      ...(us !== undefined && { us }),
      ...(trail !== undefined && { cutTrail: trail === 'cut-trail' }),
    }
  },
  create: ({ us, cutTrail }, { width, height }) => {
    const filter = new Contrast(width, height, us, cutTrail)
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      warmUpFrom: (t) => t - (cutTrail ? WARM_UP : 1) * us,
    }
  },
}
