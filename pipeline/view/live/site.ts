// The files of the page, and the only answers that this server gives over HTTP: GET and HEAD of these.
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SaccadeError } from '../../errors.js'
import { isOwnHost } from './address.js'

/** Where Vite puts the page: beside the compiled code. */
const PAGE_FOLDER = fileURLToPath(new URL('../page/', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface PageFile {
  type: string
  body: Buffer
  /** Named by its content: it may be kept for ever. */
  isHashed: boolean
}

/** The page, read once. Throws ERR_NOT_FOUND where it was not built. */
export class Site {
  readonly #files = new Map<string, PageFile>()

  constructor(
    /** The name or address that it is served at. */
    readonly host: string,
    folder = PAGE_FOLDER,
  ) {
    try {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        const type = TYPES[extname(entry.name)]
        if (!entry.isFile() || type === undefined) continue
        const name = `/${path.slice(folder.length).replaceAll('\\', '/')}`
        const isHashed = name.startsWith('/assets/')
        this.#files.set(name, { type, body: readFileSync(path), isHashed })
      }
    } catch (cause) {
      throw notBuilt(folder, cause)
    }
    const start = this.#files.get('/index.html')
    if (start === undefined) throw notBuilt(folder)
    this.#files.set('/', start)
  }

  /** Answers a request. */
  answer({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    const [path] = (url ?? '/').split('?')
    const file = this.#files.get(path!)
    if (!isOwnHost(headers.host, this.host)) refuse(response, 421, 'this server has another name')
    else if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      refuse(response, 405, 'this page is only looked at')
    } else if (file === undefined) refuse(response, 404, 'there is nothing here')
    else {
      response.writeHead(200, {
        ...guards(headers.host!),
        'Content-Type': file.type,
        'Content-Length': file.body.length,
        'Cache-Control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      })
      response.end(method === 'HEAD' ? undefined : file.body)
    }
  }
}

/** Nothing but what this server sends may run, be loaded or frame it. */
function guards(host: string): Record<string, string> {
  // Not every browser counts the WebSocket of the same host as 'self'.
  const sockets = `ws://${host} wss://${host}`
  return {
    'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ${sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  }
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(`${sentence}\n`)
}

function notBuilt(folder: string, cause?: unknown): SaccadeError {
  return new SaccadeError(
    'ERR_NOT_FOUND',
    `the live page is not in ${folder}`,
    'npm run build makes it',
    { cause },
  )
}
