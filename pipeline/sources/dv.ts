// A camera behind iniVation's DV software: its network output is AEDAT 4 over TCP, with the head of a file but no line of magic.
import { SaccadeError } from '../errors.js'
import { socketAddress } from './bytes.js'
import type { LookedAtKind } from './camera-device.js'
import { refuseSettings } from './camera-settings.js'
import { lookAtStream } from './live-stream.js'

/** A TCP server of DV; text form `dv:HOST:PORT`. */
export interface DvSpec {
  kind: 'dv'
  host: string
  port: number
}

/** The registry's entry. */
export const dv: LookedAtKind<DvSpec> = {
  form: 'dv:HOST:PORT',

  parse(text) {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
    if (host === undefined)
      throw new SaccadeError('ERR_ARGUMENT', `"dv:${text}" is no address`, 'write dv:HOST:PORT')
    return { kind: 'dv', host, port: Number(port) }
  },

  async look({ host, port }, { settings = {}, signal }) {
    refuseSettings('a camera behind DV', settings, [])
    const spec = `tcp://${host}:${port}`
    socketAddress(spec)
    return lookAtStream(spec, { format: 'aedat4', signal })
  },
}
