// eDVS and miniDVS cameras (128 x 128 pixels) on a serial line. docs/cameras.md says what is sent when.
import { SaccadeError } from '../errors.js'
import { Backoff, pause } from '../streams/clock.js'
import { type MakePort, systemPort } from '../streams/serial-port.js'
import type { CameraContext, CameraDevice, CameraKind } from './camera-device.js'
import { EdvsLink, LinkFailure } from './edvs-link.js'
import { streamEvents } from './edvs-stream.js'

const GEOMETRY = { width: 128, height: 128 }
/** Tried in this order when none is given. */
const BAUDS = [12_000_000, 8_000_000, 4_000_000, 2_000_000]
const BACKOFF_MIN_MS = 250
const BACKOFF_MAX_MS = 5000
/** An eDVS; text form `edvs:/dev/ttyUSB0[:BAUD]`. */
export interface EdvsSpec {
  kind: 'edvs'
  /** e.g. /dev/ttyUSB0, better a name below /dev/serial/by-id. */
  port: string
  /** 12, 8, 4 and 2 Mbaud are tried when left out. */
  baud?: number
}

/** The registry's entry. */
export const edvs: CameraKind<EdvsSpec> = {
  parse(text) {
    const [, port, baud] = /^(.+?)(?::(\d+))?$/.exec(text) ?? []
    if (port === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"edvs:${text}" names no serial port`,
        'write edvs:PORT[:BAUD]',
      )
    return { kind: 'edvs', port, baud: baud === undefined ? undefined : Number(baud) }
  },

  make({ port, baud }) {
    if (baud !== undefined && (!Number.isInteger(baud) || baud < 1200 || baud > 12_000_000))
      throw new SaccadeError('ERR_ARGUMENT', `${baud} is no baud for ${port}: 1200 to 12000000`)
    return new Edvs(port, baud === undefined ? BAUDS : [baud])
  },
}

class Edvs implements CameraDevice {
  readonly name: string
  readonly geometry = GEOMETRY

  constructor(
    readonly port: string,
    readonly bauds: readonly number[],
  ) {
    this.name = `the eDVS on ${port}`
  }

  async run(context: CameraContext): Promise<void> {
    const { signal, clock } = context
    const makePort = await systemPort({ rtscts: true })
    const backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random)
    let bauds = this.bauds
    let opened = false
    let told: string | undefined
    while (!signal.aborted) {
      const link = await this.#open(bauds, makePort, context, (failure) => {
        if (!opened && !context.wait) throw failure.error(this.port)
        if (failure.why !== told)
          context.notice(`${this.name} does not open: ${failure.why}; trying again`)
        told = failure.why
      })
      if (link !== undefined) {
        // The baud that worked is tried first from now on.
        bauds = [link.baud, ...this.bauds.filter((baud) => baud !== link.baud)]
        if (opened) context.feed.fault('reconnect')
        context.notice(`${this.name} sends, at ${link.baud} baud`)
        opened = true
        told = undefined
        const lost = await streamEvents(this.name, link, context, () => backoff.reset())
        await link.close()
        if (lost === undefined) return
        context.state('lost')
        context.notice(`lost ${this.name} (${lost}); trying again`)
      }
      await pause(clock, backoff.next(), signal)
    }
  }

  async #open(
    bauds: readonly number[],
    makePort: MakePort,
    { clock, signal }: CameraContext,
    failed: (failure: LinkFailure) => void,
  ): Promise<EdvsLink | undefined> {
    try {
      return await EdvsLink.open(this.port, bauds, makePort, clock, signal)
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error
      if (!signal.aborted) failed(error)
      return undefined
    }
  }
}
