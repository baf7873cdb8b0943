// Replays a recording: lossless at full speed, newest-first when paced (then it behaves like a camera).
import type { Subscriber } from 'rxjs'
import { EventPacket, type Geometry } from '../events/packet.js'
import { resolveTime, type TimeSpec } from '../events/time.js'
import { drop, Ledger, type StageCounts } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import { emit, Stream } from '../streams/stream.js'
import { openRecording } from './open.js'
import type { OpenOptions, Recording } from './recording.js'

const PACKETS = 4
/** A paced packet spans at most this long, so that latency stays far below a window. */
const PACED_SPAN_US = 5000
/** Silence longer than this is told by a tick. */
const TICK_MS = 10

/** How a recording is replayed. Times: see TimeSpec. */
export interface ReplayOptions extends OpenOptions {
  /** First and one past the last time that is replayed. */
  from?: TimeSpec
  to?: TimeSpec
  /** 0 (default) as fast as the pipeline goes, nothing lost; 1 real time, 2 twice that, newest first. */
  speed?: number
  /** Starts again at the end, for ever; stamps go on rising. */
  loop?: boolean
  /** Ends the stream early, as if the file ended there. */
  signal?: AbortSignal
  ledger?: Ledger
}

/**
 * The events of a recording, as pooled packets that must be released.
 * @param file a path, or a recording that is open already (it is closed at the end)
 * @example
 * for await (const packet of replay('drive_td.dat', { to: '1s' })) console.log(packet.length)
 */
export function replay(file: string | Recording, options: ReplayOptions = {}): Stream<EventPacket> {
  return new Stream((subscriber) => {
    const abort = new AbortController()
    const stop = () => abort.abort()
    options.signal?.addEventListener('abort', stop, { once: true })
    if (options.signal?.aborted) stop()
    play(file, options, abort.signal, subscriber)
      .then(
        () => subscriber.complete(),
        (error) => (abort.signal.aborted ? subscriber.complete() : subscriber.error(error)),
      )
      .finally(() => options.signal?.removeEventListener('abort', stop))
    return stop
  })
}

async function play(
  file: string | Recording,
  options: ReplayOptions,
  signal: AbortSignal,
  subscriber: Subscriber<EventPacket>,
): Promise<void> {
  await using recording = typeof file === 'string' ? await openRecording(file, options) : file
  const geometry = options.geometry ?? recording.geometry
  const stage = (options.ledger ?? new Ledger()).stage('source', 'events')
  const speed = options.speed ?? 0
  const out =
    speed > 0
      ? new PacedOutlet(speed, geometry, stage, subscriber)
      : new LosslessOutlet(geometry, stage, subscriber)
  let shift = 0
  do {
    const span = await playOnce(recording, options, signal, out, shift)
    if (span === 0) break
    shift += span
  } while (options.loop && !signal.aborted)
}

/** One pass; returns the µs that it covered, 0 when nothing was in range. */
async function playOnce(
  recording: Recording,
  options: ReplayOptions,
  signal: AbortSignal,
  out: LosslessOutlet | PacedOutlet,
  shift: number,
): Promise<number> {
  await recording.seek(0)
  const probe = await out.take(signal)
  let first: number
  try {
    if (!(await recording.next(probe)) || probe.length === 0) return 0
    first = probe.t0 + probe.t[0]!
  } finally {
    probe.release()
  }
  const from = options.from === undefined ? 0 : resolveTime(options.from, first)
  const to = options.to === undefined ? Number.POSITIVE_INFINITY : resolveTime(options.to, first)
  await recording.seek(from)
  let begun = Number.NaN
  let last = Number.NaN
  while (!signal.aborted) {
    const packet = await out.take(signal)
    packet.hold('source')
    let more = false
    try {
      more = await recording.next(packet)
    } finally {
      if (!more) packet.release()
    }
    if (!more) break
    const whole = packet.length
    packet.length = lengthBefore(packet, to)
    if (packet.length > 0) {
      if (Number.isNaN(begun)) begun = packet.t0 + packet.t[0]!
      last = Math.max(Number.isNaN(last) ? 0 : last, packet.t0 + packet.t[packet.length - 1]!)
    }
    const ended = packet.length < whole
    packet.t0 += shift
    await out.send(packet, signal)
    if (ended) break
  }
  return Number.isNaN(begun) ? 0 : Math.max(1, last + 1 - begun)
}

/** Events before the first stamp >= to. */
function lengthBefore(packet: EventPacket, to: number): number {
  const limit = to - packet.t0
  if (limit > 0xffff_ffff) return packet.length
  const t = packet.t
  for (let i = 0; i < packet.length; i++) if (t[i]! >= limit) return i
  return packet.length
}

function mark(packet: EventPacket, geometry: Geometry | undefined, live: boolean): void {
  packet.live = live
  packet.width = geometry?.width ?? 0
  packet.height = geometry?.height ?? 0
}

/** Hands whole packets on and waits for free ones: nothing is lost. */
class LosslessOutlet {
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
}

/** Cuts packets into short ones and sends each when its time has come, whoever is ready. */
class PacedOutlet {
  readonly #staging = new Pool('staging', 1, () => new EventPacket())
  readonly #pool = new Pool('packets', PACKETS * 4, () => new EventPacket(16_384))
  #origin: { host: number; time: number } | undefined
  #lost = 0

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
    try {
      for (let from = 0; from < packet.length && !signal.aborted; ) {
        const to = cut(packet, from)
        await this.#waitUntil(packet.t0 + packet.t[to - 1]!, signal)
        if (!signal.aborted) this.#sendPart(packet, from, to)
        from = to
      }
    } finally {
      packet.release()
    }
  }

  #sendPart(packet: EventPacket, from: number, to: number): void {
    const count = to - from
    this.stage.in += count
    const part = this.#pool.tryAcquire()
    if (part === undefined) {
      drop(this.stage, 'no_buffer', count)
      this.#lost += count
      return
    }
    part.reset()
    part.t0 = packet.t0
    part.length = count
    part.t.set(packet.t.subarray(from, to))
    part.x.set(packet.x.subarray(from, to))
    part.y.set(packet.y.subarray(from, to))
    part.p.set(packet.p.subarray(from, to))
    this.#emit(part)
    this.stage.out += count
  }

  #emit(part: EventPacket): void {
    mark(part, this.geometry, true)
    part.dropped = this.#lost
    this.#lost = 0
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
      if (tick === undefined) continue
      tick.reset()
      tick.t0 = Math.floor(
        this.#origin.time + (performance.now() - this.#origin.host) * 1000 * this.speed,
      )
      this.#emit(tick)
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
