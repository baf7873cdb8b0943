// The connection to a broker: opened for ever with back-off, MQTT 5 first and 3.1.1 where that is refused. The library
// neither falls back nor backs off, and keeps unbounded queues across reconnections; so every attempt is a new client.
import type { IClientOptions, IClientPublishOptions, MqttClient } from 'mqtt'
import { SaccadeError } from '../errors.js'
import { Backoff, type Clock } from '../streams/clock.js'
import { type Failure, failureOf, LASTING } from './mqtt-failure.js'
import type { Broker } from './mqtt-options.js'

const BACKOFF_MIN_MS = 500
const BACKOFF_MAX_MS = 30_000
/** A connection that held this long proves the broker well: the back-off starts anew. */
const STABLE_MS = 60_000
const CONNECT_TIMEOUT_MS = 5000
/** Three connections that end this soon after they were made: somebody else has our client id. */
const TAKEN_MS = 1000
const TAKEN_TIMES = 3
/** A broker that stands still takes bytes into kernel buffers of megabytes. A ping now and then tells: no set is sent while one is unanswered for longer than this. */
const PING_EVERY_MS = 200
const PING_LATE_MS = 500

/** Surroundings of a link. */
export interface LinkContext {
  clock: Clock
  random: () => number
  /** Takes sentences for the log: lost, back, refused. */
  notice: (sentence: string) => void
}

/** One connection that is up. */
export interface Connection {
  readonly client: MqttClient
  readonly protocol: 4 | 5
}

/** Keeps a connection to one broker. */
export class MqttLink {
  /** Why there is no connection just now. */
  failure: Failure | undefined
  /** Connections made so far. */
  connects = 0
  /** Clock time since which there is no connection. */
  downSince: number
  #protocol: 4 | 5 = 5
  #proven = false
  #silent = 0
  #early = 0
  #connection: Connection | undefined
  #attempt: MqttClient | undefined
  #upAt = 0
  #pingSentAt = 0
  #pingOpen = false
  #stopped = false
  #cancelRetry = () => {}
  readonly #waiters = new Set<() => void>()
  readonly #backoff: Backoff

  constructor(
    readonly broker: Broker,
    readonly connect: (options: IClientOptions) => MqttClient,
    readonly context: LinkContext,
    readonly will: NonNullable<IClientOptions['will']>,
    /** Announces on a fresh connection, before it counts as up; a failure closes it. */
    readonly announce: (connection: Connection) => Promise<Failure | undefined>,
  ) {
    this.#backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random)
    this.downSince = context.clock.now()
  }

