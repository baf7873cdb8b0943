// Recordings of one camera -> its profile.
import { basename } from 'node:path'
import {
  cameraSerial,
  EventPacket,
  type Geometry,
  type OpenOptions,
  openRecording,
  SaccadeError,
  type SensorProfile,
} from '../pipeline/index.js'
import { SensorCensus } from './sensor-census.js'
import { findHotPixels, findPolarity, noiseFloor } from './sensor-faults.js'

/** Options of calibrateSensor. */
export interface CalibrateSensorOptions extends OpenOptions {
  /** Serial number or name of the camera, to be kept in the profile; by default what the recordings say. */
  camera?: string
  /** Overrules what the events say of the polarity. */
  polarity?: 'normal' | 'swapped'
  signal?: AbortSignal
}

/**
 * Measures a camera by what it recorded; best with the camera at rest, some seconds long, with something moving in a part of
 * the picture. Evidence of all recordings is added up.
 * @throws ERR_ARGUMENT when the sensor's size is not known or not the same in all, and what opening a recording throws
 * @example
 * const profile = await calibrateSensor(['still_td.dat'], { camera: 'front' })
 * console.log(profile.hotPixels.length, profile.polarity.verdict)
 */
export async function calibrateSensor(
  paths: readonly string[],
  options: CalibrateSensorOptions = {},
): Promise<SensorProfile> {
  let census: SensorCensus | undefined
  let camera: { serial: string; path: string } | undefined
  const packet = new EventPacket()
  for (const path of paths) {
    await using recording = await openRecording(path, options)
    const geometry = geometryOf(path, recording.geometry ?? options.geometry, census?.geometry)
    census ??= new SensorCensus(geometry)
    const serial = cameraSerial(recording.header)
    if (camera !== undefined && serial !== undefined && serial !== camera.serial)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${path} is of the camera ${serial}, ${camera.path} of ${camera.serial}`,
        'a profile is one of one camera',
      )
    if (serial !== undefined) camera ??= { serial, path }
    while (await recording.next(packet)) {
      if (options.signal?.aborted) throw new SaccadeError('ERR_ABORTED', 'stopped on request')
      census.add(packet)
    }
    census.endRecording()
  }
  if (census === undefined || census.events === 0)
    throw new SaccadeError('ERR_ARGUMENT', 'there is no event to measure a sensor by')
  return profileOf(census, paths, { ...options, camera: options.camera ?? camera?.serial })
}

function geometryOf(
  path: string,
  own: Geometry | undefined,
  before: Geometry | undefined,
): Geometry {
  if (own === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${path} does not say the size of its sensor`,
      'say it with --geometry WxH',
    )
  if (before !== undefined && (before.width !== own.width || before.height !== own.height))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${path} is of a ${own.width}x${own.height} sensor, the recordings before of ${before.width}x${before.height}`,
      'a profile is one of one camera',
    )
  return own
}

function profileOf(
  census: SensorCensus,
  paths: readonly string[],
  { camera, polarity: forced }: CalibrateSensorOptions,
): SensorProfile {
  const hotPixels = findHotPixels(census)
  const polarity = findPolarity(census)
  const noise = noiseFloor(census, hotPixels)
  return {
    schema: 'saccade-sensor/1',
    ...(camera !== undefined && { camera }),
    geometry: { ...census.geometry },
    hotPixels,
    swapPolarity: (forced ?? polarity.verdict) === 'swapped',
    polarity,
    ...(noise && { noise }),
    from: {
      recordings: paths.map((path) => basename(path)),
      events: census.events,
      seconds: census.spanUs / 1e6,
    },
  }
}
