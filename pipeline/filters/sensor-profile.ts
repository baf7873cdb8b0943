// What is known of one camera: which pixels fire whatever they see, and whether it tells ON and OFF the right way round.
// `saccade calibrate-sensor` measures it, `--sensor` applies it.
import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import { MOST_HOT_PIXELS } from './hot-pixels.js'
import type { FilterSpec } from './registry.js'

const MOST_BYTES = 4 << 20
const count = z.int().min(0)
const share = z.number().min(0).max(1)
const side = z.int().min(1).max(16_384)

/** The JSON of a sensor profile. Applied are geometry, hotPixels and swapPolarity; the rest says what they rest on. */
export const sensorProfileSchema = z.strictObject({
  schema: z.literal('saccade-sensor/1'),
  /** Serial number or name of the camera. */
  camera: z.string().min(1).max(200).optional(),
  geometry: z.strictObject({ width: side, height: side }),
  /** Pixels to mute, row by row. */
  hotPixels: z.array(z.tuple([count.max(16_383), count.max(16_383)])).max(MOST_HOT_PIXELS),
  /** True when ON and OFF are to be exchanged. */
  swapPolarity: z.boolean(),
  polarity: z.strictObject({
    /** What the events say; `unknown` when they do not. */
    verdict: z.enum(['normal', 'swapped', 'unknown']),
    /** One sentence. */
    reason: z.string().max(1000),
    /** Share of ON among all events. */
    on: share,
    /** Events that follow one of the same polarity of their pixel within 200 µs, in calm pixels, and all events there. */
    repeats: z.strictObject({ on: count, off: count, ofOn: count, ofOff: count }),
    /** Events with no other of their pixel within 50 ms, in calm pixels. */
    lone: z.strictObject({ on: count, off: count }),
  }),
  /** Events per second of a pixel in the quietest quarter of the picture; absent when there is none. */
  noise: z
    .strictObject({ hz: z.number().min(0), on: share, pixels: count, seconds: z.number().min(0) })
    .optional(),
  from: z.strictObject({
    recordings: z.array(z.string().max(4096)).max(10_000),
    events: count,
    seconds: z.number().min(0),
  }),
})

/** A camera's profile. */
export type SensorProfile = z.infer<typeof sensorProfileSchema>

/**
 * Reads a profile.
 * @throws ERR_NOT_FOUND, ERR_IO, or ERR_CONFIG with what is wrong in it
 * @example
 * windows({ ...model.window, corrections: sensorCorrections(loadSensorProfile('front.json')) })
 */
export function loadSensorProfile(path: string): SensorProfile {
  let json: unknown
  try {
    const stat = statSync(path)
    if (stat.isDirectory())
      throw new SaccadeError(
        'ERR_CONFIG',
        `${path} is a folder, and what is read may be of several cameras`,
        'name one of its profiles',
      )
    if (stat.size > MOST_BYTES)
      throw new SaccadeError('ERR_CONFIG', `${path} is no sensor profile: it is too large`)
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SaccadeError) throw error
    if (error instanceof SyntaxError)
      throw new SaccadeError('ERR_CONFIG', `${path} is no sensor profile: it is not JSON`)
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'ENOENT'
      ? new SaccadeError(
          'ERR_NOT_FOUND',
          `the sensor profile ${path} does not exist`,
          'make one with `saccade calibrate-sensor`',
        )
      : new SaccadeError('ERR_IO', `${path}: ${message}`, undefined, { cause: error })
  }
  const parsed = sensorProfileSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new SaccadeError(
    'ERR_CONFIG',
    `${path} is no sensor profile: ${[...issue.path, issue.message].join(': ')}`,
  )
}

/** The filters that a profile stands for. The mask is there even when it is empty: it refuses a sensor of another size. */
export function sensorCorrections(profile: SensorProfile): FilterSpec[] {
  const { hotPixels, geometry, swapPolarity } = profile
  const mask: FilterSpec = { name: 'hot-pixels', pixels: hotPixels, sensor: geometry }
  return swapPolarity ? [mask, { name: 'swap-polarity' }] : [mask]
}
