// One pass over recordings of one camera: what each pixel did, in flat arrays of some 50 bytes a pixel.
import { type EventPacket, type Geometry, SaccadeError } from '../pipeline/index.js'

/** Pixels that are counted, at most: 200 MB. */
const MOST_PIXELS = 2 ** 22
/** Length of the periods in which a pixel fires or does not. */
export const PERIOD_US = 100_000
/** A second event of a polarity within this time is the answer to one change of light. */
const REPEAT_US = 200
/** An event with no other of its pixel within this time stands alone. */
const LONE_US = 50_000

/** Counts per pixel, row by row. */
export class SensorCensus {
  readonly on: Uint32Array
  readonly off: Uint32Array
  /** Events less than 200 µs behind one of the same polarity, and 1 where two had the same stamp: read-out at its limit. */
  readonly repeatedOn: Uint32Array
  readonly repeatedOff: Uint32Array
  readonly saturated: Uint8Array
  /** Events with no other within 50 ms. */
  readonly loneOn: Uint32Array
  readonly loneOff: Uint32Array
  /** Periods of 100 ms with an event; events of the odd ones. */
  readonly active: Uint32Array
  readonly oddOn: Uint32Array
  readonly oddOff: Uint32Array
  /** Since the start: events, length of the recordings in µs, periods that they have. */
  events = 0
  spanUs = 0
  periods = 0
  readonly #last: Float64Array
  readonly #lastPeriod: Int32Array
  /** 0 none, else polarity + 1 of the last event; + 2 when no other came before it for a while. */
  readonly #state: Uint8Array
  #first = Number.NaN
  #latest = Number.NaN

  /** Throws ERR_ARGUMENT, before memory is taken, when the sensor is too large. */
  constructor(readonly geometry: Geometry) {
    const pixels = geometry.width * geometry.height
    if (pixels > MOST_PIXELS)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `a sensor of ${geometry.width}x${geometry.height} has more than ${MOST_PIXELS} pixels`,
      )
    const counts = () => new Uint32Array(pixels)
    this.on = counts()
    this.off = counts()
    this.repeatedOn = counts()
    this.repeatedOff = counts()
    this.saturated = new Uint8Array(pixels)
    this.loneOn = counts()
    this.loneOff = counts()
    this.active = counts()
    this.oddOn = counts()
    this.oddOff = counts()
    this.#last = new Float64Array(pixels)
    this.#lastPeriod = new Int32Array(pixels).fill(-1)
    this.#state = new Uint8Array(pixels)
  }

  /** Events of a recording, in its order. Those outside the sensor are not looked at. */
  add(packet: EventPacket): void {
    if (packet.length === 0) return
    const { width, height } = this.geometry
    const { t, x, y, p, t0, length } = packet
    if (Number.isNaN(this.#first)) this.#first = this.#latest = packet.first
    this.#latest = Math.max(this.#latest, packet.last)
    for (let i = 0; i < length; i++)
      if (x[i]! < width && y[i]! < height) this.#count(y[i]! * width + x[i]!, t0 + t[i]!, p[i]!)
  }

  #count(pixel: number, t: number, polarity: number): void {
    this.events += 1
    const period = this.periods + Math.max(0, Math.floor((t - this.#first) / PERIOD_US))
    if (this.#lastPeriod[pixel] !== period) {
      this.#lastPeriod[pixel] = period
      this.active[pixel]! += 1
    }
    const odd = period % 2 === 1
    if (polarity === 1) {
      this.on[pixel]! += 1
      if (odd) this.oddOn[pixel]! += 1
    } else {
      this.off[pixel]! += 1
      if (odd) this.oddOff[pixel]! += 1
    }
    const state = this.#state[pixel]!
    const since = t - this.#last[pixel]!
    const alone = state === 0 || since > LONE_US
    if (alone) this.#closeLone(pixel, state)
    else if (since === 0) this.saturated[pixel] = 1
    else if (since > 0 && since < REPEAT_US && (state - 1) % 2 === polarity) {
      if (polarity === 1) this.repeatedOn[pixel]! += 1
      else this.repeatedOff[pixel]! += 1
    }
    this.#last[pixel] = t
    this.#state[pixel] = polarity + 1 + (alone ? 2 : 0)
  }

  /** The pixel's last event turns out to have had no other near it. */
  #closeLone(pixel: number, state: number): void {
    if (state === 4) this.loneOn[pixel]! += 1
    if (state === 3) this.loneOff[pixel]! += 1
  }

  /** The end of a recording: what comes next has nothing to do with it. */
  endRecording(): void {
    if (Number.isNaN(this.#first)) return
    for (let pixel = 0; pixel < this.#state.length; pixel++)
      this.#closeLone(pixel, this.#state[pixel]!)
    this.#state.fill(0)
    const span = this.#latest - this.#first + 1
    this.spanUs += span
    this.periods += Math.ceil(span / PERIOD_US)
    this.#lastPeriod.fill(-1)
    this.#first = Number.NaN
  }
}
