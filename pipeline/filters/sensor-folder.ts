// A folder of sensor profiles, one for each camera: `saccade calibrate-sensor … -o sensors` puts them there by serial
// number, `--sensor sensors` takes that of the camera which is read.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SaccadeError } from '../errors.js'
import { loadSensorProfile } from './sensor-profile.js'

/** True for a folder. */
export function isSensorFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Where the profile of a camera is kept. Throws ERR_ARGUMENT when the camera is not known. */
export function profilePath(folder: string, camera: string | undefined): string {
  if (camera === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      'the recordings do not say of which camera they are',
      '--camera NAME does, or -o FILE.json',
    )
  // A serial number comes from a file, and must not name another folder.
  return join(folder, `${camera.replace(/[^\w.-]/g, '_').replace(/^\.+/, '_')}.json`)
}

/**
 * The profile of a camera in a folder, by the name in it and not by that of the file.
 * @param of what is read, for sentences
 * @throws ERR_CONFIG when the camera is not known or none is its, and what loadSensorProfile throws for one that is broken
 * @example
 * findSensorProfile('sensors', '00001497', 'drive.raw') // 'sensors/00001497.json'
 */
export function findSensorProfile(folder: string, camera: string | undefined, of: string): string {
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
  const cameras = paths.map((path) => loadSensorProfile(path).camera)
  const own = paths.filter((_, i) => camera !== undefined && cameras[i] === camera)
  if (own.length === 1) return own[0]!
  const there = cameras.filter((name) => name !== undefined).join(', ') || 'none'
  const sentence =
    camera === undefined
      ? `${of} does not say of which camera it is`
      : `${own.length === 0 ? 'no profile' : 'more than one profile'} in ${folder} is of the camera ${camera}`
  throw new SaccadeError(
    'ERR_CONFIG',
    sentence,
    `there are profiles of: ${there}; one of them is named by its file`,
  )
}
