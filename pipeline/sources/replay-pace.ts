// Where replayed packets go: handed on whole when nothing may be lost, cut short and sent on time when paced.
import type { Subscriber } from 'rxjs'
import { EventPacket, type Geometry, type Trigger } from '../events/packet.js'
import { drop, type StageCounts } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import { emit } from '../streams/stream.js'

const PACKETS = 4
/** A paced packet spans at most this long, so that latency stays far below a window. */
const PACED_SPAN_US = 5000
/** Silence longer than this is told by a tick. */
const TICK_MS = 10

function mark(packet: EventPacket, geometry: Geometry | undefined, live: boolean): void {
  packet.live = live
  packet.width = geometry?.width ?? 0
  packet.height = geometry?.height ?? 0
}

/** Hands whole packets on and waits for free ones: nothing is lost. */
export class LosslessReplay {
  readonly #pool = new Pool('packets', PACKETS, () => new EventPacket())

  constructor(
    readonly geometry: Geometry | undefined,
    readonly stage: StageCounts,
    readonly subscriber: Subscriber<EventPacket>,
  ) {}

  take(signal: AbortSignal): Promise<EventPacket> {
    return this.#pool.acquire(signal)
  }

  async send(packet: EventPacket, signal: AbortSignal): Promise<void> {
    this.stage.in += packet.length
    if (signal.aborted) {
      drop(this.stage, 'stopped', packet.length)
      packet.release()
      return
    }
    mark(packet, this.geometry, false)
    this.stage.out += packet.length
    packet.hold(undefined)
    await emit(this.subscriber, packet)
  }

  /** Nothing waits. */
  async end(): Promise<void> {}
}

/** Cuts packets into short ones and sends each when its time has come, whoever is ready. */
export class PacedReplay {
  readonly #staging = new Pool('staging', 1, () => new EventPacket())
  readonly #pool = new Pool('packets', PACKETS * 4, () => new EventPacket(16_384))
  #origin: { host: number; time: number } | undefined
  #lost = 0
  /** What is not among the events, and has not gone out yet. */
  #triggers: Trigger[] = []
  #faults: Record<string, number> | undefined

  constructor(
    readonly speed: number,
    readonly geometry: Geometry | undefined,
    readonly stage: StageCounts,
    readonly subscriber: Subscriber<EventPacket>,
  ) {}

  take(signal: AbortSignal): Promise<EventPacket> {
    return this.#staging.acquire(signal)
  }

  async send(packet: EventPacket, signal: AbortSignal): Promise<void> {
    for (const trigger of packet.triggers ?? []) this.#triggers.push(trigger)
    for (const [kind, count] of Object.entries(packet.faults ?? {})) this.#fault(kind, count)
    try {
      // Behind events they wait for the next ones, which may lie before them.
      if (packet.length === 0) await this.#sendTriggers(signal)
      for (let from = 0; from < packet.length && !signal.aborted; ) {
        const to = cut(packet, from)
        await this.#waitUntil(packet.t0 + packet.t[to - 1]!, signal)
        if (!signal.aborted) this.#sendPart(packet, from, to, signal)
        from = to
      }
    } finally {
      packet.release()
    }
  }

  /** Sends what is left behind the last event. */
  async end(signal: AbortSignal): Promise<void> {
    await this.#sendTriggers(signal)
    if (this.#faults === undefined || signal.aborted) return
    const tick = await this.#pool.acquire(signal)
    this.#emit(tick.reset(), this.#clock)
  }

  /** Sends triggers without events, each when its time has come. */
  async #sendTriggers(signal: AbortSignal): Promise<void> {
    while (this.#triggers.length > 0 && !signal.aborted) {
      const { t } = this.#triggers[0]!
      await this.#waitUntil(t, signal)
      if (signal.aborted) return
      const tick = (await this.#pool.acquire(signal)).reset()
      tick.triggers = this.#takeTriggers(t)
      this.#emit(tick, t)
    }
  }

  /** Takes those up to a time. */
  #takeTriggers(until: number): Trigger[] | undefined {
    const due = this.#triggers.filter(({ t }) => t <= until)
    if (due.length === 0) return undefined
    this.#triggers = this.#triggers.filter(({ t }) => t > until)
    return due
  }

  #fault(kind: string, count: number): void {
    this.#faults ??= {}
    this.#faults[kind] = (this.#faults[kind] ?? 0) + count
  }

  #sendPart(packet: EventPacket, from: number, to: number, signal: AbortSignal): void {
    const count = to - from
    this.stage.in += count
    const part = this.#pool.tryAcquire()
    if (part === undefined) {
      drop(this.stage, 'no_buffer', count)
      this.#lost += count
      this.#pool.watch((error) => this.subscriber.error(error), signal)
      return
    }
    part.reset()
    part.length = count
    part.t.set(packet.t.subarray(from, to))
    part.x.set(packet.x.subarray(from, to))
    part.y.set(packet.y.subarray(from, to))
    part.p.set(packet.p.subarray(from, to))
    part.triggers = this.#takeTriggers(packet.t0 + packet.t[to - 1]!)
    this.#emit(part, packet.t0)
    this.stage.out += count
  }

  /** The recording's time by the host's clock. */
  get #clock(): number {
    const { host, time } = this.#origin!
    return Math.floor(time + (performance.now() - host) * 1000 * this.speed)
  }

  #emit(part: EventPacket, t0: number): void {
    part.t0 = t0
    mark(part, this.geometry, true)
    part.dropped = this.#lost
    this.#lost = 0
    part.faults = this.#faults
    this.#faults = undefined
    emit(this.subscriber, part)
  }

  /** Sleeps until the recording's clock has reached t, telling the time while it is silent. */
  async #waitUntil(t: number, signal: AbortSignal): Promise<void> {
    this.#origin ??= { host: performance.now(), time: t }
    const due = this.#origin.host + (t - this.#origin.time) / 1000 / this.speed
    while (!signal.aborted) {
      const wait = due - performance.now()
      if (wait <= 0) return
      await sleep(Math.min(wait, TICK_MS), signal)
      if (wait <= TICK_MS) return
      const tick = this.#pool.tryAcquire()
      if (tick !== undefined) this.#emit(tick.reset(), this.#clock)
    }
  }
}

/** End of the run of events from `from` that spans at most PACED_SPAN_US and fits a short packet. */
function cut(packet: EventPacket, from: number): number {
  const end = packet.t[from]! + PACED_SPAN_US
  const most = Math.min(packet.length, from + 16_384)
  let to = from + 1
  while (to < most && packet.t[to]! < end) to++
  return to
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
