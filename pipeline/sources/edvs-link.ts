// The line to an eDVS: opening it, the commands that make it send, and the end of it.
import { type Clock, pause } from '../streams/clock.js'
import { type MakePort, type Port, portFailure } from '../streams/serial-port.js'
import { LinkFailure } from './camera-link.js'

/** After a reset the camera needs 400 ms for its banner; a slow one is given as long again. */
const RESET_MS = 400
const BANNER_MS = 800
/** Answers to commands are over by then. */
const SETTLE_MS = 50
/** A line whose flow control holds everything back must not hold up the end. */
const CLOSE_MS = 500
/** What the two kinds of board say after a reset. */
const BANNER = /EDVS-4337|meDVS128/

/**
 * What `!E0` to `!E4` ask for: no stamps, steps of 1 to 4 bytes, stamps of 16, 24 or 32 bits. Old firmware has no steps, and
 * its `!E1` to `!E3` mean 16, 24 and 32 bits.
 */
export type EdvsMode = 0 | 1 | 2 | 3 | 4

/** How an eDVS is opened. */
export interface EdvsOpening {
  bauds: readonly number[]
  mode: EdvsMode
  /** Values of bias registers, by number. */
  biases: ReadonlyMap<number, number>
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
    private readonly opening: EdvsOpening,
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
   * Opens the port at the first of the bauds at which an eDVS answers, and makes it send events in the mode asked for. Rejects
   * with LinkFailure, also when the signal fires.
   */
  static async open(
    path: string,
    opening: EdvsOpening,
    makePort: MakePort,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<EdvsLink> {
    let answer = ''
    for (const baud of opening.bauds) {
      const port = makePort(path, baud)
      await openPort(port)
      const link = new EdvsLink(baud, opening, port, clock)
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
      `is it an eDVS with power, and is its baud ${opening.bauds.join(' or ')}?`,
    )
  }

  get mode(): EdvsMode {
    return this.opening.mode
  }

  /** Tells a camera once more to send that is sending: an unplugged line may show only when something is written. */
  probe(): void {
    this.port.write('E+\n')
  }

  /** Begins anew, for a camera that may have been reset meanwhile. */
  ask(): void {
    this.port.write(`${this.#settings.join('\n')}\nE+\n`)
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

  /** Echo off, the mode, and biases, if any are set. */
  get #settings(): string[] {
    const { mode, biases } = this.opening
    const sets = [...biases].map(([number, value]) => `!B${number}=${value}`)
    return ['!U0', `!E${mode}`, ...sets, ...(sets.length > 0 ? ['!BF'] : [])]
  }

  async #begin(signal: AbortSignal): Promise<void> {
    for (const command of this.#settings) await this.#write(`${command}\n`)
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
