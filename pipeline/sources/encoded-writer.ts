// Writes a recording whose events a native encoder turns into bytes. The bytes are a pure function of the events and options:
// no clock is read.
import { SaccadeError } from '../errors.js'
import { type EncoderName, EventEncoder } from '../events/native.js'
import type { EventPacket, Geometry, Trigger } from '../events/packet.js'
import type { ByteSink } from './byte-sink.js'
import type { RecordingWriter, WriteOptions } from './writer.js'

/** Bytes that are encoded at a time. */
const OUT_BYTES = 512 * 1024

/** What a format says of its encoder. */
export interface Encoding {
  encoder: EncoderName
  /** For sentences, e.g. "DAT". */
  title: string
  /** Range of its stamps, µs: readers count from 0 and know nothing of wraps before. */
  rangeUs: number
  /** False when it cannot hold external triggers. */
  triggers: boolean
  /** Why a stamp cannot be written, when it is not for its bits. */
  refusal?: string
  /** The bytes before the first event. */
  header(geometry: Geometry, originUs: number, date: string): Uint8Array
}

/** See RecordingWriter. */
export class EncodedWriter implements RecordingWriter {
  readonly left: Record<string, number> = {}
  readonly #geometry: Geometry
  readonly #out = new Uint8Array(OUT_BYTES)
  #encoder: EventEncoder | undefined
  #origin = 0
  #events = 0
  #triggers = 0
  /** Stamp of the last event or trigger written, at first the origin, µs. */
  #last = 0
  #open = true

  constructor(
    private readonly encoding: Encoding,
    private readonly sink: ByteSink,
    private readonly options: WriteOptions,
  ) {
    this.#geometry = options.geometry
  }

  get events(): number {
    return this.#events
  }

  get triggers(): number {
    return this.#triggers
  }

  async write(packet: EventPacket): Promise<void> {
    const triggers = this.#keptTriggers(packet)
    if (packet.length === 0 && triggers.length === 0) return
    this.#encoder ??= await this.#begin(originOf(packet, triggers, this.encoding.rangeUs))
    let from = 0
    for (const trigger of triggers) {
      // A trigger stands before the first event that is not before it.
      let to = from
      while (to < packet.length && packet.t0 + packet.t[to]! < trigger.t) to += 1
      await this.#encode(this.#encoder, packet, from, to)
      await this.#edge(this.#encoder, trigger)
      from = to
    }
    await this.#encode(this.#encoder, packet, from, packet.length)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#encoder ??= await this.#begin(0)
    this.#open = false
    await this.sink.commit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.sink.abandon(false)
  }

  /** Writes the header. What the origin is to be is known with the first packet. */
  async #begin(otherwise: number): Promise<EventEncoder> {
    const { encoding, options } = this
    const { width, height } = this.#geometry
    const { originUs = otherwise, date = '1970-01-01 00:00:00' } = options
    this.#origin = this.#last = originUs
    await this.sink.append(encoding.header(this.#geometry, originUs, date))
    return new EventEncoder(encoding.encoder, width, height, originUs)
  }

  #keptTriggers({ triggers = [] }: EventPacket) {
    if (this.encoding.triggers || triggers.length === 0) return triggers
    this.left.triggers = (this.left.triggers ?? 0) + triggers.length
    return []
  }

  async #encode(encoder: EventEncoder, packet: EventPacket, from: number, to: number) {
    for (let at = from; at < to; ) {
      const next = encoder.encode(packet, at, to, this.#out)
      this.#events += next - at
      if (next > at) this.#last = packet.t0 + packet.t[next - 1]!
      at = next
      await this.sink.append(this.#out.subarray(0, encoder.bytes))
      if (encoder.error !== '') throw this.#refused(encoder.error, packet, at)
    }
  }

  async #edge(encoder: EventEncoder, trigger: { t: number; id: number; value: number }) {
    for (let done = false; !done; ) {
      done = encoder.trigger(trigger.t, trigger.id, trigger.value, this.#out)
      await this.sink.append(this.#out.subarray(0, encoder.bytes))
    }
    if (encoder.error === '') {
      this.#triggers += 1
      this.#last = trigger.t
    } else {
      this.left.triggers = (this.left.triggers ?? 0) + 1
    }
  }

  #refused(
    error: 'stamp' | 'silence' | 'coordinate',
    packet: EventPacket,
    index: number,
  ): SaccadeError {
    const { path } = this.sink
    const { width, height } = this.#geometry
    const { title, rangeUs, refusal } = this.encoding
    const t = packet.t0 + packet.t[index]!
    if (error === 'coordinate')
      return new SaccadeError(
        'ERR_FORMAT',
        `event ${this.#events} at (${packet.x[index]}, ${packet.y[index]}) lies outside the ${width} x ${height} sensor of ${path}`,
      )
    if (error === 'silence')
      return new SaccadeError(
        'ERR_FORMAT',
        `event ${this.#events} with stamp ${t} µs comes ${t - this.#last} µs after the one before: ${title} would fill ${path} with words of time`,
        'a broken stamp? another format holds it, e.g. csv or evt2',
      )
    const sentence = `event ${this.#events} with stamp ${t} µs cannot be written to ${path}`
    if (t < this.#origin)
      return new SaccadeError(
        'ERR_FORMAT',
        `${sentence}: it lies before the origin, ${this.#origin} µs, and stamps are not negative`,
        'give an earlier --origin, or another format, e.g. csv',
      )
    return new SaccadeError(
      'ERR_FORMAT',
      `${sentence}: ${refusal ?? `a stamp of ${title} has ${Math.log2(rangeUs)} bits, and a reader would take it for another`}`,
      'stamps that run far back need another format, e.g. csv or npy',
    )
  }
}

/** See WriteOptions.originUs; of the first packet, which is all that is known when the header is written. */
function originOf(packet: EventPacket, triggers: readonly Trigger[], rangeUs: number): number {
  const { t0, t, length } = packet
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < length; i++) if (t0 + t[i]! < least) least = t0 + t[i]!
  for (const trigger of triggers) if (trigger.t < least) least = trigger.t
  // What is written first: readers know nothing of a wrap before it.
  const first = Math.min(
    length > 0 ? t0 + t[0]! : Number.POSITIVE_INFINITY,
    triggers[0]?.t ?? Number.POSITIVE_INFINITY,
  )
  const origin = Math.floor(least / rangeUs) * rangeUs
  return first - origin < rangeUs ? origin : least
}
