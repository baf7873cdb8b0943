// Trail: of a burst of one polarity, a pixel's answer to one edge, the first event is kept. Metavision's
// TrailFilterAlgorithm, and TRAIL of the event trail filter in Gen4.1, IMX636 and GenX320 (1 to 100 ms there).
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { Trail } from './native.js'
import { parseTimeOnly, timeUs, usText } from './setting.js'

const schema = z.strictObject({ name: z.literal('trail'), us: timeUs.default(10_000) })

/** `{ name: 'trail', us: 10000 }`: events whose pixel last had the other polarity, or was at rest for `us`. */
export const trail: FilterKind<z.infer<typeof schema>> = {
  name: 'trail',
  schema,
  ofCamera: () => undefined,
  cause: 'trail',
  usage: 'trail or trail:10ms',
  text: ({ us }) => `trail:${usText(us)}`,
  parse: parseTimeOnly,
  create: ({ us }, { width, height }) => {
    const filter = new Trail(width, height, us)
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      warmUpFrom: (t) => t - us,
    }
  },
}
