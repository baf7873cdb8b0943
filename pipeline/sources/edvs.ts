// eDVS and miniDVS cameras (128 x 128 pixels) on a serial line. docs/cameras.md says what is sent when.
import { readdirSync } from 'node:fs'
import { SaccadeError } from '../errors.js'
import { systemPort } from '../streams/serial-port.js'
import type { CameraContext, CameraDevice, CameraKind } from './camera-device.js'
import { type CameraLink, keepOpen, LinkFailure } from './camera-link.js'
import { type CameraSettings, refuseSettings } from './camera-settings.js'
import { EdvsLink, type EdvsMode, type EdvsOpening } from './edvs-link.js'
import { streamEvents } from './edvs-stream.js'

const GEOMETRY = { width: 128, height: 128 }
/** Tried in this order when none is given. */
const BAUDS = [12_000_000, 8_000_000, 4_000_000, 2_000_000]
const PORTS_BY_ID = '/dev/serial/by-id'
/** Of the bias registers of a DVS128, in the order of their numbers. */
const BIASES = 'cas injGnd reqPd puX diffOff req refr puY diffOn diff foll pr'.split(' ')
const MOST_BIAS = 2 ** 24 - 1

/** An eDVS; text form `edvs:/dev/ttyUSB0[:BAUD][:eMODE]`, or `edvs:SERIAL…` with the serial number of its adapter. */
export interface EdvsSpec {
  kind: 'edvs'
  /** e.g. /dev/ttyUSB0, better a name below /dev/serial/by-id; or a serial number, which is looked for there. */
  port: string
  /** 12, 8, 4 and 2 Mbaud are tried when left out. */
  baud?: number
  /** Event format: `!E0` to `!E4`. 2 (stamps of 16 bits) when left out. */
  mode?: EdvsMode
}

/** The registry's entry. */
export const edvs: CameraKind<EdvsSpec> = {
  form: 'edvs:PORT[:BAUD][:eMODE]',

  parse(text) {
    const [, port, baud, mode] = /^(.+?)(?::(\d+))?(?::e([0-4]))?$/.exec(text) ?? []
    if (port === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"edvs:${text}" names no serial port`,
        'write edvs:PORT[:BAUD][:eMODE]',
      )
    return {
      kind: 'edvs',
      port,
      baud: baud === undefined ? undefined : Number(baud),
      mode: mode === undefined ? undefined : (Number(mode) as EdvsMode),
    }
  },

  make({ port, baud, mode = 2 }, { settings = {} }) {
    if (baud !== undefined && (!Number.isInteger(baud) || baud < 1200 || baud > 12_000_000))
      throw new SaccadeError('ERR_ARGUMENT', `${baud} is no baud for ${port}: 1200 to 12000000`)
    if (![0, 1, 2, 3, 4].includes(mode))
      throw new SaccadeError('ERR_ARGUMENT', `${mode} is no event format of an eDVS: 0 to 4`)
    refuseSettings('an eDVS', settings, ['biases'])
    const bauds = baud === undefined ? BAUDS : [baud]
    return new Edvs(port, { bauds, mode, biases: biasRegisters(settings) })
  },
}

/** By number or name. */
function biasRegisters({ biases = {} }: CameraSettings): Map<number, number> {
  const registers = new Map<number, number>()
  for (const [name, value] of Object.entries(biases)) {
    const number = /^\d+$/.test(name) ? Number(name) : BIASES.indexOf(name)
    if (number < 0 || number >= BIASES.length)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `an eDVS has no bias "${name}"`,
        `it has ${BIASES.join(', ')}, or 0 to ${BIASES.length - 1}`,
      )
    if (!Number.isInteger(value) || value < 0 || value > MOST_BIAS)
      throw new SaccadeError('ERR_ARGUMENT', `the bias ${name} must be 0 to ${MOST_BIAS}`)
    registers.set(number, value)
  }
  return registers
}

class Edvs implements CameraDevice {
  readonly name: string
  readonly geometry = GEOMETRY

  constructor(
    readonly port: string,
    readonly opening: EdvsOpening,
  ) {
    this.name = `the eDVS on ${port}`
  }

  async run(context: CameraContext): Promise<void> {
    const makePort = await systemPort({ rtscts: true })
    let { bauds } = this.opening
    await keepOpen(this.name, context, async (): Promise<CameraLink> => {
      const opening = { ...this.opening, bauds }
      const link = await EdvsLink.open(
        pathOf(this.port),
        opening,
        makePort,
        context.clock,
        context.signal,
      )
      // The baud that worked is tried first from now on.
      bauds = [link.baud, ...this.opening.bauds.filter((baud) => baud !== link.baud)]
      return {
        greeting: `sends, at ${link.baud} baud`,
        follow: (follower, alive) => streamEvents(this.name, link, follower, alive),
        close: () => link.close(),
      }
    })
  }
}

/** A path as it is; a serial number is part of a name below /dev/serial/by-id. Throws LinkFailure. */
function pathOf(port: string): string {
  if (port.includes('/')) return port
  let names: string[] = []
  try {
    names = readdirSync(PORTS_BY_ID).filter((name) => name.includes(port))
  } catch {}
  if (names.length === 1) return `${PORTS_BY_ID}/${names[0]}`
  throw new LinkFailure(
    `${names.length === 0 ? 'no' : 'more than one'} serial adapter has "${port}" in its name`,
    `look into ${PORTS_BY_ID}`,
  )
}
