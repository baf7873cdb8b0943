// What a kind of camera promises: one object for each, and one line in camera-registry.ts.
import type { Geometry } from '../events/packet.js'
import type { Clock } from '../streams/clock.js'
import type { CameraFeed } from './camera-feed.js'
import type { CameraSettings } from './camera-settings.js'

/**
 * `opening`: not yet reached. `up`: events come. `silent`: it is there and sends nothing. `lost`: it was there and is
 * tried again. `closed`: the end.
 */
export type CameraState = 'opening' | 'up' | 'silent' | 'lost' | 'closed'

/** What a kind of camera is given beside the spec. */
export interface MakeOptions {
  settings?: CameraSettings
  /** Sensor size, for cameras that do not say it. */
  geometry?: Geometry
  signal?: AbortSignal
}

interface AnyCameraKind<Spec> {
  /** Text form, for help: e.g. "edvs:PORT[:BAUD]". */
  readonly form: string
  /** Reads what follows `KIND:` in the text form. Throws ERR_ARGUMENT. */
  parse(text: string): Spec
}

/** A kind of camera whose sensor size is known without it. `Spec` is the object form of `camera(spec)`. */
export interface CameraKind<Spec> extends AnyCameraKind<Spec> {
  /** Checks spec and settings (ERR_ARGUMENT); opens nothing yet. */
  make(spec: Spec, options: MakeOptions): CameraDevice
}

/** A kind of camera that must be looked at first. */
export interface LookedAtKind<Spec> extends AnyCameraKind<Spec> {
  /** Asks the camera for its size. Rejects with ERR_ARGUMENT, and with ERR_CONNECT when it is not there. */
  look(spec: Spec, options: MakeOptions): Promise<CameraDevice>
}

/** A camera that may be opened. */
export interface CameraDevice {
  /** For people, e.g. "the eDVS on /dev/ttyUSB0". */
  readonly name: string
  readonly geometry: Geometry
  /** Serial number, where it is known before the camera is opened: whose sensor profile applies. */
  readonly serial?: string
  /** Events of a packet, where it sends more than the 8192 of an eDVS at its fastest. */
  readonly packetEvents?: number
  /**
   * Feeds events until the signal fires, then stops the camera and resolves, within a second. A camera that goes away is
   * opened again for ever. Rejects with ERR_CONNECT when it cannot be opened the first time and `wait` is false.
   */
  run(context: CameraContext): Promise<void>
  /** Lets go of what was opened to look at it, when it is never run. */
  abandon?(): Promise<void>
}

/** What a device is given. */
export interface CameraContext {
  feed: CameraFeed
  signal: AbortSignal
  /** Wait for an absent camera from the start (the `run` command). */
  wait: boolean
  clock: Clock
  random: () => number
  state(state: CameraState): void
  /** Takes sentences for the log: lost, back, silent. */
  notice(sentence: string): void
}
