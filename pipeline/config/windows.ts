// What a configuration changes in the model's windows, and sets on the camera.
import { resolveTime } from '../events/time.js'
import { parseFilter } from '../filters/registry.js'
import { findSensorProfile, isSensorFolder } from '../filters/sensor-folder.js'
import { loadSensorProfile, sensorCorrections } from '../filters/sensor-profile.js'
import { type CameraSettings, parseBiases } from '../sources/camera-settings.js'
import type { WindowSpec } from '../windows/spec.js'
import type { Config } from './schema.js'

/**
 * hop, fit and roi of the `window` section, the source's filters and its sensor's corrections; absent keys leave the model's.
 * Throws ERR_NOT_FOUND, ERR_IO or ERR_CONFIG for a profile that cannot be read.
 */
export function windowOverrides({ source, window }: Config): Partial<WindowSpec> {
  const spec: Partial<WindowSpec> = {}
  if (source.filter !== undefined)
    spec.filters = source.filter.filter((text) => text !== 'none').map(parseFilter)
  if (source.sensor !== undefined)
    spec.corrections = sensorCorrections(loadSensorProfile(source.sensor))
  if (window.hop !== undefined) spec.hopUs = durationUs(window.hop)
  if (window.fit !== undefined) spec.fit = window.fit
  if (window.roi !== undefined) spec.roi = region(window.roi)
  return spec
}

/**
 * The configuration for one camera: a folder of profiles in `source.sensor` becomes that camera's profile.
 * @param of what is read, for sentences
 * @throws ERR_CONFIG when none is its
 */
export function configFor(config: Config, camera: string | undefined, of: string): Config {
  const { sensor } = config.source
  if (sensor === undefined || !isSensorFolder(sensor)) return config
  const source = { ...config.source, sensor: findSensorProfile(sensor, camera, of) }
  return { ...config, source }
}

/** What the `camera` section sets on the camera. */
export function cameraSettings({ camera }: Config): CameraSettings {
  const settings: CameraSettings = {}
  if (camera.biases !== undefined) settings.biases = parseBiases(camera.biases)
  if (camera.roi !== undefined) settings.roi = region(camera.roi)
  if (camera.rate !== undefined) settings.rate = camera.rate
  return settings
}

/** "x,y,width,height". */
function region(text: string): { x: number; y: number; width: number; height: number } {
  const [x, y, width, height] = text.split(',').map(Number) as [number, number, number, number]
  return { x, y, width, height }
}

/** "25ms" in µs. */
export function durationUs(duration: string): number {
  return resolveTime(duration, 0)
}
