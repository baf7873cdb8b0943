// A camera as a stream: what device and feed do, with its state, its health and its end.
import { filter, firstValueFrom, type Observable, ReplaySubject, type Subscriber } from 'rxjs'
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { Ledger, type StageCounts } from '../streams/ledger.js'
import { Stream } from '../streams/stream.js'
import type { CameraDevice, CameraState } from './camera-device.js'
import { CameraFeed } from './camera-feed.js'
import type { CameraSettings } from './camera-settings.js'

/** Options of `camera`; all have defaults. */
export interface CameraOptions {
  /** Biases, region, rate control: what the kind of camera has. */
  settings?: CameraSettings
  /** Sensor size, for cameras that do not say it. */
  geometry?: Geometry
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

/** How a camera is doing. Counts are since it was subscribed. */
export interface CameraHealth {
  name: string
  state: CameraState
  /** Milliseconds since the last change of state. */
  sinceMs: number
  /** Events in, out and dropped by cause. */
  events: StageCounts | undefined
  /** External triggers, once there were any. */
  triggers: StageCounts | undefined
  /** Faults by kind, e.g. { reconnect: 1 }. */
  faults: Readonly<Record<string, number>>
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
  readonly #clock: Clock
  #state: CameraState = 'closed'
  #stateAt = 0
  #feed: CameraFeed | undefined
  #close = () => {}

  /** @internal Made by `camera`. */
  constructor(device: CameraDevice, options: CameraOptions) {
    super((subscriber) => this.#open(subscriber))
    this.#device = device
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#stateAt = this.#clock.now()
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
    return this.#feed?.faults ?? {}
  }

  /** How it is doing just now. */
  health(): CameraHealth {
    const copy = (counts: StageCounts | undefined) =>
      counts && { ...counts, dropped: { ...counts.dropped } }
    return {
      name: this.name,
      state: this.#state,
      sinceMs: Math.round(this.#clock.now() - this.#stateAt),
      events: copy(this.#feed?.counts),
      triggers: copy(this.#feed?.triggers),
      faults: { ...this.faults },
    }
  }

  /** Stops it; resolves when it is closed, within a second. The stream completes. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return this.#device.abandon?.()
    this.#close()
    await firstValueFrom(this.#states.pipe(filter((state) => state === 'closed')))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(subscriber: Subscriber<EventPacket>): (() => void) | undefined {
    if (this.#state !== 'closed') {
      subscriber.error(
        new SaccadeError('ERR_ARGUMENT', `${this.name} is open already`, 'subscribe to it once'),
      )
      return undefined
    }
    const { signal, ledger = new Ledger() } = this.#options
    const clock = this.#clock
    const stop = new AbortController()
    const onAbort = () => stop.abort()
    const feed = new CameraFeed(this.geometry, ledger, subscriber, clock, this.#device.packetEvents)
    this.#feed = feed
    this.#close = onAbort
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
    this.#stateAt = this.#clock.now()
    this.#states.next(state)
  }
}
