// Cameras of iniVation on USB (DVS128, DAVIS, DVXplorer), through their own library, which is looked for when one is opened.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { type CaerDevice, openCaer } from './caer-device.js'
import type { CameraContext, CameraDevice, LookedAtKind } from './camera-device.js'
import type { CameraFeed, LiveDecoder } from './camera-feed.js'
import { type CameraLink, keepOpen, LinkFailure } from './camera-link.js'
import { type CameraSettings, refuseSettings } from './camera-settings.js'
import { CameraWatch } from './camera-watch.js'
import { ClockOffset } from './live-decoder.js'

/** The library's name; another path in SACCADE_LIBCAER. */
const LIBRARY = 'libcaer.so.1'
/** 16 packets of so many events are 9 MB. */
const PACKET_EVENTS = 65_536
/** The timers must have their turn, however fast containers come. */
const CONTAINERS_AT_A_TIME = 32
const NO_SERIAL = '-'
/** What stands for "there is something" where other cameras hand over bytes. */
const SOMETHING = new Uint8Array(1)

/** What differs between the kinds. Numbers are those of libcaer's headers. */
interface Model {
  title: string
  type: number
  /** Module of the biases, and their parameters by name. */
  biasModule: number
  biases: Readonly<Record<string, number>>
  /** [module, parameter, value] that are set after the defaults: what is not events is switched off. */
  quiet: readonly (readonly [number, number, number])[]
  roi?: (roi: NonNullable<CameraSettings['roi']>) => readonly (readonly [number, number, number])[]
}

const numbered = (names: string, first = 0) =>
  Object.fromEntries(names.split(' ').map((name, i) => [name, first + i]))

const MODELS: Readonly<Record<string, Model>> = {
  dvs128: {
    title: 'DVS128',
    type: 0,
    biasModule: 1,
    biases: numbered('cas injGnd reqPd puX diffOff req refr puY diffOn diff foll pr'),
    quiet: [],
  },
  davis: {
    title: 'DAVIS',
    type: 4,
    biasModule: 5,
    // Of the DAVIS346 (and 240: other numbers); coarse and fine as the camera's own integer.
    biases: numbered('padFollBn diffBn onBn offBn pixInvBn prBp prSFBp refrBp', 9),
    quiet: [
      [2, 4, 0], // frames
      [3, 2, 0], // accelerometer
      [3, 3, 0], // gyroscope
      [3, 4, 0], // temperature
    ],
    roi: ({ x, y, width, height }) => [
      [1, 41, x],
      [1, 42, y],
      [1, 43, x + width - 1],
      [1, 44, y + height - 1],
    ],
  },
  dvxplorer: {
    title: 'DVXplorer',
    type: 8,
    biasModule: 23,
    // 0 (very low) to 4 (very high).
    biases: { sensitivity: 20 },
    quiet: [
      [3, 2, 0],
      [3, 3, 0],
      [3, 4, 0],
    ],
    roi: ({ x, y, width, height }) => [
      [21, 1, y],
      [21, 2, y + height - 1],
      [21, 3, x],
      [21, 4, x + width - 1],
      [21, 0, 1],
    ],
  },
}

/** A camera of iniVation; text form `caer:MODEL[:SERIAL]`. */
export interface CaerSpec {
  kind: 'caer'
  /** dvs128, davis or dvxplorer. */
  model: string
  /** Any of the model when left out. */
  serial?: string
}

/** The registry's entry. */
export const caer: LookedAtKind<CaerSpec> = {
  form: 'caer:MODEL[:SERIAL]',

  parse(text) {
    const [, model, serial] = /^(\w+)(?::(\S+))?$/.exec(text) ?? []
    if (model === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"caer:${text}" names no camera`,
        'write caer:MODEL[:SERIAL]',
      )
    return { kind: 'caer', model, serial }
  },

  async look({ model, serial = '' }, { settings = {}, geometry }) {
    const known = Object.hasOwn(MODELS, model) ? MODELS[model] : undefined
    if (known === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `libcaer has no camera "${model}" that saccade knows`,
        `known are ${Object.keys(MODELS).join(', ')}`,
      )
    refuseSettings(`a ${known.title}`, settings, known.roi ? ['biases', 'roi'] : ['biases'])
    const calls = settingCalls(known, settings)
    const name = `the ${known.title}${serial === '' ? '' : ` ${serial}`}`
    let size: Geometry
    let own = serial
    try {
      const device = open(known, serial)
      // From now on it is this one that is opened again.
      own = device.serial || serial
      size = geometry ?? { width: device.width, height: device.height }
      device.close()
    } catch (error) {
      throw error instanceof LinkFailure ? error.error(name) : error
    }
    if (!isGeometry(size))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${name} says that it has ${size.width}x${size.height} pixels`,
        '--geometry WIDTHxHEIGHT says it better',
      )
    return new CaerCamera(name, size, known, own, calls)
  },
}

