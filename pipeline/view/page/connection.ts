// The WebSocket to the process: comes back by itself, and says in which state it is.
import {
  CLOSE_FULL,
  CLOSE_TOKEN,
  decodeFrame,
  type FrameHeader,
  type Hello,
  type Request,
  type Rows,
  type Status,
  TOKEN_PROTOCOL,
  VIEW_PROTOCOL,
} from '../live/protocol.js'

/** What can be said of the connection. */
export type Link =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; retryInMs: number }
  | { state: 'token'; wasGiven: boolean }
  | { state: 'full' }

/** Who listens. */
export interface Listener {
  onLink(link: Link): void
  onHello(hello: Hello): void
  onStatus(status: Status): void
  onRows(rows: Rows): void
  onFrame(header: FrameHeader, picture: Uint8Array): void
}

const FIRST_RETRY_MS = 400
const LAST_RETRY_MS = 5000
const TOKEN_KEY = 'saccade.token'

export class Connection {
  #socket: WebSocket | undefined
  #retryMs = FIRST_RETRY_MS
  #token: string | undefined

  constructor(readonly listener: Listener) {
    this.#token = takeToken()
    // The whole address, pasted into a page that is open, changes nothing but what stands behind the #.
    addEventListener('hashchange', () => {
      const token = takeToken()
      if (token !== undefined && token !== this.#token) this.useToken(token)
    })
  }

  /** Connects, and again for ever. */
  open(): void {
    this.listener.onLink({ state: 'connecting' })
    const url = new URL('./', location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.hash = ''
    const protocols = [VIEW_PROTOCOL]
    if (this.#token !== undefined) protocols.push(TOKEN_PROTOCOL + this.#token)
    const socket = new WebSocket(url, protocols)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS
    }
    socket.onmessage = ({ data }) => this.#take(data as string | ArrayBuffer)
    socket.onclose = ({ code }) => this.#onClose(code)
    this.#socket = socket
  }

  /** With another token, at once. */
  useToken(token: string): void {
    this.#token = token
    sessionStorage.setItem(TOKEN_KEY, token)
    this.open()
  }

  ask(request: Request): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request))
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.#takeText(data)
    else {
      const { header, picture } = decodeFrame(data)
      this.listener.onFrame(header, picture)
    }
  }

  #takeText(data: string): void {
    const message = JSON.parse(data) as Hello | Status | Rows
    if (message.type === 'hello') {
      this.listener.onLink({ state: 'open' })
      this.listener.onHello(message)
    } else if (message.type === 'status') this.listener.onStatus(message)
    else this.listener.onRows(message)
  }

  #onClose(code: number): void {
    if (code === CLOSE_TOKEN) {
      sessionStorage.removeItem(TOKEN_KEY)
      this.listener.onLink({ state: 'token', wasGiven: this.#token !== undefined })
      return
    }
    if (code === CLOSE_FULL) this.listener.onLink({ state: 'full' })
    else this.listener.onLink({ state: 'lost', retryInMs: this.#retryMs })
    setTimeout(() => this.open(), code === CLOSE_FULL ? LAST_RETRY_MS : this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
  }
}

/** The token of the address, taken out of it so that it stands in no bookmark and no history. */
function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    sessionStorage.setItem(TOKEN_KEY, given)
    history.replaceState(null, '', location.pathname)
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? undefined
}
