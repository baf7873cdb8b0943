// What `saccade run` runs on: a camera, a stream or a recording, and who gets a copy of what comes in.
import { basename } from 'node:path'
import type { Observable } from 'rxjs'
import type { Config } from '../config/schema.js'
import { cameraSettings, configFor, windowOverrides } from '../config/windows.js'
import type { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import type { Log } from '../operate/log.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import type { CameraHealth } from '../sources/camera.js'
import type { CameraState } from '../sources/camera-device.js'
import { type CameraSpec, openCamera } from '../sources/camera-registry.js'
import { EventServer } from '../sources/event-server.js'
import { Recorder } from '../sources/recorder.js'
import type { Recording } from '../sources/recording.js'
import { replay } from '../sources/replay.js'
import type { PacketTap } from '../sources/tap.js'
import type { Ledger } from '../streams/ledger.js'
import type { WindowSpec } from '../windows/spec.js'
import { openInput, openOptions, secondReader } from './pipeline.js'
import { fitRemarks, inputRemarks } from './remarks.js'

/** Where a service takes its events from. */
export interface Source {
  name: string
  packets: Observable<EventPacket>
  geometry: Geometry
  /** Where what was wrong with the bytes is counted. */
  faulty: Pick<Recording, 'faults' | 'faultOffsets'>
  /** What is replayed, to be closed. */
  played?: Recording
  /** What is other than in the model's windows, with the profile of this camera. */
  windows: Partial<WindowSpec>
  /** False for a recording at full speed, of which nothing may be lost. */
  live: boolean
  /** Of a camera. */
  states?: Observable<CameraState>
  health?: () => CameraHealth
  /** Of a recording: its file's name, its first stamp, and a second reader for the page. */
  shortName?: string
  start?: number
  recording?: Recording
}

/** Opens what the configuration names; without a model nothing is said of how it fits. */
export async function openSource(
  config: Config,
  model: Model | undefined,
  ledger: Ledger,
  signal: AbortSignal,
  log: Log,
): Promise<Source> {
  const { recording, from, to, speed = 1, loop } = config.source
  const eyes = cameraOf(config)
  if ((recording === undefined) === (eyes === undefined)) throw notOneSource(eyes === undefined)
  if (eyes !== undefined) {
    const notice = (sentence: string) => log.warn(sentence)
    const options = { ...openOptions(config), settings: cameraSettings(config), signal, ledger }
    const camera = await openCamera(eyes, { ...options, wait: true, notice })
    const { name, geometry, serial, states } = camera
    const windows = windowOverrides(configFor(config, serial, name))
    const spec = model && { ...model.window, ...windows }
    for (const sentence of spec ? fitRemarks(geometry, spec) : []) log.info(sentence)
    const health = () => camera.health()
    return { name, packets: camera, faulty: camera, geometry, windows, live: true, states, health }
  }
  const input = await openInput(recording!, config, model)
  for (const sentence of model ? inputRemarks(input, model.window) : []) log.info(sentence)
  const { geometry } = input
  return {
    name: recording!,
    packets: replay(input.recording, { geometry, from, to, speed, loop, signal, ledger }),
    played: input.recording,
    faulty: input.recording,
    geometry,
    windows: input.windows,
    live: speed > 0,
    shortName: basename(recording!),
    start: input.start,
    recording: await secondReader(recording!, config, input.recording),
  }
}

/** Who listens in: the recording that is kept, and the server of events. */
export async function openTaps(
  { output, source: { recording } }: Config,
  geometry: Geometry,
  ledger: Ledger,
  log: Log,
): Promise<PacketTap[]> {
  const options = { geometry, ledger, notice: (sentence: string) => log.warn(sentence) }
  if (output.record !== undefined && recording !== undefined)
    await keepInputs(output.record, [recording])
  const taps: PacketTap[] = []
  if (output.record !== undefined) taps.push(await Recorder.open(output.record, options))
  if (output.serveEvents !== undefined)
    taps.push(await EventServer.listen(output.serveEvents, options))
  return taps
}

/** The camera or stream that the configuration names. Throws ERR_CONFIG when there is more than one. */
function cameraOf({ source: { camera, edvs, baud, stream } }: Config): CameraSpec | undefined {
  const named = [camera, edvs && ({ kind: 'edvs', port: edvs, baud } as const), stream]
  const [first, second] = named.filter((spec) => spec !== undefined)
  if (second !== undefined) throw notOneSource(false)
  return first
}

function notOneSource(none: boolean): SaccadeError {
  return new SaccadeError(
    'ERR_CONFIG',
    `run has ${none ? 'no source' : 'more than one source'}`,
    'set one of source.recording, source.camera, source.edvs and source.stream (saccade.example.yaml)',
  )
}
