// Where the page is served, who may ask for it, and the token that lets one in from elsewhere.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { hostname } from 'node:os'
import { SaccadeError } from '../../errors.js'

/** Where a page is served. */
export interface ViewAddress {
  host: string
  port: number
}

/** The usual port, and how many above it are tried when that one is taken. */
export const VIEW_PORT = 7117
export const MORE_PORTS = 10
const LOOPBACK = '127.0.0.1'
/** What `--view` alone means. */
export const USUAL_VIEW = `${LOOPBACK}:${VIEW_PORT}`

/** What an address may look like, for sentences. */
export const VIEW_ADDRESS = 'a port or HOST:PORT, e.g. 8080, 0.0.0.0:7117 or [::1]:7117'

const ADDRESS = /^(?:(?:\[([\da-f:.]+)\]|([\w.-]+))?:)?(\d{1,5})$/i

/** True for what parseViewAddress takes. */
export function isViewAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[3] ?? Number.NaN)
  return port <= 65_535
}

/**
 * Port, :port or host:port; port 0 is any free one. Without a host it is 127.0.0.1. Throws ERR_ARGUMENT.
 * @example
 * parseViewAddress('0.0.0.0:8080') // { host: '0.0.0.0', port: 8080 }
 */
export function parseViewAddress(text: string): ViewAddress {
  if (!isViewAddress(text))
    throw new SaccadeError('ERR_ARGUMENT', `the page cannot be served at "${text}"`, VIEW_ADDRESS)
  const [, six, name, port] = ADDRESS.exec(text)!
  return { host: six ?? name ?? LOOPBACK, port: Number(port) }
}

/** True when only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The token of a page that others can reach: what is configured, else a new one; none on this machine alone. */
export function tokenFor(host: string, configured: string | undefined): string | undefined {
  if (configured !== undefined) return configured
  return isLoopback(host) ? undefined : randomBytes(18).toString('base64url')
}

/** Compares in a time that does not tell how much was right. */
export function isToken(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => Buffer.from(text))
  return a!.length === b!.length && timingSafeEqual(a!, b!)
}

/**
 * Whether a Host header names this server. A name that somebody else's DNS may point here (rebinding) is refused: only
 * addresses, localhost, this machine's own name and the one that was asked for are ours.
 */
export function isOwnHost(header: string | undefined, host: string): boolean {
  const name = /^(?:\[([\da-f:.]+)\]|([^:/@]+))(?::\d{1,5})?$/i.exec(header ?? '')
  if (name === null) return false
  if (name[1] !== undefined) return true
  const asked = name[2]!.toLowerCase()
  if (/^\d+\.\d+\.\d+\.\d+$/.test(asked)) return true
  const own = hostname().toLowerCase()
  return ['localhost', own, `${own}.local`, host.toLowerCase()].includes(asked)
}

/** Whether a page of this very server opens the WebSocket. Programs that are no browser send no Origin. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true
  return origin === `http://${host}` || origin === `https://${host}`
}
