// Serves events to other programs over TCP or a UNIX socket, as EVT3 behind a RAW header: what `saccade run tcp://…` on a larger
// machine reads, and any reader of RAW. Each client gets what comes from its connection on. A camera does not wait for a client.
import { rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { SaccadeError } from '../errors.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import { CopyQueue } from '../streams/copies.js'
import type { Ledger, StageCounts } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import { socketSink } from './byte-sink.js'
import { socketAddress } from './bytes.js'
import { evt3Writer } from './evt-writer.js'
import type { PacketTap } from './tap.js'

const MOST_CLIENTS = 4
/** Copies for all clients together, and how many of them wait for one: a slow one does not take them all. */
const COPIES = 16
const MOST_WAITING = 8
/** A client that takes nothing for so long, while something waits, is cut off. */
const STUCK_MS = 5000
/** At the end clients may take what waits for them. */
const CLOSE_MS = 500

/** What a server needs to know. */
export interface ServerOptions {
  geometry: Geometry
  ledger: Ledger
  /** Takes sentences for the log: clients that come and go. */
  notice?: (sentence: string) => void
}

/** A server of events. */
export class EventServer implements PacketTap {
  readonly #clients = new Set<Client>()
  readonly #pool = new Pool('serve', COPIES, () => new EventPacket())
  readonly #counts: StageCounts
  readonly #notice: (sentence: string) => void

  private constructor(
    readonly address: string,
    private readonly server: Server,
    private readonly options: ServerOptions,
  ) {
    this.#counts = options.ledger.stage(`serve ${address}`, 'copies')
    this.#notice = options.notice ?? (() => {})
    server.on('connection', (socket) => this.#welcome(socket))
  }

  /**
   * Listens on tcp://HOST:PORT (0.0.0.0 is every address of this machine) or unix:PATH. Rejects with ERR_ARGUMENT, and with
   * ERR_CONNECT when it cannot.
   */
  static async listen(spec: string, options: ServerOptions): Promise<EventServer> {
    const where = socketAddress(spec)
    const server = createServer({ noDelay: true })
    if ('path' in where && (await isLeftBehind(where.path))) await rm(where.path)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = REASONS[cause.code ?? ''] ?? cause.message
        reject(
          new SaccadeError('ERR_CONNECT', `cannot serve on ${spec}: ${why}`, undefined, { cause }),
        )
      })
      server.listen(where, resolve)
    })
    return new EventServer(spec, server, options)
  }

  take(packet: EventPacket): Promise<void> | undefined {
    if (this.#clients.size === 0) return undefined
    if (packet.length === 0 && packet.triggers === undefined) return undefined
    if (!packet.live) {
      for (const { queue } of this.#clients) queue.push(packet.retain())
      return this.#settled()
    }
    const copy = this.#pool.tryAcquire()?.copyOf(packet)
    for (const { queue } of this.#clients)
      if (copy === undefined) queue.lose(packet)
      else queue.push(copy.retain())
    copy?.release()
    return undefined
  }

  async close(): Promise<void> {
    this.server.close()
    const late = setTimeout(() => {
      for (const client of this.#clients) client.cut()
    }, CLOSE_MS)
    await this.#settled()
    await Promise.all([...this.#clients].map((client) => client.end()))
    clearTimeout(late)
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#clients].map(({ queue }) => queue.settled()))
  }

  #welcome(socket: Socket): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      socket.destroy()
      this.#notice(`a client of ${this.address} was refused: ${MOST_CLIENTS} are there`)
      return
    }
    const client = new Client(socket, this.options.geometry, this.#counts)
    this.#clients.add(client)
    this.#notice(`a client reads from ${this.address} (${this.#clients.size} now)`)
    socket.on('close', () => {
      client.gone()
      this.#clients.delete(client)
      this.#notice(`a client of ${this.address} has gone (${this.#clients.size} now)`)
    })
  }
}

/** One that reads. */
class Client {
  readonly queue: CopyQueue
  readonly #writer
  #stuck: NodeJS.Timeout | undefined

  constructor(
    private readonly socket: Socket,
    geometry: Geometry,
    counts: StageCounts,
  ) {
    socket.on('error', () => {})
    // What it says is of no interest, but must be read for its end to be seen.
    socket.resume()
    this.#writer = evt3Writer.open(socketSink('a client', socket), { geometry })
    const cut = () => this.cut()
    this.queue = new CopyQueue((packet) => this.#write(packet), counts, MOST_WAITING, cut)
  }

  async #write(packet: EventPacket): Promise<void> {
    this.#stuck = setTimeout(() => this.cut(), STUCK_MS)
    await (await this.#writer).write(packet)
    clearTimeout(this.#stuck)
  }

  async end(): Promise<void> {
    await (await this.#writer).close().catch(() => {})
  }

  cut(): void {
    this.socket.destroy()
  }

  gone(): void {
    clearTimeout(this.#stuck)
    this.queue.stop()
  }
}

/** A socket that a server left when it was killed; one on which somebody still listens stays. */
async function isLeftBehind(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined)
  if (!there?.isSocket()) return false
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', () => resolve(true))
  })
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'permission denied',
  ENOENT: 'its folder does not exist',
}
