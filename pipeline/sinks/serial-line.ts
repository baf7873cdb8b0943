// A serial port that is kept open: one frame in flight, paced by arithmetic, opened again after it was unplugged.
import { SaccadeError } from '../errors.js'
import { Backoff, type Clock } from '../streams/clock.js'
import { type Port, type PortFailure, portFailure } from '../streams/serial-port.js'

const BACKOFF_MIN_MS = 250
const BACKOFF_MAX_MS = 5000
/** 8 data bits, start and stop. */
const BITS_PER_BYTE = 10

/** Surroundings of a line. */
export interface LineContext {
  clock: Clock
  random: () => number
  /** Takes sentences for the log: lost, back, busy. */
  notice: (sentence: string) => void
}

/** Keeps one port open. */
export class SerialLine {
  failure: PortFailure | undefined
  /** Clock time since which the port is not open. */
  downSince: number
  /** Times it was opened. */
  opens = 0
  #port: Port | undefined
  #stopped = false
  /** Clock time at which the line has carried all bytes so far. */
  #freeAt = 0
  #queue: Promise<unknown> = Promise.resolve()
  #cancelRetry = () => {}
  readonly #waiters = new Set<() => void>()
  readonly #backoff: Backoff

  constructor(
    readonly path: string,
    readonly baud: number,
    readonly makePort: () => Port,
    readonly context: LineContext,
    /** Makes what is sent after each open, before anything else. */
    readonly greeting: () => Uint8Array,
  ) {
    this.#backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random)
    this.downSince = context.clock.now()
  }

  get isOpen(): boolean {
    return this.#port !== undefined
  }

  get stopped(): boolean {
    return this.#stopped
  }

  start(): void {
    if (this.#stopped) return
    const port = this.makePort()
    port.on('error', (error: Error) => this.#closed(port, error))
    port.on('close', (error?: Error | null) => this.#closed(port, error ?? undefined))
    port.open((error) => {
      if (error) this.#refused(error)
      else this.#opened(port)
    })
  }

  /**
   * Sends one frame, made when its turn has come, and resolves when the line has carried it: true, or false when the
   * port was lost or is not open.
   */
  send(makeFrame: () => Uint8Array): Promise<boolean> {
    const sent = this.#queue.then(() => this.#transmit(makeFrame))
    this.#queue = sent
    return sent
  }

  /** Resolves on the next change (open, closed, refused, stopped) or after `ms`. */
  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#waiters.delete(done)
        resolve()
      }
      const cancel = this.context.clock.after(ms, done)
      this.#waiters.add(done)
    })
  }

  error(): SaccadeError {
    const { why, hint } = this.failure ?? { why: 'it does not open', hint: undefined }
    return new SaccadeError(
      'ERR_CONNECT',
      `no connection to the serial port ${this.path}: ${why}`,
      hint,
    )
  }

  /** Closes for good. What is in flight resolves false. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelRetry()
    const port = this.#port
    this.#port = undefined
    this.#wake()
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()))
  }

  async #transmit(makeFrame: () => Uint8Array): Promise<boolean> {
    const port = this.#port
    if (port === undefined) return false
    const frame = makeFrame()
    const written = await this.#writeThrough(port, frame)
    if (!written) return false
    const now = this.context.clock.now()
    this.#freeAt = Math.max(this.#freeAt, now) + (frame.length * BITS_PER_BYTE * 1000) / this.baud
    await this.#until(port, this.#freeAt)
    return true
  }

  /** Through the driver (tcdrain); false when the port goes away meanwhile, for then its callbacks never come. */
  #writeThrough(port: Port, frame: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      const lost = () => finish(false)
      const finish = (written: boolean) => {
        this.#waiters.delete(check)
        resolve(written)
      }
      const check = () => {
        if (this.#port !== port) lost()
      }
      this.#waiters.add(check)
      port.write(frame, (error) => {
        if (error) finish(false)
        else port.drain((failed) => finish(!failed))
      })
    })
  }

  /** Waits for the line by arithmetic: a USB adapter's driver is done long before its wire. */
  async #until(port: Port, time: number): Promise<void> {
    for (;;) {
      const left = time - this.context.clock.now()
      if (left <= 0 || this.#port !== port) return
      await this.changed(left)
    }
  }

  #opened(port: Port): void {
    if (this.#stopped) {
      port.close()
      return
    }
    this.#port = port
    this.failure = undefined
    this.opens += 1
    this.#freeAt = 0
    // Read and thrown away: an unplugged port shows at once, and a chatting robot fills nothing.
    port.resume()
    this.context.notice(`opened the serial port ${this.path} at ${this.baud} baud`)
    void this.send(this.greeting).then((sent) => {
      if (sent) this.#backoff.reset()
    })
    this.#wake()
  }

  #refused(error: Error): void {
    const failure = portFailure(error)
    if (failure.why !== this.failure?.why)
      this.context.notice(
        `the serial port ${this.path} does not open: ${failure.why}; trying again`,
      )
    this.failure = failure
    this.#retry()
    this.#wake()
  }

  #closed(port: Port, error: Error | undefined): void {
    if (this.#port !== port) return
    this.#port = undefined
    this.downSince = this.context.clock.now()
    this.failure = { why: 'it was unplugged', hint: 'check the cable', final: false }
    this.context.notice(
      `lost the serial port ${this.path} (${error?.message ?? 'closed'}); trying again`,
    )
    if (port.isOpen) port.close(() => {})
    this.#retry()
    this.#wake()
  }

  #retry(): void {
    if (this.#stopped) return
    this.#cancelRetry = this.context.clock.after(this.#backoff.next(), () => this.start())
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done()
  }
}
