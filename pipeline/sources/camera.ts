// Live sources. A new kind of camera is one file with a CameraKind and one line in CAMERAS.
import { type Observable, ReplaySubject, type Subscriber } from 'rxjs'
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { Ledger } from '../streams/ledger.js'
import { Stream } from '../streams/stream.js'
import type { CameraDevice, CameraKind, CameraState } from './camera-device.js'
import { CameraFeed } from './camera-feed.js'
import { type EdvsSpec, edvs } from './edvs.js'

/** A camera as text, `KIND:WHERE`, or as an object. */
export type CameraSpec = string | EdvsSpec

/** One line per kind. */
const CAMERAS: Readonly<Record<string, CameraKind<EdvsSpec>>> = { edvs }

/** Options of `camera`; all have defaults. */
export interface CameraOptions {
  /** Stops the camera; the stream then completes, within a second. */
  signal?: AbortSignal
  /** Counts events under `source`. */
  ledger?: Ledger
  /** Wait for an absent camera from the start, for ever; otherwise only for one that was there before. */
  wait?: boolean
  /** Takes sentences for the log: absent, lost, back, silent. */
  notice?: (sentence: string) => void
  clock?: Clock
  random?: () => number
}

/** A live stream of events. It opens the device when it is subscribed, once at a time. */
export class Camera extends Stream<EventPacket> {
  readonly name: string
  readonly geometry: Geometry
  /** Serial number, where the device says it. */
  readonly serial: string | undefined
  readonly #device: CameraDevice
  readonly #options: CameraOptions
  readonly #states = new ReplaySubject<CameraState>(1)
  #state: CameraState = 'closed'
  #faults: Readonly<Record<string, number>> = {}

  /** @internal Made by `camera`. */
  constructor(device: CameraDevice, options: CameraOptions) {
    super((subscriber) => this.#open(subscriber))
    this.#device = device
    this.#options = options
    this.name = device.name
    this.geometry = device.geometry
    this.serial = device.serial
  }

  /** The state just now; `closed` also before the first subscription. */
  get state(): CameraState {
    return this.#state
  }

  /** The state and each change of it. */
  get states(): Observable<CameraState> {
    return this.#states.asObservable()
  }

  /** Faults since it was subscribed, by kind; packets carry what is new. */
  get faults(): Readonly<Record<string, number>> {
    return this.#faults
  }

  #open(subscriber: Subscriber<EventPacket>): (() => void) | undefined {
    if (this.#state !== 'closed') {
      subscriber.error(
        new SaccadeError('ERR_ARGUMENT', `${this.name} is open already`, 'subscribe to it once'),
      )
      return undefined
    }
    const { signal, ledger = new Ledger(), clock = systemClock } = this.#options
    const stop = new AbortController()
    const onAbort = () => stop.abort()
    const feed = new CameraFeed(
      this.geometry,
      ledger.stage('source', 'events'),
      subscriber,
      clock,
      this.#device.packetEvents,
    )
    this.#faults = feed.faults
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
    this.#become('opening')
    this.#device
      .run({
        feed,
        signal: stop.signal,
        wait: this.#options.wait ?? false,
        clock,
        random: this.#options.random ?? Math.random,
        state: (state) => this.#become(state),
        notice: this.#options.notice ?? (() => {}),
      })
      .finally(() => {
        signal?.removeEventListener('abort', onAbort)
        feed.stop()
        this.#become('closed')
      })
      .then(
        () => subscriber.complete(),
        (error) => subscriber.error(error),
      )
    return onAbort
  }

  #become(state: CameraState): void {
    if (state === this.#state) return
    this.#state = state
    this.#states.next(state)
  }
}

/**
 * Events of a camera, live: `packet.live` is set, and a packet without events says in a silence how far its time has come.
 * A camera never waits: what nobody takes in time is dropped, counted (ledger stage `source`, cause `no_buffer`) and told by the next
 * packet. Unplugged, it is opened again for ever, and its time goes on.
 *
 * Throws ERR_ARGUMENT for a wrong spec; the stream fails with ERR_CONNECT when there is no camera at first (unless `wait`).
 * @example
 * const source = camera('edvs:/dev/ttyUSB0', { signal: AbortSignal.timeout(10_000) })
 * source.states.subscribe((state) => console.error(source.name, state))
 * for await (const packet of source) console.log(packet.t0, packet.length)
 */
export function camera(spec: CameraSpec, options: CameraOptions = {}): Camera {
  const [, kindInText, where] = typeof spec === 'string' ? (/^(\w+):(.*)$/.exec(spec) ?? []) : []
  const kind = typeof spec === 'string' ? kindInText : spec.kind
  const known = kind === undefined || !Object.hasOwn(CAMERAS, kind) ? undefined : CAMERAS[kind]
  if (known === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `there is no camera "${typeof spec === 'string' ? spec : kind}"`,
      `write KIND:WHERE; kinds are ${Object.keys(CAMERAS).join(', ')}`,
    )
  return new Camera(known.make(typeof spec === 'string' ? known.parse(where!) : spec), options)
}
