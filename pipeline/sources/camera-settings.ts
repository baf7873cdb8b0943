// What may be set on a camera, in the words of a configuration. Names and ranges are each camera's own.
import { SaccadeError } from '../errors.js'

/** Settings of a camera; what a kind of camera does not have is refused (ERR_ARGUMENT), never passed over. */
export interface CameraSettings {
  /** Values by the camera's own names, e.g. { bias_diff_on: 20 }. */
  biases?: Readonly<Record<string, number>>
  /** The part of the sensor that sends; coordinates stay those of the whole sensor. */
  roi?: { x: number; y: number; width: number; height: number }
  /** Events per second that the sensor's own rate control lets through. */
  rate?: number
}

/** Reads NAME=VALUE pairs. Throws ERR_ARGUMENT. */
export function parseBiases(pairs: readonly string[]): Record<string, number> {
  const biases: Record<string, number> = {}
  for (const pair of pairs) {
    const [, name, value] = /^([\w.-]+)=(-?\d{1,10})$/.exec(pair) ?? []
    if (name === undefined)
      throw new SaccadeError('ERR_ARGUMENT', `"${pair}" is no NAME=NUMBER of a bias`)
    biases[name] = Number(value)
  }
  return biases
}

/** Throws ERR_ARGUMENT when something is set that this kind of camera does not have. */
export function refuseSettings(
  kind: string,
  settings: CameraSettings,
  has: readonly (keyof CameraSettings)[],
): void {
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined || has.includes(key as keyof CameraSettings)) continue
    throw new SaccadeError('ERR_ARGUMENT', `${kind} has no ${NAMES[key] ?? key} to set`, HINTS[key])
  }
}

const NAMES: Readonly<Record<string, string>> = { roi: 'region of interest', rate: 'rate control' }
const HINTS: Readonly<Record<string, string>> = {
  roi: 'window.roi (--roi) cuts in the program',
  rate: 'a filter can thin out in the program',
}
