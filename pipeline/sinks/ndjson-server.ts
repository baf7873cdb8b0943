// NDJSON for whoever connects, over TCP or a UNIX socket: the header, then every set from then on, an end.
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { DetectionSet, RunHeader, RunSummary, TrackChanges } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { mergeChanges } from './outlet.js'
import { endRecord, headerRecord, setRecord } from './record.js'
import type { Sink, SinkOpenOptions, SinkState } from './sink.js'

/** Who connects beyond this is turned away. */
const MOST_CLIENTS = 32
/** Live, a client that has so much to read yet is not given more. */
const CLIENT_LIMIT = 64 * 1024
const GIVE_UP_MS = 10_000
const STOP_MS = 500

/** Where the server listens. */
export type ServerAddress = { path: string } | { host: string; port: number }

/** How an address is written, for errors. */
export const SERVER_ADDRESS =
  'tcp://[HOST]:PORT or unix:/PATH; without a host only this machine can connect'

/**
 * Reads an address. Throws ERR_ARGUMENT.
 * @example parseServerAddress('tcp://:7700') // { host: '127.0.0.1', port: 7700 }
 */
export function parseServerAddress(text: string): ServerAddress {
  const [, path] = /^unix:(\/.+)$/.exec(text) ?? []
  if (path !== undefined) return { path }
  const [, host, port] = /^tcp:\/\/(\[[\da-f:.]+\]|[^:/\s[\]]*):(\d{1,5})$/i.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535)
    throw new SaccadeError('ERR_ARGUMENT', `"${text}" is no address: write ${SERVER_ADDRESS}`)
  return { host: host!.replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(port) }
}

/** Surroundings; all have defaults. */
export interface ServerContext {
  clock?: Clock
  notice?: (sentence: string) => void
  /** How long a replay waits for the first client and for one that does not read; 10 s. */
  giveUpMs?: number
}

interface Client {
  socket: Socket
  /** Sets that it did not get since the last one that it did. */
  missed: number
  changes: TrackChanges | undefined
}

/**
 * Serves sets as NDJSON. Live, a client that reads slowly misses sets and is told so with the next; a replay waits for it,
 * and begins when the first has connected.
 * @example
 * const sink = new NdjsonServerSink('unix:/run/saccade.sock')
 */
export class NdjsonServerSink implements Sink {
  readonly name: string
  readonly dropped = {}
  /** Sets that slow clients did not get, all clients together. */
  missed = 0
  state: SinkState = 'connecting'
  readonly #address: ServerAddress
  readonly #clients = new Set<Client>()
  readonly #clock: Clock
  readonly #notice: (sentence: string) => void
  readonly #giveUpMs: number
  #server: Server | undefined
  #header = ''
  #live = false
  #arrived = () => {}

  constructor(address: string, context: ServerContext = {}) {
    this.#address = parseServerAddress(address)
    this.#clock = context.clock ?? systemClock
    this.#notice = context.notice ?? (() => {})
    this.#giveUpMs = context.giveUpMs ?? GIVE_UP_MS
    this.name = `server:${address}`
  }

  /** Where it listens: the port, when 0 was asked for, or the path. */
  get listening(): string | number | undefined {
    const address = this.#server?.address()
    return typeof address === 'object' ? address?.port : address
  }

  async open(header: RunHeader, { live }: SinkOpenOptions): Promise<void> {
    this.#header = `${headerRecord(header)}\n`
    this.#live = live
    if ('path' in this.#address) await removeStale(this.#address.path)
    const server = createServer((socket) => this.#welcome(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new SaccadeError(
            'ERR_CONNECT',
            `cannot listen at ${this.name.slice(7)}: ${error.message}`,
          ),
        ),
      )
      server.listen(this.#address, resolve)
    })
    server.on('error', (error) => this.#notice(`${this.name}: ${error.message}`))
    this.state = 'up'
    if (!live && !(await this.#firstClient())) {
      await this.close(undefined)
      throw new SaccadeError(
        'ERR_CONNECT',
        `nobody connected to ${this.name.slice(7)} within ${this.#giveUpMs / 1000} s`,
        'a replay begins when somebody reads it, e.g. nc',
      )
    }
  }

  async write(set: DetectionSet): Promise<boolean> {
    const clients = [...this.#clients]
    if (this.#live) for (const client of clients) this.#offer(client, set)
    else await Promise.all(clients.map((client) => this.#deliver(client, set)))
    return true
  }

  async close(summary: RunSummary | undefined): Promise<void> {
    this.state = 'closed'
    this.#arrived()
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const gone = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const { socket } of this.#clients)
      socket.end(summary === undefined ? '' : `${endRecord(summary)}\n`)
    const cancel = this.#clock.after(STOP_MS, () => {
      for (const { socket } of this.#clients) socket.destroy()
    })
    await gone
    cancel()
  }

  #welcome(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#clients.size >= MOST_CLIENTS || this.state === 'closed') {
      socket.destroy()
      this.#notice(`${this.name} turned a client away: there are ${MOST_CLIENTS}`)
      return
    }
    const client: Client = { socket, missed: 0, changes: undefined }
    this.#clients.add(client)
    socket.on('close', () => this.#clients.delete(client))
    socket.resume()
    socket.setNoDelay(true)
    socket.write(this.#header)
    this.#arrived()
  }

  /** Resolves true when somebody is there, false after the time to give up. */
  #firstClient(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#giveUpMs, () => resolve(false))
      this.#arrived = () => {
        cancel()
        resolve(this.#clients.size > 0)
      }
      if (this.#clients.size > 0) this.#arrived()
    })
  }

  #offer(client: Client, set: DetectionSet): void {
    const { socket } = client
    if (socket.writableLength > CLIENT_LIMIT) {
      client.missed += 1 + set.dropped.windows
      client.changes = mergeChanges(client.changes, set.tracks)
      this.missed += 1
      return
    }
    const { events, windows } = set.dropped
    const dropped = { events, windows: windows + client.missed }
    const tracks = mergeChanges(client.changes, set.tracks)
    client.missed = 0
    client.changes = undefined
    socket.write(`${setRecord({ ...set, tracks, dropped })}\n`)
  }

  /** Resolves when the client's system has the line, or the client is gone; one that does not read is cut. */
  #deliver({ socket }: Client, set: DetectionSet): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        socket.off('close', done)
        resolve()
      }
      const cancel = this.#clock.after(this.#giveUpMs, () => {
        this.#notice(`${this.name} cut a client that did not read for ${this.#giveUpMs / 1000} s`)
        socket.destroy()
      })
      socket.once('close', done)
      if (socket.destroyed) done()
      else socket.write(`${setRecord(set)}\n`, done)
    })
  }
}

/** A socket that a killed run left behind, and nothing else, is removed. */
async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) return
  if (!there.isSocket())
    throw new SaccadeError('ERR_ARGUMENT', `${path} is a file and no socket; it is left as it is`)
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
  if (alive) throw new SaccadeError('ERR_CONNECT', `another program listens at ${path}`)
  await unlink(path)
}
