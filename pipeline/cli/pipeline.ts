// What detect, replay and run open before they begin: the network and the recording.
import type { Config } from '../config/schema.js'
import { trackOptions } from '../config/track.js'
import { configFor, windowOverrides } from '../config/windows.js'
import { Model } from '../detect/model.js'
import type { Session } from '../detect/session.js'
import { SaccadeError } from '../errors.js'
import { parseGeometry } from '../events/geometry.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import { isSensorFolder } from '../filters/sensor-folder.js'
import { loadSensorProfile } from '../filters/sensor-profile.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { isStreamSpec } from '../sources/bytes.js'
import { cameraSerial } from '../sources/camera-serial.js'
import { openRecording } from '../sources/open.js'
import type { OpenOptions, Recording } from '../sources/recording.js'
import type { TrackOptions } from '../track/options.js'
import type { WindowSpec } from '../windows/spec.js'

/** Loads the model and opens a session as the configuration says. */
export async function openModel(config: Config): Promise<{ model: Model; session: Session }> {
  const { name, backend, threads, score, iou, max } = config.model
  const model = await Model.load(name)
  return { model, session: await model.open({ backend, threads, score, iou, max }) }
}

/** What a pipeline runs: a network and what is made of its detections. */
export interface Network {
  model: Model
  session: Session
  /** Undefined when objects are not followed. */
  track: Required<TrackOptions> | undefined
}

/** Loads the model and opens a session for a pipeline: one that follows objects needs weak detections, too. */
export async function openNetwork(config: Config): Promise<Network> {
  if (!config.track.enabled) return { ...(await openModel(config)), track: undefined }
  const model = await Model.load(config.model.name)
  const track = trackOptions(config, model)
  const { backend, threads, iou, max } = config.model
  return {
    model,
    session: await model.open({ backend, threads, score: track.low, iou, max }),
    track,
  }
}

/** A recording, opened. */
export interface Input extends AsyncDisposable {
  recording: Recording
  /** The file's, else --geometry, else the model's. */
  geometry: Geometry
  /** Stamp of the first event, absolute µs; 0 for a stream, which must not be read ahead. */
  start: number
  /** What is other than in the model's windows. */
  windows: Partial<WindowSpec>
  /** With the profile of this camera, where there is a folder of them. */
  config: Config
}

/** How the configuration says a recording is to be read. */
export function openOptions({ source }: Config): OpenOptions {
  const { format, geometry, sensor } = source
  if (geometry !== undefined) return { format, geometry: parseGeometry(geometry) }
  // Which profile of a folder it is one knows when the input is open.
  if (sensor !== undefined && isSensorFolder(sensor)) return { format }
  return { format, geometry: sensor === undefined ? undefined : loadSensorProfile(sensor).geometry }
}

/**
 * Opens a recording and reads its first stamp, or a stream. Rejects with ERR_ARGUMENT when the configured output would
 * overwrite it.
 */
export async function openInput(
  path: string,
  config: Config,
  model: Model | undefined,
  signal?: AbortSignal,
): Promise<Input> {
  if (!isStreamSpec(path)) await keepInputs(config.output.file, [path])
  const recording = await openRecording(path, { ...openOptions(config), signal })
  const own = configFor(config, cameraSerial(recording.header), path)
  const start = recording.seekable ? await firstStamp(recording) : 0
  const geometry = recording.geometry ?? openOptions(config).geometry ?? model?.window
  if (geometry === undefined) {
    await recording[Symbol.asyncDispose]()
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${path} does not say the size of its sensor`,
      '--geometry WIDTHxHEIGHT does',
    )
  }
  const { width, height } = geometry
  return {
    recording,
    geometry: { width, height },
    start,
    windows: windowOverrides(own),
    config: own,
    [Symbol.asyncDispose]: () => recording[Symbol.asyncDispose](),
  }
}

/**
 * The recording once more, for a page that shows any of its windows while it is played; undefined without a page, and for
 * what is read once only or goes round.
 */
export async function secondReader(
  path: string,
  config: Config,
  { seekable }: Recording,
): Promise<Recording | undefined> {
  if (config.view.listen === undefined || !seekable || config.source.loop) return undefined
  return openRecording(path, openOptions(config))
}

/** Part of a recording that was read, 0..1. */
export function share({ progress: { bytes, total } }: Recording): number | undefined {
  return total === undefined || total === 0 ? undefined : Math.min(1, bytes / total)
}

/** The configuration with the profile of the camera that made a recording, where there is a folder of them. */
export async function configForRecording(config: Config, path: string): Promise<Config> {
  const { sensor } = config.source
  if (sensor === undefined || !isSensorFolder(sensor)) return config
  if (isStreamSpec(path)) return configFor(config, undefined, path)
  await using recording = await openRecording(path, openOptions(config))
  return configFor(config, cameraSerial(recording.header), path)
}

async function firstStamp(recording: Recording): Promise<number> {
  const packet = new EventPacket()
  if (!(await recording.next(packet))) return 0
  return packet.length > 0 ? packet.first : packet.triggers![0]!.t
}
