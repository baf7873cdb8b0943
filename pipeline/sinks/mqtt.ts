// Detections for an MQTT broker. docs/mqtt.md lists topics and payloads.
import type { MqttClient } from 'mqtt'
import type { DetectionSet, RunHeader, RunSummary } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { type Clock, systemClock } from '../streams/clock.js'
import { DISCOVERY_STATUS, discoveryMessages } from './home-assistant.js'
import { type Failure, LASTING } from './mqtt-failure.js'
import { type Connection, MqttLink, publish } from './mqtt-link.js'
import { type Broker, type MqttOptions, resolveBroker } from './mqtt-options.js'
import { headerRecord, setRecord } from './record.js'
import type { Sink, SinkOpenOptions, SinkState } from './sink.js'
import { TrackEvents } from './track-events.js'

const GIVE_UP_MS = 10_000
const HEALTH_EVERY_MS = 10_000
const STOP_MS = 1000
/** Bytes that may wait in this process for the socket: 60 sets or so. */
const SOCKET_LIMIT = 64 * 1024
/** A subscriber must not act on what is older; the broker throws it away. */
const EXPIRY_S = 5
const ECHO_MS = 3000

/** Surroundings; all have defaults. */
export interface MqttContext {
  env?: NodeJS.ProcessEnv
  clock?: Clock
  random?: () => number
  notice?: (sentence: string) => void
  /** More for the `info` topic: version, instruction set. */
  info?: object
  /** More for the `health` topic, from the run. */
  health?: () => object
  /** How long a replay waits for an absent broker; 10 s. */
  giveUpMs?: number
}

/**
 * Publishes each set under `saccade/<device>/detections`, beside `status`, `info`, `health` and, of tracks, `events`.
 * @example
 * const sink = new MqttSink({ url: 'mqtt://broker:1883', device: 'robot7' })
 */
export class MqttSink implements Sink {
  readonly name: string
  readonly dropped: Record<string, number> = {}
  readonly #broker: Broker
  readonly #qos: 0 | 1 | undefined
  readonly #homeAssistant: boolean
  readonly #context: Required<MqttContext>
  #link: MqttLink | undefined
  #header: RunHeader | undefined
  #how: SinkOpenOptions = { wait: false, live: false }
  #written = 0
  #lastSeq: number | null = null
  readonly #events = new TrackEvents()
  #telling: Promise<void> | undefined
  #cancelHealth = () => {}
  #closed = false

