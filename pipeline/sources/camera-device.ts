// What a kind of camera promises: one object for each, and one line in the registry of camera.ts.
import type { Geometry } from '../events/packet.js'
import type { Clock } from '../streams/clock.js'
import type { CameraFeed } from './camera-feed.js'

/**
 * `opening`: not yet reached. `up`: events come. `silent`: it is there and sends nothing. `lost`: it was there and is
 * tried again. `closed`: the end.
 */
export type CameraState = 'opening' | 'up' | 'silent' | 'lost' | 'closed'

/** A kind of camera. `Spec` is the object form of `camera(spec)`. */
export interface CameraKind<Spec> {
  /** Reads what follows `KIND:` in the text form. Throws ERR_ARGUMENT. */
  parse(text: string): Spec
  /** Checks the spec (ERR_ARGUMENT); opens nothing yet. */
  make(spec: Spec): CameraDevice
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
