// A mirror image: Metavision's FlipXAlgorithm and FlipYAlgorithm.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { orient } from './native.js'

const schema = z.strictObject({ name: z.literal('flip'), axis: z.enum(['x', 'y']) })

/** `{ name: 'flip', axis: 'x' }`: left becomes right; with 'y' top becomes bottom. */
export const flip: FilterKind<z.infer<typeof schema>> = {
  name: 'flip',
  schema,
  ofCamera: () => 'a mirror',
  cause: 'none',
  usage: 'flip:x (left and right) or flip:y (top and bottom)',
  text: ({ axis }) => `flip:${axis}`,
  parse: ([axis, ...rest]) => (rest.length === 0 ? { axis } : undefined),
  moves: (_, sensor) => sensor,
  create: ({ axis }, { width, height }) => ({
    run: (packet) => orient(packet, width, height, false, axis === 'x', axis === 'y'),
    reset: () => {},
    warmUpFrom: (t) => t,
  }),
}
