// The line to an eDVS: opening it, the commands that make it send, and the end of it.
import { SaccadeError } from '../errors.js'
import { type Clock, pause } from '../streams/clock.js'
import { type MakePort, type Port, portFailure } from '../streams/serial-port.js'

/** After a reset the camera needs 400 ms for its banner; a slow one is given as long again. */
const RESET_MS = 400
const BANNER_MS = 800
/** Answers to commands are over by then. */
const SETTLE_MS = 50
/** A line whose flow control holds everything back must not hold up the end. */
const CLOSE_MS = 500
/** What the two kinds of board say after a reset. */
const BANNER = /EDVS-4337|meDVS128/

/** Why there is no connection: the world's fault, told in a sentence. */
export class LinkFailure extends Error {
  constructor(
    readonly why: string,
    readonly hint: string,
  ) {
    super(why)
  }

  /** As the API reports it. */
  error(path: string): SaccadeError {
    return new SaccadeError(
      'ERR_CONNECT',
      `no connection to the eDVS on ${path}: ${this.why}`,
      this.hint,
    )
  }
}

/** An eDVS that sends events. */
export class EdvsLink {
  /** Takes bytes as they are read. */
  onData: (bytes: Uint8Array) => void = () => {}
  /** Resolves with the reason when the line is lost or closed. */
  readonly ended: Promise<string>
  #end: (reason: string) => void = () => {}
  #lost: string | undefined

  private constructor(
    readonly baud: number,
    private readonly port: Port,
    private readonly clock: Clock,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = (reason) => {
        this.#lost ??= reason
        resolve(reason)
      }
    })
    port.on('data', (bytes: Buffer) => this.onData(bytes))
    port.on('error', (error: Error) => this.#end(error.message))
    port.on('close', (error?: Error | null) => this.#end(error?.message ?? 'closed'))
  }

  /**
   * Opens the port at the first of the bauds at which an eDVS answers, and makes it send events with 16-bit stamps (24-bit ones
   * from old firmware). Rejects with LinkFailure, also when the signal fires.
   */
  static async open(
    path: string,
    bauds: readonly number[],
    makePort: MakePort,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<EdvsLink> {
    let answer = ''
    for (const baud of bauds) {
      const port = makePort(path, baud)
      await openPort(port)
      const link = new EdvsLink(baud, port, clock)
      try {
        answer = await link.#reset(signal)
        if (BANNER.test(answer)) {
          await link.#begin(signal)
          return link
        }
        await link.close()
      } catch (error) {
        await link.close()
        throw error
      }
    }
    throw new LinkFailure(
      answer === '' ? 'it does not answer' : 'what answers is no eDVS that saccade knows',
      `is it an eDVS with power, and is its baud ${bauds.join(' or ')}?`,
    )
  }

  /** Tells a camera once more to send that is sending: an unplugged line may show only when something is written. */
  probe(): void {
    this.port.write('E+\n')
  }

  /** Begins anew, for a camera that may have been reset meanwhile. */
  ask(): void {
    this.port.write('!U0\n!E2\nE+\n')
  }

  /** Tells the camera to stop and closes, within half a second. */
  async close(): Promise<void> {
    this.onData = () => {}
    if (this.port.isOpen) {
      const stopped = this.#write('E-\n')
        .then(() => pause(this.clock, SETTLE_MS))
        .then(() => new Promise((done) => this.port.close(done)))
      await Promise.race([stopped.catch(() => {}), pause(this.clock, CLOSE_MS)])
    }
    this.#end('closed')
  }

  /** What it says after a reset. */
  async #reset(signal: AbortSignal): Promise<string> {
    let answer = ''
    this.onData = (bytes) => {
      answer = (answer + Buffer.from(bytes).toString('latin1')).slice(-4096)
    }
    await this.#write('R\n')
    await this.#pause(RESET_MS, signal)
    for (let waited = 0; waited < BANNER_MS - RESET_MS && !BANNER.test(answer); waited += SETTLE_MS)
      await this.#pause(SETTLE_MS, signal)
    return answer
  }

  /** Echo off, stamps of 16 bits, stream on. */
  async #begin(signal: AbortSignal): Promise<void> {
    await this.#write('!U0\n')
    await this.#write('!E2\n')
    await this.#pause(SETTLE_MS, signal)
    this.onData = () => {}
    await this.#write('E+\n')
  }

  #write(command: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.port.write(command, (error) => {
        if (error) reject(new LinkFailure(error.message, 'check the cable'))
        else resolve()
      })
    })
  }

  /** Waits; rejects when the line is lost or the signal fires meanwhile. */
  async #pause(ms: number, signal?: AbortSignal): Promise<void> {
    await pause(this.clock, ms, signal)
    if (signal?.aborted) throw new LinkFailure('stopped on request', '')
    if (this.#lost !== undefined)
      throw new LinkFailure(`it was unplugged (${this.#lost})`, 'check the cable')
  }
}

function openPort(port: Port): Promise<void> {
  return new Promise((resolve, reject) => {
    port.open((error) => {
      if (!error) return resolve()
      const { why, hint } = portFailure(error)
      reject(new LinkFailure(why, hint))
    })
  })
}
