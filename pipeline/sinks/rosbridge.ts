// Detections for ROS 2 through rosbridge (protocol 2, JSON over a web socket): nothing of ROS is needed here.
import type { WebSocket } from 'ws'
import type { DetectionSet, RunHeader } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { Backoff, type Clock, systemClock } from '../streams/clock.js'
import { setRecord } from './record.js'
import type { Sink, SinkOpenOptions, SinkState } from './sink.js'

const TOPIC = '/saccade/detections'
const ARRAY = 'vision_msgs/msg/Detection2DArray'
const TEXT = 'std_msgs/msg/String'
const ADVERTISED = 'saccade:advertise'
const GIVE_UP_MS = 10_000
const BACKOFF_MIN_MS = 500
const BACKOFF_MAX_MS = 30_000
/** Bytes that may wait in this process for the socket. */
const SOCKET_LIMIT = 64 * 1024
const STOP_MS = 1000
/** A bridge says so quickly when it lacks a type; what it does not refuse by then it has. */
const REFUSAL_MS = 300
/** A bridge never has so much to say. */
const MOST_PAYLOAD = 2 ** 16

/** The `rosbridge` block of a configuration. */
export interface RosbridgeOptions {
  /** ws://HOST[:PORT] or wss://; port 9090 when left out. */
  url: string
  /** Default /saccade/detections. */
  topic?: string
  /** `frame_id` of the headers, default camera. */
  frame?: string
}

/** Surroundings; all have defaults. */
export interface RosbridgeContext {
  clock?: Clock
  random?: () => number
  notice?: (sentence: string) => void
  giveUpMs?: number
}

/**
 * Publishes each set as a vision_msgs/msg/Detection2DArray, or, where the bridge lacks that package, as the JSON record of
 * a set in a std_msgs/msg/String on TOPIC/json.
 * @example
 * const sink = new RosbridgeSink({ url: 'ws://robot.local:9090' })
 */
export class RosbridgeSink implements Sink {
  readonly name: string
  readonly dropped: Record<string, number> = {}
  readonly #url: string
  readonly #topic: string
  readonly #frame: string
  readonly #clock: Clock
  readonly #notice: (sentence: string) => void
  readonly #giveUpMs: number
  readonly #backoff: Backoff
  readonly #waiters = new Set<() => void>()
  #how: SinkOpenOptions = { wait: false, live: false }
  #socket: WebSocket | undefined
  #attempt: WebSocket | undefined
  #asText = false
  #connects = 0
  #closed = false
  #downSince: number
  #why = 'no answer'
  #told = ''
  #cancelRetry = () => {}

