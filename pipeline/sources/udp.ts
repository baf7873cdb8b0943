// Cameras that send their events as datagrams: SpiNNaker's SPIF, AEStream and faery.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import type { CameraContext, CameraDevice, CameraKind } from './camera-device.js'
import { type CameraLink, keepOpen, LinkFailure } from './camera-link.js'
import { refuseSettings } from './camera-settings.js'
import { CameraWatch } from './camera-watch.js'
import { UdpDecoder } from './udp-decoder.js'
import { UDP_LAYOUTS } from './udp-layouts.js'

/** Asked of the kernel, which keeps what comes while the process is busy; it may give less. */
const RECEIVE_BUFFER_BYTES = 4 * 2 ** 20
/** A second sender is listened to when the first was silent for so long. */
const SENDER_GONE_MS = 2000
const KERNEL_DROPS_EVERY_MS = 500

/** A port that events are sent to; text form `udp:[HOST:]PORT[:LAYOUT]`. */
export interface UdpSpec {
  kind: 'udp'
  port: number
  /** The address of this machine to listen on; all when left out. */
  host?: string
  /** spif (also AEStream), t64_x16_y16_on8 or t32_x16_y15_on1 (faery); spif when left out. */
  layout?: string
}

/** The registry's entry. */
export const udp: CameraKind<UdpSpec> = {
  form: 'udp:[HOST:]PORT[:LAYOUT]',

  parse(text) {
    const [, host, port, layout] =
      /^(?:(\[[\da-fA-F:.]+\]|[^\s:[\]]+):)?(\d{1,5})(?::([a-z]\w*))?$/.exec(text) ?? []
    if (port === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"udp:${text}" names no port`,
        'write udp:[HOST:]PORT[:LAYOUT]',
      )
    return { kind: 'udp', port: Number(port), host: host?.replace(/^\[|\]$/g, ''), layout }
  },

  make({ port, host = '0.0.0.0', layout = 'spif' }, { settings = {}, geometry }) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new SaccadeError('ERR_ARGUMENT', `${port} is no port: 1 to 65535`)
    if (!Object.hasOwn(UDP_LAYOUTS, layout))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `there is no layout "${layout}" of events in datagrams`,
        `known are ${Object.keys(UDP_LAYOUTS).join(', ')}`,
      )
    refuseSettings('a camera that sends datagrams', settings, [])
    if (geometry === undefined || !isGeometry(geometry))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        'datagrams of events do not say the size of their sensor',
        '--geometry WIDTHxHEIGHT does',
      )
    return new UdpCamera(host, port, layout, geometry)
  },
}

class UdpCamera implements CameraDevice {
  readonly name: string

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly layout: string,
    readonly geometry: Geometry,
  ) {
    this.name = `the ${layout} camera on UDP port ${port}`
  }

  run(context: CameraContext): Promise<void> {
    return keepOpen(this.name, context, async (): Promise<CameraLink> => {
      const socket = await bind(this.host, this.port)
      return {
        greeting: `is listened for on ${this.host}`,
        follow: (follower, alive) => this.#follow(socket, follower, alive),
        close: async () => void socket.close(),
      }
    })
  }

  async #follow(
    socket: Socket,
    context: CameraContext,
    alive: () => void,
  ): Promise<string | undefined> {
    const { feed, clock, signal } = context
    const decoder = new UdpDecoder(UDP_LAYOUTS[this.layout]!, this.geometry, feed)
    const watch = new CameraWatch(this.name, context)
    const drops = new KernelDrops(this.port, (n) => feed.fault('kernel_dropped_datagrams', n))
    let sender: string | undefined
    let heardAt = 0
    const take = (bytes: Uint8Array, { address, port }: RemoteInfo) => {
      const now = clock.now()
      const from = `${address} ${port}`
      if (sender !== from) {
        // The events of two cameras mixed would make no sense.
        if (sender !== undefined && now - heardAt < SENDER_GONE_MS)
          return feed.fault('other_sender_datagrams')
        sender = from
      }
      heardAt = now
      watch.heard()
      if (feed.push(bytes) > 0) alive()
    }
    feed.start(decoder)
    socket.on('message', take)
    const poll = setInterval(() => void drops.look(), KERNEL_DROPS_EVERY_MS)
    const lost = await new Promise<string | undefined>((resolve) => {
      socket.once('error', (error) => resolve(error.message))
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
      if (signal.aborted) resolve(undefined)
    })
    await drops.look()
    clearInterval(poll)
    watch.stop()
    socket.off('message', take)
    feed.pause()
    return lost
  }
}

function bind(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const refuse = (error: NodeJS.ErrnoException) => {
      socket.close()
      reject(new LinkFailure(REASONS[error.code ?? ''] ?? error.message))
    }
    socket.once('error', refuse)
    socket.bind(port, host, () => {
      socket.off('error', refuse)
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
      } catch {} // It then has the system's own size.
      resolve(socket)
    })
  })
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'permission denied; ports below 1024 are for root',
  ENOTFOUND: 'there is no such host',
}

/** What the kernel threw away because the process did not read in time: the last column of /proc/net/udp, by port. */
class KernelDrops {
  #seen: number | undefined

  constructor(
    private readonly port: number,
    private readonly tell: (datagrams: number) => void,
  ) {}

  async look(): Promise<void> {
    const tables = await Promise.all(
      ['/proc/net/udp', '/proc/net/udp6'].map((path) => readFile(path, 'latin1').catch(() => '')),
    )
    const local = new RegExp(
      `^\\s*\\d+: [\\dA-F]+:${this.port.toString(16).toUpperCase().padStart(4, '0')} .* (\\d+)\\s*$`,
      'gm',
    )
    let dropped = 0
    for (const table of tables)
      for (const [, count] of table.matchAll(local)) dropped += Number(count)
    // A socket that was just opened has dropped nothing; what others on this port had is not ours.
    if (this.#seen !== undefined && dropped > this.#seen) this.tell(dropped - this.#seen)
    this.#seen = dropped
  }
}
