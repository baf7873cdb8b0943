// Events of one polarity: Metavision's PolarityFilterAlgorithm.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { keepPolarity } from './native.js'

const schema = z.strictObject({ name: z.literal('polarity'), keep: z.enum(['on', 'off']) })

/** `{ name: 'polarity', keep: 'on' }`: ON events only, or OFF events. */
export const polarity: FilterKind<z.infer<typeof schema>> = {
  name: 'polarity',
  schema,
  ofCamera: () => undefined,
  cause: 'polarity',
  usage: 'polarity:on or polarity:off',
  text: ({ keep }) => `polarity:${keep}`,
  parse: ([keep, ...rest]) => (rest.length === 0 ? { keep } : undefined),
  create: ({ keep }) => ({
    run: (packet) => keepPolarity(packet, keep === 'on'),
    reset: () => {},
    warmUpFrom: (t) => t,
  }),
}
