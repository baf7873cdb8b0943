// Background activity: noise fires alone, edges fire together.
//
// Delbruck 2008, "Frame-free dynamic digital vision", as jAER's BackgroundActivityFilter, dv-processing's
// BackgroundActivityNoiseFilter and Metavision's ActivityNoiseFilterAlgorithm have it: an event is supported by one of the
// eight pixels around its own; its own does not count, or a hot pixel would support itself. With support > 1 it is the
// test of jAER's SpatioTemporalCorrelationFilter (numMustBeCorrelated), without that one's polarities.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { BackgroundActivity } from './native.js'
import { parseUs, timeUs, usText } from './setting.js'

const schema = z.strictObject({
  name: z.literal('background-activity'),
  us: timeUs.default(10_000),
  support: z.int().min(1).max(8).default(1),
})

/** `{ name: 'background-activity', us: 10000, support: 1 }`: events with so many neighbours that fired within `us`. */
export const backgroundActivity: FilterKind<z.infer<typeof schema>> = {
  name: 'background-activity',
  schema,
  ofCamera: () => undefined,
  cause: 'alone',
  usage: 'background-activity, background-activity:10ms or background-activity:10ms:2',
  text: ({ us, support }) =>
    `background-activity:${usText(us)}${support === 1 ? '' : `:${support}`}`,
  parse: (settings) => {
    const [time, support, ...rest] = settings
    const us = time === undefined ? undefined : parseUs(time)
    if ((time !== undefined && us === undefined) || rest.length > 0) return undefined
    return {
      ...(us !== undefined && { us }),
      ...(support !== undefined && { support: Number(support) }),
    }
  },
  create: ({ us, support }, { width, height }) => {
    const filter = new BackgroundActivity(width, height, us, support)
    return {
      run: (packet) => filter.run(packet),
      reset: () => filter.reset(),
      warmUpFrom: (t) => t - us,
    }
  },
}
