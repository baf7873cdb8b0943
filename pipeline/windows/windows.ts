// Packets -> frames. Windows start at multiples of the hop, the first at floor(t_first / hop) * hop, then every hop, empty
// ones included, until the one with the last event (design section 2).
import { type Observable, type OperatorFunction, type Subscriber, Subscription } from 'rxjs'
import type { EventPacket, Geometry } from '../events/packet.js'
import { filter } from '../filters/chain.js'
import { drop, Ledger, type StageCounts } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import { emit, Stream } from '../streams/stream.js'
import { WindowBuilder } from './builder.js'
import { checkWindowSpec, frameBytes, openWindows } from './check.js'
import { fitMap } from './fit.js'
import { FrameWindow } from './frame.js'
import { type FitMap, filtersOf, type WindowSpec } from './spec.js'

/** Frames beside the open ones: one in the detector, one that waits, one that was just finished. */
const SPARE_FRAMES = 3
/** A tick closes a window only when it is this far past its end: events on the way still count. */
const SLACK_US = 5000
/** Live, a clock that jumps over more windows than this is a fault: they are counted, not made one by one. */
const MOST_EMPTY_LIVE = 64

/** Options of the windows operator. */
export interface WindowsOptions {
  /** Sensor size for sources that do not say it; the model's otherwise. */
  geometry?: Geometry
  ledger?: Ledger
  /** Ends the stream well: the open window is finished, events that still wait are counted as stopped. */
  signal?: AbortSignal
}

/**
 * Puts events through the spec's filters and gathers them into windows, which begin and end with the unfiltered stream. Owns
 * the packets that it takes and releases them.
 * @throws ERR_ARGUMENT when the spec is not usable
 * @example
 * replay('drive_td.dat').pipe(windows(model.window)).subscribe((frame) => { console.log(frame.events); frame.release() })
 */
export function windows(
  spec: WindowSpec,
  options: WindowsOptions = {},
): OperatorFunction<EventPacket, FrameWindow> {
  checkWindowSpec(spec)
  const ledger = options.ledger ?? new Ledger()
  const geometry = options.geometry ?? { width: spec.width, height: spec.height }
  const specs = filtersOf(spec)
  const filters = specs.length > 0 ? filter(specs, { geometry, ledger }) : undefined
  return (source: Observable<EventPacket>) =>
    new Stream<FrameWindow>((subscriber) => {
      const stage = new WindowStage(spec, { geometry, ledger }, subscriber)
      const upstream = new Subscription()
      const halt = () => {
        upstream.unsubscribe()
        stage.halt()
      }
      const { signal } = options
      signal?.addEventListener('abort', halt, { once: true })
      if (signal?.aborted) halt()
      else
        upstream.add(
          (filters === undefined ? source : filters(source)).subscribe({
            next: (packet) => stage.take(packet),
            error: (error) => stage.end(error),
            complete: () => stage.end(undefined),
          }),
        )
      return () => {
        signal?.removeEventListener('abort', halt)
        upstream.unsubscribe()
        stage.stop()
      }
    })
}

interface OpenWindows {
  builder: WindowBuilder
  fit: FitMap
  /** Frames by slot; window k lives in slot k % slots. */
  frames: FrameWindow[]
  start: number
  /** Oldest open window. */
  first: number
  /** The builder's counters when they were last looked at. */
  counted: { accepted: number; late: number; outside: number; between: number }
}

class WindowStage {
  readonly #hop: number
  readonly #slots: number
  readonly #pool: Pool<FrameWindow>
  readonly #events: StageCounts
  readonly #windows: StageCounts
  readonly #queue: EventPacket[] = []
  readonly #abort = new AbortController()
  #open: OpenWindows | undefined
  #busy = false
  #halted = false
  #ended: { error: unknown } | undefined
  #live = false
  #lastTime = Number.NEGATIVE_INFINITY
  #lastEventAt = 0
  #lostEvents = 0
  #lostWindows = 0

