// A region of interest: Metavision's RoiFilterAlgorithm (output_relative_coordinates).
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import type { FilterKind } from './filter.js'
import { keepRegion } from './native.js'

const at = z.int().min(0).max(65_535)
const side = z.int().min(1).max(65_536)
const schema = z.strictObject({
  name: z.literal('roi'),
  x: at,
  y: at,
  width: side,
  height: side,
  /** The region becomes the sensor, its corner (0, 0); otherwise events and sensor stay as they are. */
  relative: z.boolean().default(true),
})

/** `{ name: 'roi', x: 320, y: 180, width: 640, height: 360 }`: events in there, and a sensor of that size. */
export const roi: FilterKind<z.infer<typeof schema>> = {
  name: 'roi',
  schema,
  ofCamera: () => 'a region of a sensor',
  cause: 'outside_roi',
  usage: 'roi:640x360+320+180 (width x height + left + top), with :absolute to keep the sensor',
  text: ({ x, y, width, height, relative }) =>
    `roi:${width}x${height}+${x}+${y}${relative ? '' : ':absolute'}`,
  parse: ([region = '', absolute, ...rest]) => {
    const numbers = /^(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5})$/.exec(region)?.slice(1).map(Number)
    const known = absolute === undefined || absolute === 'absolute'
    if (numbers === undefined || !known || rest.length > 0) return undefined
    const [width, height, x, y] = numbers
    return { x, y, width, height, relative: absolute === undefined }
  },
  moves: ({ width, height, relative }) => (relative ? { width, height } : undefined),
  create: ({ x, y, width, height, relative }, sensor) => {
    if (x + width > sensor.width || y + height > sensor.height)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `the region ${x},${y},${width},${height} does not lie on the sensor of ${sensor.width}x${sensor.height}`,
        'it is x,y,width,height in pixels',
      )
    return {
      run: (packet) => keepRegion(packet, x, y, width, height, relative),
      reset: () => {},
      warmUpFrom: (t) => t,
    }
  },
}
