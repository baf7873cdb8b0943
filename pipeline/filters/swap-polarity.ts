// For cameras and files that tell ON and OFF the wrong way round (`saccade calibrate-sensor` says which).
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { swapPolarity as swap } from './native.js'

const schema = z.strictObject({ name: z.literal('swap-polarity') })

/** `{ name: 'swap-polarity' }`: ON becomes OFF and OFF becomes ON; every event is kept. */
export const swapPolarity: FilterKind<z.infer<typeof schema>> = {
  name: 'swap-polarity',
  schema,
  ofCamera: () => 'a swapped polarity',
  cause: 'none',
  usage: 'swap-polarity',
  text: () => 'swap-polarity',
  parse: (settings) => (settings.length === 0 ? {} : undefined),
  create: () => ({ run: swap, reset: () => {}, warmUpFrom: (t) => t }),
}
