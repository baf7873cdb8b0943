// Rows become columns: Metavision's TransposeEventsAlgorithm.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { orient } from './native.js'

const schema = z.strictObject({ name: z.literal('transpose') })

/** `{ name: 'transpose' }`: x and y are exchanged, width and height with them. */
export const transpose: FilterKind<z.infer<typeof schema>> = {
  name: 'transpose',
  schema,
  ofCamera: () => 'a transposed sensor',
  cause: 'none',
  usage: 'transpose',
  text: () => 'transpose',
  parse: (settings) => (settings.length === 0 ? {} : undefined),
  moves: (_, { width, height }) => ({ width: height, height: width }),
  create: (_, { width, height }) => ({
    run: (packet) => orient(packet, width, height, true, false, false),
    reset: () => {},
    warmUpFrom: (t) => t,
  }),
}
