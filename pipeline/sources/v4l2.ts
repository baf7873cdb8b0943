// Event cameras that the kernel shows as video devices: GenX320 and IMX636 on a Raspberry Pi 5 and other boards. What they
// send as frames are raw EVT words.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { type DecoderName, EventDecoder } from '../events/native.js'
import type { Geometry } from '../events/packet.js'
import type { CameraContext, CameraDevice, LookedAtKind, MakeOptions } from './camera-device.js'
import { type CameraLink, keepOpen, LinkFailure } from './camera-link.js'
import type { CameraSettings } from './camera-settings.js'
import { CameraWatch } from './camera-watch.js'
import { StreamDecoder } from './live-decoder.js'
import { Video, type VideoControl } from './v4l2-device.js'
import { eventBytes, VIDEO_FORMATS } from './v4l2-frame.js'
import { systemVideo, type VideoTransport } from './v4l2-transport.js'

/** Asked for: 16 frames of 1.6 MB are what a process that is held up for some 100 ms needs. */
const BUFFERS = 16
/** The timers must have their turn, however fast frames come. */
const FRAMES_AT_A_TIME = 8
/** 16 packets of so many events are 9 MB, and 20 ms of the fastest sensors. */
const PACKET_EVENTS = 65_536
/** Sizes of sensors by the beginning of their drivers' names; frames have another size. */
const SENSORS: Readonly<Record<string, Geometry>> = {
  imx636: { width: 1280, height: 720 },
  genx320: { width: 320, height: 320 },
}

/** A video device; text form `v4l2:[PATH][:FORMAT]`, or part of its name instead of the path. */
export interface V4l2Spec {
  kind: 'v4l2'
  /** /dev/video0, or part of what its driver calls it or its bus; the first event camera when left out. */
  device?: string
  /** evt2, evt21, evt21-legacy or evt3, where the pixel format does not say it (GREY). */
  format?: string
  /** The kernel's when left out. */
  transport?: VideoTransport
}