  constructor(options: RosbridgeOptions, context: RosbridgeContext = {}) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined
    if (url === undefined || !/^wss?:$/.test(url.protocol))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `"${options.url}" is no address: write ws://HOST[:PORT]`,
      )
    if (!/:\d+(?=\/|$)/.test(options.url.replace(/^wss?:\/\//, ''))) url.port = '9090'
    this.#url = url.href
    this.#topic = options.topic ?? TOPIC
    this.#frame = options.frame ?? 'camera'
    this.#clock = context.clock ?? systemClock
    this.#notice = context.notice ?? (() => {})
    this.#giveUpMs = context.giveUpMs ?? GIVE_UP_MS
    this.#backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random ?? Math.random)
    this.#downSince = this.#clock.now()
    this.name = `rosbridge:${url.host}${this.#topic}`
  }

  get state(): SinkState {
    if (this.#closed) return 'closed'
    if (this.#socket !== undefined) return 'up'
    return this.#connects === 0 ? 'connecting' : 'lost'
  }

  async open(_header: RunHeader, how: SinkOpenOptions): Promise<void> {
    this.#how = how
    this.#downSince = this.#clock.now()
    await this.#connect()
    if (how.wait) return
    try {
      await this.#whenUp()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async write(set: DetectionSet): Promise<boolean> {
    for (;;) {
      if (!this.#how.live) await this.#whenUp()
      const socket = this.#socket
      if (socket === undefined) return this.#lost(this.#closed ? 'closed' : 'offline')
      if (this.#how.live && socket.bufferedAmount > SOCKET_LIMIT) return this.#lost('stalled')
      if (await send(socket, this.#message(set))) return true
      if (this.#how.live) return this.#lost('link lost')
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRetry()
    const socket = this.#socket ?? this.#attempt
    const up = this.#socket !== undefined
    this.#socket = undefined
    this.#wake()
    if (socket === undefined) return
    if (!up) return socket.terminate()
    await send(socket, { op: 'unadvertise', id: ADVERTISED, topic: this.#publishedTopic })
    const cancel = this.#clock.after(STOP_MS, () => socket.terminate())
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.close()
    })
    cancel()
  }

  get #publishedTopic(): string {
    return this.#asText ? `${this.#topic}/json` : this.#topic
  }

  #message(set: DetectionSet): object {
    const msg = this.#asText ? { data: setRecord(set) } : toDetection2DArray(set, this.#frame)
    return { op: 'publish', topic: this.#publishedTopic, msg }
  }

  async #connect(): Promise<void> {
    const { WebSocket } = await import('ws')
    if (this.#closed) return
    const socket = new WebSocket(this.#url, { maxPayload: MOST_PAYLOAD, handshakeTimeout: 5000 })
    this.#attempt = socket
    let why = 'the connection was closed'
    socket.on('error', (error: NodeJS.ErrnoException) => {
      why = error.code === 'ECONNREFUSED' ? 'nobody listens there' : error.message
    })
    socket.on('close', () => this.#gone(socket, why))
    socket.on('open', () => void this.#advertise(socket))
    socket.on('message', (data) => this.#hear(socket, data.toString()))
  }

  async #advertise(socket: WebSocket): Promise<void> {
    const topic = this.#publishedTopic
    const type = this.#asText ? TEXT : ARRAY
    await send(socket, { op: 'advertise', id: ADVERTISED, topic, type })
    await new Promise<void>((resolve) => {
      this.#clock.after(REFUSAL_MS, resolve)
    })
    // Refused meanwhile: another call goes on with text.
    if (this.#closed || socket !== this.#attempt || topic !== this.#publishedTopic) return
    if (socket.readyState !== socket.OPEN) return
    this.#socket = socket
    this.#connects += 1
    this.#backoff.reset()
    this.#notice(`publishing ${type} on ${topic} at ${this.#url}`)
    this.#wake()
  }

  /** A bridge talks only to complain; one that lacks vision_msgs refuses the advertisement or the first message. */
  #hear(socket: WebSocket, text: string): void {
    let said: { op?: unknown; level?: unknown; id?: unknown; msg?: unknown }
    try {
      said = JSON.parse(text) ?? {}
    } catch {
      return
    }
    if (said.op !== 'status' || said.level !== 'error') return
    const why = String(said.msg).slice(0, 200)
    if (!this.#asText && (said.id === ADVERTISED || /vision_msgs|Detection2DArray/.test(why))) {
      this.#asText = true
      this.#notice(
        `the bridge at ${this.#url} cannot take ${ARRAY} (${why}): JSON on ${this.#publishedTopic}`,
      )
      void this.#advertise(socket)
    } else if (why !== this.#told) {
      this.#told = why
      this.#notice(`the bridge at ${this.#url} complains: ${why}`)
    }
  }

  #gone(socket: WebSocket, why: string): void {
    if (socket !== this.#attempt) return
    const wasUp = this.#socket === socket
    this.#attempt = undefined
    this.#socket = undefined
    // Another bridge may answer next time: it is asked anew.
    this.#asText = false
    if (this.#closed) return
    if (wasUp) this.#downSince = this.#clock.now()
    if (wasUp || why !== this.#why)
      this.#notice(`no connection to the bridge at ${this.#url}: ${why}; trying again`)
    this.#why = why
    this.#cancelRetry = this.#clock.after(this.#backoff.next(), () => void this.#connect())
    this.#wake()
  }

  /** Resolves when the bridge is there or the sink is closed; rejects after the time to give up. */
  async #whenUp(): Promise<void> {
    while (this.#socket === undefined && !this.#closed) {
      const left = this.#downSince + this.#giveUpMs - this.#clock.now()
      if (left <= 0 && !this.#how.wait)
        throw new SaccadeError(
          'ERR_CONNECT',
          `no connection to the ROS bridge at ${this.#url}: ${this.#why}`,
          'start it with `ros2 launch rosbridge_server rosbridge_websocket_launch.xml`',
        )
      await new Promise<void>((resolve) => {
        const done = () => {
          cancel()
          this.#waiters.delete(done)
          resolve()
        }
        const cancel = this.#clock.after(Math.max(left, 1), done)
        this.#waiters.add(done)
      })
    }
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done()
  }

  #lost(cause: string): false {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + 1
    return false
  }
}

/** A set as ROS 2 wants it: boxes by their middle, stamps of the last event, in Unix time live and in the sensor's in a replay. */
export function toDetection2DArray(set: DetectionSet, frame: string): object {
  const us =
    set.hostTime === undefined ? set.tEnd : Math.round(set.hostTime - (set.ageMs ?? 0) * 1000)
  const stamp = { sec: Math.floor(us / 1e6), nanosec: (us % 1_000_000) * 1000 }
  const header = { stamp, frame_id: frame }
  return {
    header,
    detections: set.detections.map(({ label, score, box, track }) => ({
      header,
      results: [{ hypothesis: { class_id: label, score } }],
      bbox: {
        center: { position: { x: box.x + box.w / 2, y: box.y + box.h / 2 }, theta: 0 },
        size_x: box.w,
        size_y: box.h,
      },
      id: track === undefined ? '' : String(track),
    })),
  }
}

/** Resolves true when the message has left this process. */
function send(socket: WebSocket, message: object): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve(false)
    const lost = () => resolve(false)
    socket.once('close', lost)
    socket.send(JSON.stringify(message), (error) => {
      socket.off('close', lost)
      resolve(!error)
    })
  })
}
