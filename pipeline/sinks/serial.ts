// Detections for a robot on a serial line. docs/serial.md is the specification of what goes over the wire.
import type { DetectionSet, RunHeader, RunSummary } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { type MakePort, systemPort } from '../streams/serial-port.js'
import { detectionsWithin, FrameEncoder, MAX_WIRE_BYTES } from './serial-frame.js'
import { SerialLine } from './serial-line.js'
import type { Sink, SinkOpenOptions, SinkState } from './sink.js'

const DEFAULT_BAUD = 115_200
const GIVE_UP_MS = 10_000
/** An unplugged port shows only when something is written; and a robot learns that we live. */
const HEARTBEAT_MS = 200
/** A robot that was switched on later learns what the numbers mean. */
const INFO_EVERY_MS = 5000
const STOP_DRAIN_MS = 200
/** Live, a frame takes at most this share of the time between windows, so that the line never falls behind. */
const LINE_SHARE = 0.8

/** The `serial` block of a configuration. */
export interface SerialOptions {
  /** e.g. /dev/ttyUSB0, better a name below /dev/serial/by-id. */
  port: string
  /** Default 115200. A USB CDC port has no baud of its own, but sets are paced by this number. */
  baud?: number
}

/** Surroundings; all have defaults. */
export interface SerialContext {
  clock?: Clock
  random?: () => number
  notice?: (sentence: string) => void
  /** How long a replay waits for an absent port; 10 s. */
  giveUpMs?: number
  makePort?: MakePort
}

/**
 * Reads `PORT[:baud]`. Throws ERR_ARGUMENT.
 * @example parseSerial('/dev/ttyUSB0:921600') // { port: '/dev/ttyUSB0', baud: 921600 }
 */
export function parseSerial(text: string): SerialOptions {
  const [, port, baud] = /^(.+?)(?::(\d+))?$/.exec(text) ?? []
  if (port === undefined)
    throw new SaccadeError('ERR_ARGUMENT', `"${text}" names no serial port`, 'write PORT[:BAUD]')
  return baud === undefined ? { port } : { port, baud: Number(baud) }
}

/**
 * Writes each set as one frame.
 * @example
 * const sink = new SerialSink({ port: '/dev/ttyUSB0', baud: 921_600 })
 */
export class SerialSink implements Sink {
  readonly name: string
  readonly dropped: Record<string, number> = {}
  readonly #path: string
  readonly #baud: number
  readonly #clock: Clock
  readonly #giveUpMs: number
  readonly #context: SerialContext
  readonly #encoder = new FrameEncoder()
  #line: SerialLine | undefined
  #how: SinkOpenOptions = { wait: false, live: false }
  #maxDetections = 0
  #openedAt = 0
  #lastFrameAt = 0
  #lastInfoAt = 0
  #lastSeq = 0
  #sent = 0
  /** Lost windows that sent frames have told of. */
  #told = 0
  #busy = false
  #closed = false
  #cancelBeat = () => {}

