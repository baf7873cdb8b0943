// A page without a browser: speaks the protocol, keeps what it is told.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import {
  decodeFrame,
  type FrameHeader,
  type Hello,
  type Request,
  type Row,
  type Status,
  VIEW_PROTOCOL,
} from '../../pipeline/view/live/protocol.js'
import { until } from './wait.js'

/** Others may keep this machine busy. */
const PATIENCE_MS = 40_000

/** Options of a connection, as a stranger may set them. */
export interface ClientOptions {
  token?: string
  headers?: Record<string, string>
  protocols?: string[]
}

export class ViewClient {
  hello: Hello | undefined
  status: Status | undefined
  readonly rows: Row[] = []
  readonly frames: { header: FrameHeader; picture: Uint8Array }[] = []
  readonly socket: WebSocket
  /** Code with which the connection ended, or the status of a refused one. */
  closed: number | undefined

  constructor(url: string, { token, headers, protocols }: ClientOptions = {}) {
    const offered = protocols ?? [VIEW_PROTOCOL, ...(token === undefined ? [] : [`token.${token}`])]
    this.socket = new WebSocket(url.replace(/^http/, 'ws').replace(/#.*/, ''), offered, { headers })
    this.socket.binaryType = 'arraybuffer'
    this.socket.on('message', (data: ArrayBuffer, isBinary) => {
      if (isBinary) this.frames.push(decodeFrame(data))
      else this.#take(JSON.parse(Buffer.from(data).toString()))
    })
    this.socket.on('unexpected-response', (_, response) => {
      this.closed = response.statusCode
    })
    this.socket.on('close', (code) => {
      this.closed ??= code
    })
    this.socket.on('error', () => {})
  }

  static async open(url: string, options: ClientOptions = {}): Promise<ViewClient> {
    const client = new ViewClient(url, options)
    await once(client.socket, 'open')
    await until(() => client.hello !== undefined, 'a hello', PATIENCE_MS)
    return client
  }

  ask(request: Request): void {
    this.socket.send(JSON.stringify(request))
  }

  /** The frame that answers a request; those before it come first. */
  async frame(request: Request): Promise<{ header: FrameHeader; picture: Uint8Array }> {
    const before = this.frames.length
    this.ask(request)
    const isAnswer = () => this.frames.slice(before).find(({ header }) => !header.before)
    await until(() => isAnswer() !== undefined, 'a frame', PATIENCE_MS)
    return isAnswer()!
  }

  #take(message: Hello | Status | { type: 'rows'; rows: Row[] }): void {
    if (message.type === 'hello') this.hello = message
    else if (message.type === 'status') this.status = message
    else this.rows.push(...message.rows)
  }
}