  constructor(options: MqttOptions, context: MqttContext = {}) {
    this.#context = {
      env: context.env ?? process.env,
      clock: context.clock ?? systemClock,
      random: context.random ?? Math.random,
      notice: context.notice ?? (() => {}),
      info: context.info ?? {},
      health: context.health ?? (() => ({})),
      giveUpMs: context.giveUpMs ?? GIVE_UP_MS,
    }
    this.#broker = resolveBroker(options, this.#context.env)
    this.#qos = options.qos
    this.#homeAssistant = options.homeAssistant ?? false
    this.name = `mqtt:${this.#broker.address}/${this.#broker.device}`
  }

  get state(): SinkState {
    if (this.#closed) return 'closed'
    if (this.#link?.connection !== undefined) return 'up'
    return this.#link === undefined || this.#link.connects === 0 ? 'connecting' : 'lost'
  }

  async open(header: RunHeader, how: SinkOpenOptions): Promise<void> {
    this.#header = header
    this.#how = how
    const { connect } = await import('mqtt')
    if (this.#closed) return
    if (this.#broker.insecure)
      this.#context.notice(
        `the certificate of the MQTT broker at ${this.#broker.address} is not checked (insecure)`,
      )
    const will = {
      topic: this.#topic('status'),
      payload: Buffer.from('offline'),
      qos: 1,
      retain: true,
    } as const
    this.#link = new MqttLink(this.#broker, connect, this.#context, will, (connection) =>
      this.#announce(connection),
    )
    this.#link.start()
    this.#scheduleHealth()
    if (how.wait) return
    try {
      await this.#connection()
    } catch (error) {
      await this.close(undefined)
      throw error
    }
  }

  async write(set: DetectionSet): Promise<boolean> {
    this.#events.add(set)
    const write = this.#how.live ? this.#writeNewest(set) : this.#writeConfirmed(set)
    const written = await write
    if (this.#events.waiting === 0) return written
    const telling = this.#tellEvents()
    if (!this.#how.live) await telling
    return written
  }

  async close(summary: RunSummary | undefined): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelHealth()
    const connection = this.#link?.connection
    this.#link?.stop()
    if (connection === undefined) return
    const { client } = connection
    if (summary !== undefined) this.#events.addOpen(summary)
    const state = summary === undefined ? 'offline' : 'stopped'
    const cancel = this.#context.clock.after(STOP_MS, () => client.end(true))
    await this.#telling
    await this.#publishEvents(client)
    await publish(client, this.#topic('status'), state, { qos: 1, retain: true })
    await new Promise<void>((resolve) => {
      client.once('close', resolve)
      client.end(false)
      if (!client.connected) resolve()
    })
    cancel()
  }

  /** Newest first: what the broker does not take now is lost and counted. */
  async #writeNewest(set: DetectionSet): Promise<boolean> {
    const link = this.#link!
    const connection = link.connection
    if (connection === undefined) {
      this.#throwIfHopeless(link)
      return this.#lost('offline')
    }
    const { client } = connection
    if (client.stream.writableLength >= SOCKET_LIMIT || link.stalled()) return this.#lost('stalled')
    const failed = await this.#publishSet(client, set, this.#qos ?? 0)
    if (failed !== undefined) return this.#lost(isRefusal(failed) ? 'refused' : 'link lost')
    return this.#sent(set)
  }

  /** Lossless: again and again until the broker has it. */
  async #writeConfirmed(set: DetectionSet): Promise<boolean> {
    while (!this.#closed) {
      const connection = await this.#connection()
      if (connection === undefined) break
      const cancel = this.#context.clock.after(this.#context.giveUpMs, () =>
        connection.client.end(true),
      )
      const failed = await this.#publishSet(connection.client, set, this.#qos ?? 1)
      cancel()
      if (failed === undefined) return this.#sent(set)
      if (isRefusal(failed))
        throw new SaccadeError(
          'ERR_CONNECT',
          `the MQTT broker at ${this.#broker.address} refuses a set: ${this.#refused('detections').why} (${failed.message})`,
          'allow it in the access list of the broker',
        )
    }
    return this.#lost('closed')
  }

  /** Tells what waits, one message at a time. Live nobody waits for it; a replay goes on until the broker has all. */
  #tellEvents(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined
    })
    return this.#telling
  }

  async #tellAll(): Promise<void> {
    while (this.#events.waiting > 0 && !this.#closed) {
      const connection = this.#how.live ? this.#link!.connection : await this.#connection()
      if (connection === undefined) return
      await this.#publishEvents(connection.client)
      if (this.#how.live) return
    }
  }

  /** Until the link is lost. An event that the broker confirms late may come twice. */
  async #publishEvents(client: MqttClient): Promise<void> {
    for (let event = this.#events.first; event !== undefined; event = this.#events.first) {
      const failed = await publish(client, this.#topic('events'), event, { qos: 1 })
      if (failed !== undefined && !isRefusal(failed)) return
      if (failed !== undefined) this.#events.lost += 1
      if (event === this.#events.first) this.#events.shift()
    }
  }

  #publishSet(client: MqttClient, set: DetectionSet, qos: 0 | 1): Promise<Error | undefined> {
    const properties = this.#how.live ? { messageExpiryInterval: EXPIRY_S } : {}
    return publish(client, this.#topic('detections'), setRecord(set), { qos, properties })
  }

  #sent(set: DetectionSet): true {
    this.#written += 1
    this.#lastSeq = set.seq
    return true
  }

  #lost(cause: string): false {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + 1
    return false
  }

  /** The connection as soon as there is one; undefined when the sink was closed meanwhile. Rejects when there is none for 10 s, or none to hope for. */
  async #connection(): Promise<Connection | undefined> {
    const link = this.#link!
    while (link.connection === undefined) {
      if (link.stopped) return undefined
      this.#throwIfHopeless(link)
      const left = link.downSince + this.#context.giveUpMs - this.#context.clock.now()
      await link.changed(Math.max(left, 1))
    }
    return link.connection
  }

  #throwIfHopeless(link: MqttLink): void {
    const kind = link.failure?.kind
    if (kind === 'client-id') throw link.error()
    if (this.#how.wait) return
    const waited = this.#context.clock.now() - link.downSince
    if (LASTING.has(kind) || waited >= this.#context.giveUpMs) throw link.error()
  }

  /** On every connect, since brokers may forget what they retained. */
  async #announce({ client, protocol }: Connection): Promise<Failure | undefined> {
    const topic = this.#topic('status')
    const retained = { qos: 1, retain: true } as const
    const echo = protocol === 4 ? awaitEcho(client, topic, this.#context.clock) : undefined
    await echo?.subscribed
    const refused = await publish(client, topic, 'online', retained)
    if (refused !== undefined && isRefusal(refused)) return this.#refused('status')
    if (echo !== undefined && (await echo.heard) === 'silence') return this.#refused('status')
    await publish(client, this.#topic('info'), this.#info(), retained)
    await publish(client, this.#topic('health'), this.#health(), { qos: 0, retain: true })
    if (this.#homeAssistant) await this.#discover(client)
    return undefined
  }

  /** Now, and whenever Home Assistant says that it has come up. */
  async #discover(client: MqttClient): Promise<void> {
    const tell = async () => {
      for (const { topic, payload } of discoveryMessages(this.#broker, this.#header!))
        await publish(client, topic, payload, { qos: 1, retain: true })
    }
    client.on('message', (topic, payload, packet) => {
      if (topic === DISCOVERY_STATUS && !packet.retain && payload.toString() === 'online')
        void tell()
    })
    client.subscribe(DISCOVERY_STATUS, { qos: 0 })
    await tell()
  }

  #refused(topic: string): Failure {
    const who = this.#broker.user === undefined ? 'anonymous clients' : `"${this.#broker.user}"`
    return { kind: 'access', why: `it does not let ${who} publish to ${this.#topic(topic)}` }
  }

  #scheduleHealth(): void {
    this.#cancelHealth = this.#context.clock.after(HEALTH_EVERY_MS, () => {
      const client = this.#link?.connection?.client
      if (client !== undefined && client.stream.writableLength < SOCKET_LIMIT)
        void publish(client, this.#topic('health'), this.#health(), { qos: 0, retain: true })
      this.#scheduleHealth()
    })
  }

  #info(): string {
    return JSON.stringify({ ...JSON.parse(headerRecord(this.#header!)), ...this.#context.info })
  }

  #health(): string {
    return JSON.stringify({
      hostTime: Date.now() * 1000,
      seq: this.#lastSeq,
      sets: { written: this.#written, dropped: this.dropped },
      events: this.#header?.track && { waiting: this.#events.waiting, lost: this.#events.lost },
      connects: this.#link?.connects,
      ...this.#context.health(),
    })
  }

  #topic(name: string): string {
    return `${this.#broker.prefix}/${name}`
  }
}

/**
 * Under MQTT 3.1.1 a broker confirms what its access list throws away; so the first message is listened for. A
 * retained message of an earlier run does not count. Where subscribing is not allowed nothing can be told.
 */
function awaitEcho(
  client: MqttClient,
  topic: string,
  clock: Clock,
): { subscribed: Promise<void>; heard: Promise<'echo' | 'silence' | 'unknown'> } {
  let resolveHeard: (what: 'echo' | 'silence' | 'unknown') => void
  const heard = new Promise<'echo' | 'silence' | 'unknown'>((resolve) => {
    resolveHeard = resolve
  })
  client.on('message', (name, _payload, packet) => {
    if (name === topic && !packet.retain) resolveHeard('echo')
  })
  client.once('close', () => resolveHeard('unknown'))
  const subscribed = new Promise<void>((resolve) => {
    client.once('close', () => resolve())
    client.subscribe(topic, { qos: 0 }, (error, granted) => {
      const allowed = !error && granted?.every(({ qos }) => qos !== 128)
      if (allowed) clock.after(ECHO_MS, () => resolveHeard('silence'))
      else resolveHeard('unknown')
      resolve()
    })
  })
  const stop = heard.then((what) => {
    if (client.connected) client.unsubscribe(topic)
    return what
  })
  return { subscribed, heard: stop }
}

/** MQTT 5: the broker answered, and the answer is no. */
function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number'
}
