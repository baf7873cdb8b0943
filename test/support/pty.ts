// A pair of pseudo terminals joined by socat: what is written at one end is read at the other. Killing socat is unplugging.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killAtExit } from './children.js'
import { findTool } from './tools.js'
import { until } from './wait.js'

/** Two terminals, back to back. */
export class PtyPair {
  #socat: ChildProcess | undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'saccade-pty-'))
  /** Path of the end that saccade opens, and of the robot's. */
  readonly near = join(this.#folder, 'near')
  readonly far = join(this.#folder, 'far')

  private constructor() {}

  static async open(): Promise<PtyPair> {
    const pair = new PtyPair()
    await pair.plug()
    return pair
  }

  /** Makes the terminals, again after `unplug`. */
  async plug(): Promise<void> {
    const end = (link: string) => `pty,raw,echo=0,link=${link}`
    this.#socat = killAtExit(
      spawn(findTool('socat')!, [end(this.near), end(this.far)], { stdio: 'ignore' }),
    )
    await until(() => existsSync(this.near) && existsSync(this.far), 'socat makes its terminals')
  }

  async unplug(): Promise<void> {
    const socat = this.#socat!
    if (socat.exitCode === null && socat.signalCode === null) {
      const gone = new Promise((resolve) => socat.once('exit', resolve))
      socat.kill('SIGKILL')
      await gone
    }
    // SIGKILL leaves the links, which then name nothing or, worse, somebody else's terminal.
    rmSync(this.near, { force: true })
    rmSync(this.far, { force: true })
  }

  async close(): Promise<void> {
    await this.unplug()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
