// Detections for drones: MAVLink 2 over UDP or a serial line. docs/robots.md lists the messages.
import type { Socket } from 'node:dgram'
import type { DetectionSet, RunHeader } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { type MakePort, systemPort } from '../streams/serial-port.js'
import { MavlinkEncoder, TUNNEL_BYTES } from './mavlink-frame.js'
import { latencyUs, parseSerial } from './serial.js'
import { detectionsInPayload, FrameEncoder } from './serial-frame.js'
import { SerialLine } from './serial-line.js'
import type { Sink, SinkOpenOptions, SinkState } from './sink.js'
import { Target } from './target.js'

const HEARTBEAT_MS = 1000
const GIVE_UP_MS = 10_000
const DEFAULT_BAUD = 57_600
/** MAV_COMP_ID_CAMERA */
const CAMERA = 100

/** The `mavlink` block of a configuration. */
export interface MavlinkOptions {
  /** udp://HOST:PORT, or a serial port PORT[:baud], 57600 baud when left out. */
  link: string
  /** Number of the vehicle that the camera is on, default 1. */
  system?: number
  /** Number of the component, default 100: its first camera. */
  component?: number
}

/** Surroundings; all have defaults. */
export interface MavlinkContext {
  clock?: Clock
  random?: () => number
  notice?: (sentence: string) => void
  giveUpMs?: number
  makePort?: MakePort
}

/** What frames go through. */
interface Link {
  readonly state: SinkState
  /** Whether it was sent. */
  send(frames: Buffer): Promise<boolean>
  open(how: SinkOpenOptions): Promise<void>
  close(): Promise<void>
}

/**
 * Sends HEARTBEAT every second, and for each set CAMERA_TRACKING_IMAGE_STATUS of the one object that is followed, and the list in a TUNNEL.
 * @example
 * const sink = new MavlinkSink({ link: 'udp://192.168.1.10:14550' })
 */
export class MavlinkSink implements Sink {
  readonly name: string
  readonly dropped: Record<string, number> = {}
  readonly #encoder: MavlinkEncoder
  readonly #list = new FrameEncoder()
  readonly #way: Link
  readonly #clock: Clock
  #target = new Target(undefined)
  #header: RunHeader | undefined
  #cancelBeat = () => {}
  #closed = false

  constructor(
    { link, system = 1, component = CAMERA }: MavlinkOptions,
    context: MavlinkContext = {},
  ) {
    for (const [what, value] of Object.entries({ system, component }))
      if (!(Number.isInteger(value) && value >= 1 && value <= 255))
        throw new SaccadeError('ERR_ARGUMENT', `mavlink.${what} must be 1 to 255, not ${value}`)
    this.#encoder = new MavlinkEncoder(system, component)
    this.#clock = context.clock ?? systemClock
    const beat = () => this.#encoder.heartbeat()
    this.#way = link.startsWith('udp:')
      ? new UdpLink(link, context)
      : new PortLink(link, context, beat)
    this.name = `mavlink:${link}`
  }

  get state(): SinkState {
    return this.#closed ? 'closed' : this.#way.state
  }

  async open(header: RunHeader, how: SinkOpenOptions): Promise<void> {
    this.#header = header
    this.#target = new Target(header.track?.keepUs)
    await this.#way.open(how)
    await this.#way.send(this.#encoder.heartbeat())
    this.#scheduleBeat()
  }

  async write(set: DetectionSet): Promise<boolean> {
    const { geometry } = this.#header!
    const status = this.#encoder.trackingStatus(this.#target.in(set), geometry)
    const most = detectionsInPayload(TUNNEL_BYTES)
    const list = this.#list.detectionsPayload(set, latencyUs(set), most)
    const frames = Buffer.concat([status, this.#encoder.tunnel(list)])
    if (await this.#way.send(frames)) return true
    this.dropped['link lost'] = (this.dropped['link lost'] ?? 0) + 1
    return false
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelBeat()
    await this.#way.close()
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#clock.after(HEARTBEAT_MS, () => {
      void this.#way.send(this.#encoder.heartbeat())
      this.#scheduleBeat()
    })
  }
}

/** Datagrams to one address. UDP does not tell whether anybody listens. */
class UdpLink implements Link {
  state: SinkState = 'connecting'
  readonly #host: string
  readonly #port: number
  readonly #notice: (sentence: string) => void
  #socket: Socket | undefined
  #told: string | undefined

  constructor(to: string, { notice = () => {} }: MavlinkContext) {
    const url = URL.canParse(to) ? new URL(to) : undefined
    if (url === undefined || url.hostname === '' || url.port === '')
      throw new SaccadeError('ERR_ARGUMENT', `"${to}" is no address: write udp://HOST:PORT`)
    this.#host = url.hostname.replace(/^\[|\]$/g, '')
    this.#port = Number(url.port)
    this.#notice = notice
  }

  async open(): Promise<void> {
    const { createSocket } = await import('node:dgram')
    this.#socket = createSocket(this.#host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('error', (error) => this.#tell(error))
    this.#socket.unref()
    this.state = 'up'
  }

  send(frames: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#socket === undefined) return resolve(false)
      this.#socket.send(frames, this.#port, this.#host, (error) => {
        if (error) this.#tell(error)
        this.state = error ? 'lost' : 'up'
        resolve(!error)
      })
    })
  }

  async close(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
  }

  /** Once for each cause. */
  #tell({ message }: Error): void {
    if (message === this.#told) return
    this.#told = message
    this.#notice(`MAVLink to ${this.#host}:${this.#port}: ${message}`)
  }
}

/** A serial port, kept open as that of the serial output. */
class PortLink implements Link {
  readonly #path: string
  readonly #baud: number
  #line: SerialLine | undefined
  #how: SinkOpenOptions = { wait: false, live: false }

  constructor(
    to: string,
    readonly context: MavlinkContext,
    readonly greeting: () => Buffer,
  ) {
    const { port, baud = DEFAULT_BAUD } = parseSerial(to)
    this.#path = port
    this.#baud = baud
  }

  get state(): SinkState {
    if (this.#line?.isOpen) return 'up'
    return this.#line === undefined || this.#line.opens === 0 ? 'connecting' : 'lost'
  }

  async open(how: SinkOpenOptions): Promise<void> {
    this.#how = how
    const { clock = systemClock, random = Math.random, notice = () => {} } = this.context
    const makePort = this.context.makePort ?? (await systemPort())
    const make = () => makePort(this.#path, this.#baud)
    const around = { clock, random, notice }
    this.#line = new SerialLine(this.#path, this.#baud, make, around, this.greeting)
    this.#line.start()
    if (!how.wait) await this.#whenOpen(this.#line)
  }

  async send(frames: Buffer): Promise<boolean> {
    const line = this.#line!
    do {
      if (!this.#how.live && !line.isOpen) await this.#whenOpen(line)
      if (await line.send(() => frames)) return true
    } while (!this.#how.live && !line.stopped)
    return false
  }

  async close(): Promise<void> {
    await this.#line?.stop()
  }

  async #whenOpen(line: SerialLine): Promise<void> {
    const { clock = systemClock, giveUpMs = GIVE_UP_MS } = this.context
    while (!line.isOpen && !line.stopped) {
      const left = line.downSince + giveUpMs - clock.now()
      if (!this.#how.wait && (left <= 0 || line.failure?.final)) {
        const error = line.error()
        await line.stop()
        throw error
      }
      await line.changed(Math.max(left, 1))
    }
  }
}