function settingCalls({ title, biases, biasModule, roi }: Model, settings: CameraSettings) {
  const calls: (readonly [number, number, number])[] = []
  for (const [name, value] of Object.entries(settings.biases ?? {})) {
    const parameter = Object.hasOwn(biases, name) ? biases[name] : undefined
    if (parameter === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `a ${title} has no bias "${name}"`,
        `it has ${Object.keys(biases).join(', ')}`,
      )
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new SaccadeError('ERR_ARGUMENT', `the bias ${name} must be a whole number from 0`)
    calls.push([biasModule, parameter, value])
  }
  if (settings.roi !== undefined) calls.push(...roi!(settings.roi))
  return calls
}

/** Whether the library is there. */
export function hasLibcaer(): boolean {
  try {
    // No camera has this number, so that none is opened.
    open(MODELS.dvs128!, NO_SERIAL).close()
    return true
  } catch (error) {
    return error instanceof LinkFailure && !error.why.startsWith('the library')
  }
}

/** Throws LinkFailure. */
function open({ type }: Model, serial: string): CaerDevice {
  const library = process.env.SACCADE_LIBCAER ?? LIBRARY
  try {
    return openCaer(library, type, serial)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_NOT_FOUND')
      throw new LinkFailure(
        `the library ${library} is not there (${message})`,
        'install libcaer (3.3 or later), or name it in SACCADE_LIBCAER',
      )
    if (code === 'ERR_CONNECT')
      throw new LinkFailure(message, 'is it plugged in? saccade doctor tells what access needs')
    throw error
  }
}

class CaerCamera implements CameraDevice {
  readonly packetEvents = PACKET_EVENTS

  constructor(
    readonly name: string,
    readonly geometry: Geometry,
    private readonly model: Model,
    readonly serial: string,
    private readonly calls: readonly (readonly [number, number, number])[],
  ) {}

  run(context: CameraContext): Promise<void> {
    return keepOpen(this.name, context, async (): Promise<CameraLink> => {
      const device = open(this.model, this.serial)
      const refused = device.sendDefaults()
        ? [...this.model.quiet, ...this.calls].find((call) => !device.set(...call))
        : []
      if (refused !== undefined) {
        device.close()
        throw new LinkFailure(
          refused.length === 0
            ? 'it refused its default settings'
            : `it refused the setting ${refused.join(' ')} (module, parameter, value)`,
        )
      }
      return {
        greeting: 'sends',
        follow: (follower, alive) => this.#follow(device, follower, alive),
        close: async () => device.close(),
      }
    })
  }

  async #follow(
    device: CaerDevice,
    context: CameraContext,
    alive: () => void,
  ): Promise<string | undefined> {
    const { feed, signal } = context
    const decoder = new CaerDecoder(device, feed)
    const watch = new CameraWatch(this.name, context)
    feed.start(decoder)
    const lost = await new Promise<string | undefined>((resolve) => {
      let waiting = false
      const turn = () => {
        waiting = false
        if (signal.aborted) return
        for (let n = 0; n < CONTAINERS_AT_A_TIME; n++) {
          const events = feed.push(SOMETHING)
          if (decoder.empty) break
          watch.heard()
          if (events > 0) alive()
        }
        if (device.gone) resolve('it was unplugged')
        else if (!decoder.empty && !waiting) {
          waiting = true
          setImmediate(turn)
        }
      }
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
      if (signal.aborted) resolve(undefined)
      else if (!device.start(feed.time, turn)) resolve('it does not begin to send')
    })
    watch.stop()
    feed.pause()
    return lost
  }
}

/** See LiveDecoder: what a call decodes is one container of the library's. */
class CaerDecoder implements LiveDecoder {
  readonly #offset = new ClockOffset()
  /** Nothing waited at the last call. */
  empty = false

  constructor(
    private readonly device: CaerDevice,
    private readonly feed: CameraFeed,
  ) {}

  get offset(): number {
    return this.#offset.value
  }

  decode(_bytes: Uint8Array, _from: number, now: number, _sentAfter: number, packet: EventPacket) {
    const before = packet.length
    const taken = this.device.take(packet)
    this.empty = taken === 0
    this.feed.fault('other_records', this.device.takeOthers())
    const triggers = this.device.takeTriggers() ?? []
    for (let i = 0; i < triggers.length; i += 3) {
      packet.triggers ??= []
      const value = triggers[i + 2] === 0 ? 0 : 1
      packet.triggers.push({ t: triggers[i]!, id: triggers[i + 1]!, value })
    }
    if (packet.length > before) this.#offset.follow(now, packet.t0 + packet.t[packet.length - 1]!)
    // The one byte is used when the container is.
    return taken === 2 ? 0 : 1
  }
}
