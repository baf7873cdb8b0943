// From a camera's bytes to live packets. A camera never waits: without a free packet its events are decoded, counted as
// dropped and forgotten. A packet is handed on when it is full or 5 ms old, and in a silence a packet without events says
// every 20 ms how far the camera's time has come, so that windows close.
import type { Subscriber } from 'rxjs'
import { EventPacket, type Geometry } from '../events/packet.js'
import type { Clock } from '../streams/clock.js'
import { drop, type Ledger, type StageCounts } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import { emit } from '../streams/stream.js'

/** 16 packets of 8192 events are 1.2 MB, and 0.2 s of the fastest eDVS while nobody takes any. */
const PACKETS = 16
const CAPACITY = 8192
/** Period of `tick()`, and the age at which a packet is handed on. */
export const TICK_MS = 5
const SILENT_PACKET_US = 20_000
/** Ticks further apart mean that the process was busy, and may not have read all that had come. */
const BUSY_US = 4 * TICK_MS * 1000
/** What a USB adapter keeps back at most: the latency timer of an FTDI chip is 16 ms. */
const CABLE_US = 20_000

/** What turns a camera's bytes into events, and edges into `packet.triggers`; see EdvsDecoder. */
export interface LiveDecoder {
  decode(
    bytes: Uint8Array,
    from: number,
    nowUs: number,
    sentAfterUs: number,
    packet: EventPacket,
  ): number
  /** Host clock less camera time, µs. */
  readonly offset: number
}

/** Packs, hands on and counts. Times are µs since the feed was made. */
export class CameraFeed {
  /** Faults since the start, by kind. */
  readonly faults: Record<string, number> = {}
  readonly counts: StageCounts
  /** Of external triggers; undefined until there is one. */
  triggers: StageCounts | undefined
  readonly #pool: Pool<EventPacket>
  /** Where events go that are dropped; as small as one pass of the decoder may be. */
  readonly #waste = new EventPacket(1024)
  readonly #stop = new AbortController()
  readonly #startMs: number
  #decoder: LiveDecoder | undefined
  #packet: EventPacket | undefined
  /** The packet that a drained pool gave back first. */
  #spare: EventPacket | undefined
  #starved = false
  #packetSince = 0
  #handedOnAt = 0
  #time = 0
  #ticks: [before: number, last: number] = [0, 0]
  #sentAfter = 0
  #dropped = 0
  #newFaults: Record<string, number> | undefined

  constructor(
    readonly geometry: Geometry,
    private readonly ledger: Ledger,
    readonly subscriber: Subscriber<EventPacket>,
    readonly clock: Clock,
    capacity = CAPACITY,
  ) {
    this.counts = ledger.stage('source', 'events')
    this.#pool = new Pool('camera', PACKETS, () => new EventPacket(capacity))
    this.#startMs = clock.now()
  }