/** The registry's entry. */
export const v4l2: LookedAtKind<V4l2Spec> = {
  form: 'v4l2:[PATH][:FORMAT]',

  parse(text) {
    const [, device, format] = /^([^:]*)(?::([\w-]+))?$/.exec(text) ?? []
    if (device === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"v4l2:${text}" names no video device`,
        'write v4l2:/dev/video0',
      )
    return { kind: 'v4l2', device: device === '' ? undefined : device, format }
  },

  async look(spec, options) {
    const transport = spec.transport ?? systemVideo
    const known = Object.values(VIDEO_FORMATS)
    if (spec.format !== undefined && !known.includes(spec.format as DecoderName))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `no event camera sends "${spec.format}" as video`,
        `known are ${known.join(', ')}`,
      )
    const name = `the event camera on ${spec.device ?? 'V4L2'}`
    try {
      return new V4l2Camera(inspect(spec, transport, options), transport, options.settings ?? {})
    } catch (error) {
      throw error instanceof LinkFailure ? error.error(name) : error
    }
  },
}

/** What is known of a camera before it is opened to stay. */
interface Found {
  path: string
  /** The sensor's own device, where its controls are. */
  sensor: string | undefined
  format: DecoderName
  geometry: Geometry
}

/** Video devices that may be event cameras. Throws LinkFailure and ERR_ARGUMENT. */
function inspect(spec: V4l2Spec, transport: VideoTransport, options: MakeOptions): Found {
  const paths = transport.list()
  const sensor = paths.find((path) => path.includes('subdev') && sizeOf(transport.nameOf(path)))
  const wanted = spec.device
  const candidates = wanted?.includes('/')
    ? [wanted]
    : paths.filter((path) => /video\d+$/.test(path))
  for (const path of candidates) {
    const video = new Video(path, transport)
    try {
      const { driver, card, bus, captures } = video.capability()
      const names = [transport.nameOf(path), driver, card, bus, sensor && transport.nameOf(sensor)]
      if (wanted !== undefined && path !== wanted && !names.some((name) => name?.includes(wanted)))
        continue
      if (!captures) {
        if (path !== wanted) continue
        throw new LinkFailure('no frames can be taken from it', 'another /dev/video may have them')
      }
      const { fourcc, width, height } = video.format()
      const told = VIDEO_FORMATS[fourcc]
      if (told === undefined && path !== wanted && sensor === undefined) continue
      const format = told ?? spec.format
      if (format === undefined)
        throw new SaccadeError(
          'ERR_ARGUMENT',
          `the pixel format ${fourcc} of ${path} does not say which events it holds`,
          `name it: v4l2:${path}:evt3, or evt2, evt21, evt21-legacy`,
        )
      const geometry =
        options.geometry ??
        (sensor === undefined ? undefined : sensorSize(sensor, transport)) ??
        (told === undefined ? undefined : { width, height })
      if (geometry === undefined || !isGeometry(geometry))
        throw new SaccadeError(
          'ERR_ARGUMENT',
          `${path} does not say the size of its sensor`,
          '--geometry WIDTHxHEIGHT does',
        )
      return { path, sensor, format: format as DecoderName, geometry }
    } finally {
      video.close()
    }
  }
  throw new LinkFailure('there is no such camera', 'saccade doctor lists cameras')
}

function sizeOf(name: string): Geometry | undefined {
  return Object.entries(SENSORS).find(([begin]) => name.startsWith(begin))?.[1]
}

function sensorSize(path: string, transport: VideoTransport): Geometry | undefined {
  const video = new Video(path, transport)
  try {
    return video.nativeSize() ?? sizeOf(transport.nameOf(path))
  } finally {
    video.close()
  }
}

class V4l2Camera implements CameraDevice {
  readonly name: string
  readonly geometry: Geometry
  readonly packetEvents = PACKET_EVENTS
  /** Kinds of faults that were told: each is once. */
  readonly #told = new Set<string>()

  constructor(
    private readonly found: Found,
    private readonly transport: VideoTransport,
    private readonly settings: CameraSettings,
  ) {
    this.name = `the event camera on ${found.path}`
    this.geometry = found.geometry
  }

  run(context: CameraContext): Promise<void> {
    return keepOpen(this.name, context, async (): Promise<CameraLink> => {
      const video = new Video(this.found.path, this.transport)
      try {
        this.#set(video)
      } catch (error) {
        video.close()
        throw error
      }
      return {
        greeting: `sends ${this.found.format.toUpperCase()}`,
        follow: (follower, alive) => this.#follow(video, follower, alive),
        close: async () => video.close(),
      }
    })
  }

  async #follow(
    video: Video,
    context: CameraContext,
    alive: () => void,
  ): Promise<string | undefined> {
    const { feed, signal, notice } = context
    const { width, height } = this.geometry
    const { format } = this.found
    const decoder = new StreamDecoder(new EventDecoder(format, width, height, 0), feed, (kind) => {
      if (!this.#told.has(kind)) notice(`${this.name}: ${kind}`)
      this.#told.add(kind)
    })
    const watch = new CameraWatch(this.name, context)
    let expected: number | undefined
    /** Takes what is there; true when there may be more. */
    const take = (): boolean => {
      for (let n = 0; n < FRAMES_AT_A_TIME; n++) {
        const frame = video.next()
        if (frame === undefined) return false
        const { bytes, sequence, index, damaged } = frame
        if (expected !== undefined) feed.fault('lost_frames', (sequence - expected) >>> 0)
        expected = (sequence + 1) >>> 0
        if (damaged) feed.fault('damaged_frames')
        else if (feed.push(bytes.subarray(0, eventBytes(bytes, format))) > 0) alive()
        video.release(index)
        watch.heard()
      }
      return true
    }
    feed.start(decoder)
    const lost = await new Promise<string | undefined>((resolve) => {
      let more = false
      const turn = () => {
        more = false
        if (signal.aborted) return
        try {
          if (!take() || more) return
          more = true
          setImmediate(turn)
        } catch (error) {
          resolve((error as Error).message)
        }
      }
      const ready = (error: number) => {
        // What was wrong the next frame tells; without one it is this.
        turn()
        if (error !== 0) resolve('it was unplugged')
      }
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
      if (signal.aborted) return resolve(undefined)
      try {
        video.start(BUFFERS, ready)
      } catch (error) {
        resolve((error as Error).message)
      }
    })
    watch.stop()
    feed.pause()
    return lost
  }

  /** Controls by name, of the sensor's device and the video device. */
  #set(video: Video): void {
    const { biases = {}, rate, roi } = this.settings
    const wanted = { ...biases, ...(rate !== undefined && { erc_rate: rate, erc_enable: 1 }) }
    if (Object.keys(wanted).length === 0 && roi === undefined) return
    const { sensor } = this.found
    const own = sensor === undefined ? undefined : new Video(sensor, this.transport)
    try {
      const controls = new Map<string, [Video, VideoControl]>()
      for (const device of own === undefined ? [video] : [video, own])
        for (const control of device.controls())
          controls.set(plain(control.name), [device, control])
      for (const [name, value] of Object.entries(wanted)) {
        const [device, control] = controls.get(plain(name)) ?? []
        if (control === undefined || device === undefined)
          throw new SaccadeError(
            'ERR_ARGUMENT',
            `${this.name} has no control "${name}"`,
            controls.size > 0 ? `it has ${[...controls.keys()].join(', ')}` : undefined,
          )
        if (value < control.minimum || value > control.maximum)
          throw new SaccadeError(
            'ERR_ARGUMENT',
            `${name} of ${this.name} must be ${control.minimum} to ${control.maximum}, not ${value}`,
          )
        device.set(control, value)
      }
      if (roi !== undefined) (own ?? video).crop(roi)
    } finally {
      own?.close()
    }
  }
}

/** "Bias Diff On" and "bias_diff_on" are one. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
}
