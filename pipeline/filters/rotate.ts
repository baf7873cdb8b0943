// For a camera that is mounted on its side or upside down.
import { z } from 'zod'
import type { FilterKind } from './filter.js'
import { orient } from './native.js'

const schema = z.strictObject({
  name: z.literal('rotate'),
  degrees: z.union([z.literal(90), z.literal(180), z.literal(270)]),
})

/** `{ name: 'rotate', degrees: 90 }`: the picture is turned clockwise; by 90 and 270 width and height change places. */
export const rotate: FilterKind<z.infer<typeof schema>> = {
  name: 'rotate',
  schema,
  ofCamera: () => 'a rotation',
  cause: 'none',
  usage: 'rotate:90, rotate:180 or rotate:270 (clockwise)',
  text: ({ degrees }) => `rotate:${degrees}`,
  parse: ([degrees, ...rest]) => (rest.length === 0 ? { degrees: Number(degrees) } : undefined),
  moves: ({ degrees }, { width, height }) =>
    degrees === 180 ? { width, height } : { width: height, height: width },
  create: ({ degrees }, { width, height }) => ({
    run: (packet) => orient(packet, width, height, degrees !== 180, degrees < 270, degrees > 90),
    reset: () => {},
    warmUpFrom: (t) => t,
  }),
}