  constructor(
    readonly spec: WindowSpec,
    readonly options: { geometry: Geometry; ledger: Ledger },
    readonly subscriber: Subscriber<FrameWindow>,
  ) {
    this.#hop = spec.hopUs ?? spec.durationUs
    this.#slots = openWindows(spec)
    const bytes = frameBytes(spec)
    this.#pool = new Pool('frames', this.#slots + SPARE_FRAMES, () => new FrameWindow(bytes))
    const { ledger } = options
    this.#events = ledger.stage('windows', 'events')
    this.#windows = ledger.stage('frames', 'windows')
  }

  take(packet: EventPacket): void {
    packet.hold('windows')
    this.#queue.push(packet)
    this.#events.in += packet.length
    this.#events.held += packet.length
    void this.#drain()
  }

  end(error: unknown): void {
    this.#ended = { error }
    void this.#drain()
  }

  /** Asked to end: no more events. A packet may hold seconds, so what waits is not looked at. */
  halt(): void {
    this.#halted = true
    for (const packet of this.#queue.splice(0)) this.#discard(packet, 0)
    this.end(this.#ended?.error)
  }

  /** Unsubscribed or failed: give everything back. */
  stop(): void {
    this.#abort.abort()
    for (const packet of this.#queue.splice(0)) this.#discard(packet, 0)
    if (!this.#busy) this.#releaseFrames()
  }

  async #drain(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (let packet = this.#queue.shift(); packet; packet = this.#queue.shift()) {
        await this.#consume(packet)
      }
      if (this.#ended) await this.#finish(this.#ended.error)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.subscriber.error(error)
    } finally {
      this.#busy = false
      if (this.#abort.signal.aborted) this.#releaseFrames()
    }
  }

  async #consume(packet: EventPacket): Promise<void> {
    let from = 0
    try {
      this.#live = packet.live
      this.#lostEvents += packet.dropped
      const last = packet.last
      if (Number.isNaN(last)) {
        if (packet.live) await this.#closeUntil(packet.t0 - SLACK_US)
        return
      }
      const open = this.#open ?? (await this.#begin(packet))
      while (!this.#halted) {
        const at = open.builder.push(packet, from)
        this.#account(open, at - from)
        from = at
        if (from >= packet.length) break
        await this.#skipEmpty(open, packet.t0 + packet.t[from]!)
      }
      this.#lastTime = Math.max(this.#lastTime, last)
      this.#lastEventAt = performance.now()
      // A camera's event tells the time even when a filter took it out.
      if (packet.live) await this.#closeUntil(last - SLACK_US)
    } finally {
      this.#discard(packet, from)
    }
  }

  /** Closes windows until the oldest open one ends after t. */
  async #skipEmpty(open: OpenWindows, t: number): Promise<void> {
    for (let made = 0; !this.#halted && this.#endOf(open, open.first) <= t; made++) {
      if (this.#live && made === MOST_EMPTY_LIVE) this.#jump(open, t)
      else await this.#close(open)
    }
  }

  /** Gives up the windows between here and t: their frames serve the first window that ends after t. */
  #jump(open: OpenWindows, t: number): void {
    const next = Math.floor((t - this.spec.durationUs - open.start) / this.#hop) + 1
    const skipped = next - open.first
    this.#windows.in += skipped
    drop(this.#windows, 'clock_jump', skipped)
    this.#lostWindows += skipped
    open.first = next
    const frames = [...open.frames]
    for (let k = 0; k < this.#slots; k++) this.#attach(open, next + k, frames[k]!)
  }

  async #closeUntil(t: number): Promise<void> {
    if (this.#open) await this.#skipEmpty(this.#open, t)
  }

  /** Counts what push() did with `consumed` events; the builder's counters only rise. */
  #account(open: OpenWindows, consumed: number): void {
    const { accepted, late, outside, between } = open.builder
    const seen = open.counted
    this.#events.held -= consumed
    this.#events.out += accepted - seen.accepted
    if (late > seen.late) {
      drop(this.#events, 'late', late - seen.late)
      this.#lostEvents += late - seen.late
    }
    if (outside > seen.outside) drop(this.#events, 'outside', outside - seen.outside)
    // With hop > duration these belong to no window: asked for, but still counted.
    if (between > seen.between) drop(this.#events, 'between', between - seen.between)
    open.counted = { accepted, late, outside, between }
  }

  /** Releases a packet; what was not looked at is a counted loss. */
  #discard(packet: EventPacket, from: number): void {
    const rest = packet.length - from
    if (rest > 0) {
      this.#events.held -= rest
      drop(this.#events, 'stopped', rest)
    }
    packet.release()
  }

  async #begin(packet: EventPacket): Promise<OpenWindows> {
    const { spec } = this
    const geometry =
      packet.width > 0 && packet.height > 0
        ? { width: packet.width, height: packet.height }
        : this.options.geometry
    const open: OpenWindows = {
      builder: new WindowBuilder(spec, geometry),
      fit: fitMap(spec, geometry),
      frames: [],
      start: Math.floor(packet.first / this.#hop) * this.#hop,
      first: 0,
      counted: { accepted: 0, late: 0, outside: 0, between: 0 },
    }
    this.#open = open
    for (let k = 0; k < this.#slots; k++) this.#attach(open, k, await this.#frame())
    return open
  }

  async #frame(): Promise<FrameWindow> {
    return this.#pool.tryAcquire() ?? (await this.#pool.acquire(this.#abort.signal, 'windows'))
  }

  #attach(open: OpenWindows, index: number, frame: FrameWindow): void {
    const slot = index % this.#slots
    frame.hold('windows')
    frame.index = index
    frame.tStart = open.start + index * this.#hop
    frame.tEnd = frame.tStart + this.spec.durationUs
    frame.fit = open.fit
    open.frames[slot] = frame
    open.builder.attach(slot, frame.data, frame.tStart)
  }

  #endOf(open: OpenWindows, index: number): number {
    return open.start + index * this.#hop + this.spec.durationUs
  }

  /** Finishes the oldest window, hands it on and opens the next one in its slot. */
  async #close(open: OpenWindows): Promise<void> {
    const slot = open.first % this.#slots
    const frame = open.frames[slot]!
    const next = open.first + this.#slots
    open.builder.finish(slot)
    frame.events = open.builder.eventsIn(slot)
    // A camera never waits: without a spare frame this window is given up and its frame serves the next one.
    const spare = this.#live ? this.#pool.tryAcquire() : await this.#frame()
    this.#windows.in += 1
    open.first += 1
    if (spare === undefined) {
      drop(this.#windows, 'no_buffer')
      this.#lostWindows += 1
      this.#pool.watch((error) => this.subscriber.error(error), this.#abort.signal, 'windows')
      this.#attach(open, next, frame)
      return
    }
    this.#attach(open, next, spare)
    await this.#hand(frame)
  }

  async #hand(frame: FrameWindow): Promise<void> {
    if (this.#abort.signal.aborted) {
      drop(this.#windows, 'stopped')
      frame.release()
      return
    }
    frame.live = this.#live
    frame.lastEventAt = this.#lastEventAt
    frame.droppedEvents = this.#lostEvents
    frame.droppedWindows = this.#lostWindows
    this.#lostEvents = 0
    this.#lostWindows = 0
    this.#windows.out += 1
    frame.hold(undefined)
    const wait = emit(this.subscriber, frame)
    if (wait && !this.#live) await wait
  }

  async #finish(error: unknown): Promise<void> {
    const open = this.#open
    if (error === undefined && open) {
      // The window of the last event is finished even when the stream was stopped in the middle of it.
      if (this.#halted) {
        if (open.builder.eventsIn(open.first % this.#slots) > 0) await this.#close(open)
      } else {
        while (!this.#halted && open.start + open.first * this.#hop <= this.#lastTime)
          await this.#close(open)
      }
    }
    this.#releaseFrames()
    if (error === undefined) this.subscriber.complete()
    else this.subscriber.error(error)
  }

  #releaseFrames(): void {
    for (const frame of this.#open?.frames ?? []) frame.release()
    this.#open = undefined
  }
}
