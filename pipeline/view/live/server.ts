// The one port of the live page: its files over HTTP, everything else over WebSockets of the same origin.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { SaccadeError } from '../../errors.js'
import {
  isOwnHost,
  isOwnOrigin,
  isToken,
  MORE_PORTS,
  VIEW_PORT,
  type ViewAddress,
} from './address.js'
import { CLOSE_FULL, CLOSE_TOKEN, TOKEN_PROTOCOL, VIEW_PROTOCOL } from './protocol.js'
import { Site } from './site.js'

/** Pages that may be open at once. */
export const MOST_PAGES = 64
/** Connections of all kinds; a browser opens up to six. */
const MOST_CONNECTIONS = 256
/** The longest request of a page has 70 characters. */
const MOST_REQUEST_BYTES = 512

/** What a server does with the pages that it lets in. */
export interface Audience {
  readonly size: number
  add(socket: WebSocket): void
}

/** Listens until it is closed. */
export class ViewServer {
  readonly #http: Server
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_REQUEST_BYTES,
    // Frames are small and many: packing them would cost more time than it saves.
    perMessageDeflate: false,
    handleProtocols: () => VIEW_PROTOCOL,
  })

  private constructor(
    readonly address: ViewAddress,
    readonly token: string | undefined,
    readonly audience: Audience,
  ) {
    const site = new Site(address.host)
    this.#http = createServer({ maxHeaderSize: 8192 }, (request, response) =>
      site.answer(request, response),
    )
    this.#http.maxConnections = MOST_CONNECTIONS
    this.#http.headersTimeout = 10_000
    this.#http.requestTimeout = 10_000
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /**
   * Serves the page. Rejects with ERR_CONNECT when the address is taken or not this machine's; the usual port makes way for
   * another server by up to ten.
   */
  static async listen(
    address: ViewAddress,
    token: string | undefined,
    audience: Audience,
  ): Promise<ViewServer> {
    const server = new ViewServer(address, token, audience)
    const last = address.port + (address.port === VIEW_PORT ? MORE_PORTS : 0)
    for (let port = address.port; ; port++) {
      try {
        await server.#listen(port)
        return server
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException
        if (code === 'EADDRINUSE' && port < last) continue
        throw cannotListen(address, code, cause)
      }
    }
  }

  /** What to open in a browser; with the token behind the #, which browsers send to nobody. */
  get url(): string {
    const { port } = this.#http.address() as AddressInfo
    const { host } = this.address
    const name = host.includes(':') ? `[${host}]` : host
    return `http://${name}:${port}/${this.token === undefined ? '' : `#token=${this.token}`}`
  }

  /** Frees the port; connections that are left open are cut. */
  async close(): Promise<void> {
    this.#sockets.close()
    this.#http.close()
    this.#http.closeAllConnections()
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject)
      this.#http.listen({ host: this.address.host, port }, () => {
        this.#http.off('error', reject)
        // A fault of one connection is no fault of the run.
        this.#http.on('error', () => {})
        resolve()
      })
    })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const { host, origin } = request.headers
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/)
    const isOwn = isOwnHost(host, this.address.host) && isOwnOrigin(origin, host)
    if (!isOwn) refuse(socket, '403 Forbidden')
    else if (!offered.includes(VIEW_PROTOCOL)) refuse(socket, '400 Bad Request')
    else {
      const given = offered.find((name) => name.startsWith(TOKEN_PROTOCOL))
      this.#sockets.handleUpgrade(request, socket, head, (page) => this.#welcome(page, given))
    }
  }

  /** A browser reads a close code, but not the status of a refused upgrade: so all are let in to be told. */
  #welcome(page: WebSocket, given: string | undefined): void {
    page.on('error', () => page.terminate())
    if (!this.#lets(given)) page.close(CLOSE_TOKEN, 'the token is missing or wrong')
    else if (this.audience.size >= MOST_PAGES) page.close(CLOSE_FULL, 'enough pages are open')
    else this.audience.add(page)
  }

  #lets(given: string | undefined): boolean {
    if (this.token === undefined) return true
    return given !== undefined && isToken(given.slice(TOKEN_PROTOCOL.length), this.token)
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function cannotListen(
  { host, port }: ViewAddress,
  code: string | undefined,
  cause: unknown,
): SaccadeError {
  const where = `${host}:${port}`
  const why =
    code === 'EADDRINUSE'
      ? 'another program has that port'
      : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
        ? 'this machine has no such address'
        : code === 'EACCES'
          ? 'ports below 1024 are not for everyone'
          : String(code)
  return new SaccadeError(
    'ERR_CONNECT',
    `the page cannot be served at ${where}: ${why}`,
    '--view HOST:PORT takes another one; port 0 any that is free',
    { cause },
  )
}