  /** Now, µs of the host's monotonic clock. */
  get now(): number {
    return Math.round((this.clock.now() - this.#startMs) * 1000)
  }

  /** No event or tick may come with an earlier stamp: a camera that is opened again goes on from here. */
  get time(): number {
    return this.#time
  }

  /** Begins with a camera that was told to send just now. */
  start(decoder: LiveDecoder): void {
    this.#decoder = decoder
    this.#sentAfter = this.now
    this.#ticks = [this.#sentAfter, this.#sentAfter]
    this.#handedOnAt = this.#sentAfter
  }

  /** The camera went away: what it sent is handed on, and time stands until the next `start`. */
  pause(): void {
    this.#flush()
    this.#decoder = undefined
  }

  /** Counts a fault, to be told with the next packet. */
  fault(kind: string, n = 1): void {
    if (n === 0) return
    this.faults[kind] = (this.faults[kind] ?? 0) + n
    this.#newFaults ??= {}
    this.#newFaults[kind] = (this.#newFaults[kind] ?? 0) + n
  }

  /** Bytes as they were read. Returns the events in them. */
  push(bytes: Uint8Array): number {
    const decoder = this.#decoder
    if (decoder === undefined) return 0
    const now = this.now
    const before = this.counts.in
    for (let from = 0, again = true; again; ) {
      const packet = this.#room()
      const { length } = packet
      const edges = packet.triggers?.length ?? 0
      from += decoder.decode(bytes, from, now, this.#sentAfter, packet)
      again = from < bytes.length || packet.length === packet.capacity
      this.counts.in += packet.length - length
      this.#countEdges(packet, edges)
      if (length === 0) this.#packetSince = now
      if (packet === this.#waste) this.#discard(packet)
      else this.counts.held = packet.length
      if (again) this.#flush()
    }
    if (now - this.#packetSince >= TICK_MS * 1000) this.#flush()
    return this.counts.in - before
  }

  /** To be called every 5 ms while a camera is open. */
  tick(): void {
    const decoder = this.#decoder
    if (decoder === undefined) return
    const now = this.now
    const [before, last] = this.#ticks
    // Between two ticks in good time everything was read that had come before the first.
    if (now - last < BUSY_US && last - before < BUSY_US) this.#sentAfter = before
    this.#ticks = [last, now]
    if (isWorth(this.#packet)) this.#flush()
    else if (now - this.#handedOnAt >= SILENT_PACKET_US) this.#tellTime(decoder)
  }

  /** The end. */
  stop(): void {
    this.pause()
    this.#stop.abort()
    for (const packet of [this.#packet, this.#spare]) packet?.release()
    this.#packet = this.#spare = undefined
  }

  /** The packet that is being filled, or the one for events that are dropped. */
  #room(): EventPacket {
    this.#packet ??= this.#acquire()
    return this.#packet ?? this.#waste.reset()
  }

  #acquire(): EventPacket | undefined {
    const packet = this.#spare ?? this.#pool.tryAcquire()
    this.#spare = undefined
    if (packet === undefined) this.#awaitReturn()
    return packet?.reset()
  }

  /** Waits beside the stream for the first packet to come back, because the pool then tells when they were lost. */
  #awaitReturn(): void {
    if (this.#starved) return
    this.#starved = true
    this.#pool.acquire(this.#stop.signal).then(
      (packet) => {
        this.#starved = false
        if (this.#stop.signal.aborted) packet.release()
        else this.#spare = packet
      },
      (error) => {
        if (!this.#stop.signal.aborted) this.subscriber.error(error)
      },
    )
  }

  #countEdges({ triggers }: EventPacket, before: number): void {
    if (triggers === undefined || triggers.length === before) return
    this.triggers ??= this.ledger.stage('source triggers', 'triggers')
    this.triggers.in += triggers.length - before
    this.triggers.held = triggers.length
  }

  /** Counts what a packet holds as lost, to be told with the next packet. */
  #discard({ length, triggers }: EventPacket): void {
    if (length > 0) drop(this.counts, 'no_buffer', length)
    this.#dropped += length
    if (triggers === undefined) return
    this.triggers!.held = 0
    drop(this.triggers!, 'no_buffer', triggers.length)
    this.fault('lost_triggers', triggers.length)
  }

  /** A packet without events, when there is a free one and the camera's time has come further. */
  #tellTime(decoder: LiveDecoder): void {
    const time = this.#sentAfter - decoder.offset - CABLE_US
    if (time <= this.#time) return
    const packet = this.#packet ?? this.#acquire()
    if (packet === undefined) return
    packet.t0 = time
    this.#handOn(packet)
  }

  #flush(): void {
    const packet = this.#packet
    if (!isWorth(packet)) return
    // With triggers alone it tells no more of the time than was told.
    if (packet.length === 0) packet.t0 = this.#time
    this.#handOn(packet)
  }

  #handOn(packet: EventPacket): void {
    const { length } = packet
    this.#packet = undefined
    this.#handedOnAt = this.now
    this.#time = Math.max(this.#time, length > 0 ? packet.t0 + packet.t[length - 1]! : packet.t0)
    packet.width = this.geometry.width
    packet.height = this.geometry.height
    packet.live = true
    packet.faults = this.#newFaults
    packet.dropped = this.#dropped
    this.#newFaults = undefined
    this.#dropped = 0
    this.counts.held = 0
    const edges = packet.triggers?.length ?? 0
    if (edges > 0) this.triggers!.held = 0
    if (this.subscriber.closed) {
      if (length > 0) drop(this.counts, 'stopped', length)
      if (edges > 0) drop(this.triggers!, 'stopped', edges)
      packet.release()
      return
    }
    this.counts.out += length
    if (edges > 0) this.triggers!.out += edges
    emit(this.subscriber, packet)
  }
}

/** Whether there is something in a packet: events or triggers. */
function isWorth(packet: EventPacket | undefined): packet is EventPacket {
  return packet !== undefined && (packet.length > 0 || packet.triggers !== undefined)
}