  constructor(options: SerialOptions, context: SerialContext = {}) {
    this.#path = options.port
    this.#baud = options.baud ?? DEFAULT_BAUD
    if (!Number.isInteger(this.#baud) || this.#baud < 1200 || this.#baud > 12_000_000)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${this.#baud} is no baud for ${this.#path}: 1200 to 12000000`,
      )
    this.#context = context
    this.#clock = context.clock ?? systemClock
    this.#giveUpMs = context.giveUpMs ?? GIVE_UP_MS
    this.name = `serial:${this.#path}`
  }

  get state(): SinkState {
    if (this.#closed) return 'closed'
    if (this.#line?.isOpen) return 'up'
    return this.#line === undefined || this.#line.opens === 0 ? 'connecting' : 'lost'
  }

  async open(header: RunHeader, how: SinkOpenOptions): Promise<void> {
    this.#how = how
    this.#maxDetections = detectionsWithin(this.#budget(header))
    const makePort = this.#context.makePort ?? (await systemPort())
    if (this.#closed) return
    this.#line = new SerialLine(
      this.#path,
      this.#baud,
      () => makePort(this.#path, this.#baud),
      {
        clock: this.#clock,
        random: this.#context.random ?? Math.random,
        notice: this.#context.notice ?? (() => {}),
      },
      // A leading 00 ends whatever the receiver heard before.
      () => Buffer.concat([Buffer.of(0), this.#info(header)]),
    )
    this.#openedAt = this.#clock.now()
    this.#line.start()
    this.#scheduleBeat(header)
    if (how.wait) return
    try {
      await this.#whenOpen()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async write(set: DetectionSet): Promise<boolean> {
    const line = this.#line!
    const madeFrame = () => this.#encoder.detections(set, latencyUs(set), this.#maxDetections)
    this.#busy = true
    try {
      do {
        if (this.#how.live) this.#throwIfHopeless(line)
        else if (!(await this.#whenOpen())) break
        if (await line.send(madeFrame)) return this.#written(set)
      } while (!this.#how.live)
    } finally {
      this.#busy = false
    }
    return this.#lost(this.#closed ? 'closed' : 'port lost')
  }

  async close(_summary?: RunSummary): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelBeat()
    if (this.#line?.isOpen) {
      const last = this.#line.send(() => this.#beat())
      let cancel = () => {}
      const limit = new Promise<void>((resolve) => {
        cancel = this.#clock.after(STOP_DRAIN_MS, resolve)
      })
      await Promise.race([last, limit])
      cancel()
    }
    await this.#line?.stop()
  }

  /** Bytes on the wire per set. A replay waits for the line, so only the receiver's buffer limits it. */
  #budget(header: RunHeader): number {
    if (!this.#how.live) return MAX_WIRE_BYTES
    return Math.floor((this.#baud / 10) * (header.window.hopUs / 1e6) * LINE_SHARE)
  }

  #written(set: DetectionSet): true {
    this.#sent += 1
    this.#told += set.dropped.windows
    this.#lastSeq = set.seq
    this.#lastFrameAt = this.#clock.now()
    return true
  }

  #lost(cause: string): false {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + 1
    return false
  }

  /** True when the port is open, false when the sink was closed meanwhile. Rejects when it is absent for 10 s, or busy. */
  async #whenOpen(): Promise<boolean> {
    const line = this.#line!
    while (!line.isOpen) {
      if (this.#closed) return false
      this.#throwIfHopeless(line)
      const left = line.downSince + this.#giveUpMs - this.#clock.now()
      await line.changed(Math.max(left, 1))
    }
    return true
  }

  #throwIfHopeless(line: SerialLine): void {
    if (this.#how.wait || line.isOpen || this.#closed) return
    const waited = this.#clock.now() - line.downSince
    if (line.failure?.final || waited >= this.#giveUpMs) throw line.error()
  }

  #scheduleBeat(header: RunHeader): void {
    this.#cancelBeat = this.#clock.after(HEARTBEAT_MS / 4, () => {
      const line = this.#line!
      const now = this.#clock.now()
      if (line.isOpen && !this.#busy) {
        if (now - this.#lastInfoAt >= INFO_EVERY_MS) void this.#sendIdle(() => this.#info(header))
        else if (now - this.#lastFrameAt >= HEARTBEAT_MS) void this.#sendIdle(() => this.#beat())
      }
      this.#scheduleBeat(header)
    })
  }

  async #sendIdle(makeFrame: () => Uint8Array): Promise<void> {
    this.#lastFrameAt = this.#clock.now()
    await this.#line!.send(makeFrame)
  }

  #info(header: RunHeader): Buffer {
    this.#lastInfoAt = this.#clock.now()
    return this.#encoder.info(header)
  }

  #beat(): Buffer {
    return this.#encoder.heartbeat({
      seq: this.#lastSeq,
      uptimeMs: this.#clock.now() - this.#openedAt,
      sent: this.#sent,
      dropped: this.#told,
    })
  }
}

/** From the window's close until now; 0 in a replay. */
export function latencyUs(set: DetectionSet): number {
  if (set.hostTime === undefined) return 0
  return (set.ageMs ?? 0) * 1000 + Math.max(Date.now() * 1000 - set.hostTime, 0)
}