  /** The connection, when it is up and announced. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  get stopped(): boolean {
    return this.#stopped
  }

  start(): void {
    this.#open()
  }

  /** Ends attempts and waits; the connection itself is the caller's to end well. */
  stop(): void {
    this.#stopped = true
    this.#cancelRetry()
    if (this.#connection === undefined) this.#attempt?.end(true)
    this.#wake()
  }

  /** Resolves on the next change: up, down, refused, stopped; or after `ms`. */
  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#waiters.delete(done)
        resolve()
      }
      const cancel = this.context.clock.after(ms, done)
      this.#waiters.add(done)
    })
  }

  /** "broker at host:port ..." as an error; a refused client id is a wrong configuration. */
  error(): SaccadeError {
    const why = this.failure?.why ?? 'no answer'
    const code = this.failure?.kind === 'client-id' ? 'ERR_CONFIG' : 'ERR_CONNECT'
    return new SaccadeError(
      code,
      `no connection to the MQTT broker at ${this.broker.address}: ${why}`,
      hintFor(this.failure?.kind),
    )
  }

  /** Whether a ping is unanswered for too long; sends one when it is time. */
  stalled(): boolean {
    const now = this.context.clock.now()
    if (this.#pingOpen) return now - this.#pingSentAt > PING_LATE_MS
    if (now - this.#pingSentAt >= PING_EVERY_MS) {
      this.#pingOpen = true
      this.#pingSentAt = now
      this.#connection?.client.sendPing()
    }
    return false
  }

  #open(): void {
    if (this.#stopped) return
    const protocol = this.#protocol
    const client = this.connect({
      ...this.broker.client,
      protocolVersion: protocol,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      clean: true,
      queueQoSZero: false,
      resubscribe: false,
      will: this.will,
      ...(protocol === 5 ? { properties: { sessionExpiryInterval: 0 } } : {}),
    })
    this.#attempt = client
    let error: unknown
    let refused: Failure | undefined
    let accepted = false
    client.on('error', (first) => {
      error ??= first
    })
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'pingresp') this.#pingOpen = false
    })
    client.once('connect', () => {
      accepted = true
      this.#accepted({ client, protocol }).then(
        (failure) => {
          refused = failure
          if (failure !== undefined) client.end(true)
        },
        (failed: unknown) => {
          error ??= failed
          client.end(true)
        },
      )
    })
    client.once('close', () => {
      client.end(true)
      this.#closed(refused ?? failureOf(error, accepted, this.broker.user), accepted, protocol)
    })
  }

  async #accepted(connection: Connection): Promise<Failure | undefined> {
    this.#upAt = this.context.clock.now()
    this.#proven = true
    this.#silent = 0
    this.#pingOpen = false
    this.connects += 1
    const refused = await this.announce(connection)
    if (refused !== undefined || !connection.client.connected) return refused
    this.#connection = connection
    this.failure = undefined
    this.context.notice(
      `connected to the MQTT broker at ${this.broker.address} (MQTT ${connection.protocol === 5 ? '5' : '3.1.1'})`,
    )
    this.#wake()
    return undefined
  }

  #closed(failure: Failure, accepted: boolean, protocol: 4 | 5): void {
    const now = this.context.clock.now()
    const wasUp = this.#connection !== undefined
    this.#connection = undefined
    if (wasUp) this.downSince = now
    if (!this.#stopped) {
      this.#report(failure)
      if (accepted && now - this.#upAt >= STABLE_MS) this.#backoff.reset()
      this.#noticeTakenId(accepted, now)
      const delay = this.#nextDelay(failure, protocol)
      if (delay !== undefined)
        this.#cancelRetry = this.context.clock.after(delay, () => this.#open())
    }
    this.#wake()
  }

  /** When to try again, after choosing the protocol to try; undefined never. */
  #nextDelay(failure: Failure, protocol: 4 | 5): number | undefined {
    if (failure.kind === 'client-id') return undefined
    if (LASTING.has(failure.kind)) return this.#backoff.slow()
    if (failure.kind === 'protocol' && protocol === 5) {
      this.#protocol = 4
      this.#proven = true
      return 0
    }
    if (failure.kind === 'silent' && !this.#proven) {
      // Two silent closes in a row with MQTT 5: once 3.1.1, then 5 again.
      this.#silent = protocol === 5 ? this.#silent + 1 : 0
      this.#protocol = this.#silent >= 2 ? 4 : 5
      if (this.#protocol === 4) return 0
    } else if (!this.#proven) {
      this.#protocol = 5
    }
    return this.#backoff.next()
  }

  #report(failure: Failure): void {
    const news = failure.why !== this.failure?.why
    this.failure = failure
    if (!news || failure.kind === 'protocol') return
    const what = failure.kind === 'lost' ? 'lost the' : 'no'
    this.context.notice(
      `${what} connection to the MQTT broker at ${this.broker.address}: ${failure.why}; trying again`,
    )
  }

  #noticeTakenId(accepted: boolean, now: number): void {
    this.#early = accepted && now - this.#upAt < TAKEN_MS ? this.#early + 1 : 0
    if (this.#early === TAKEN_TIMES)
      this.context.notice(
        `the MQTT broker ends each connection at once: another client probably uses the id "${this.broker.client.clientId}"`,
      )
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done()
  }
}

/** Publishes and waits for the broker's confirmation (QoS 1) or for the socket to take it (QoS 0). Resolves with what went wrong. */
export function publish(
  client: MqttClient,
  topic: string,
  payload: string,
  options: IClientPublishOptions,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    // The library throws on, or keeps for ever, what is published on a closed client.
    if (!client.connected) return resolve(new Error('connection closed'))
    const onClose = () => resolve(new Error('connection closed'))
    client.once('close', onClose)
    client.publish(topic, payload, options, (error) => {
      client.off('close', onClose)
      resolve(error ?? undefined)
    })
  })
}

function hintFor(kind: Failure['kind'] | undefined): string {
  switch (kind) {
    case 'credentials':
      return 'name the user in the URL and the password in the file that SACCADE_MQTT_PASSWORD_FILE names'
    case 'certificate':
      return 'the keys `ca`, `servername` and, for trying, `insecure` of the configuration are about that'
    case 'access':
      return 'allow it in the access list of the broker'
    case 'client-id':
      return 'set `clientId` in the configuration'
    default:
      return 'check the address, and that the broker runs and listens there'
  }
}
