// The event sensor: each pixel remembers a log intensity and fires whenever the light has moved one threshold away.
// Modelled: thresholds that differ from pixel to pixel, a photoreceptor that lags, a refractory time, background noise
// and hot pixels. All state is in flat arrays; one step costs one pass over the pixels.
import { EventPacket } from '../events/packet.js'
import { Lens } from './lens.js'
import type { Random } from './random.js'

/** Properties of the sensor. Rates in events per second and pixel. */
export interface SensorSpec {
  /** Lens blur: share of a pixel's light that goes to each of its four neighbours, 0..0.2. */
  blur: number
  /** Change of log intensity (natural) that makes an ON or OFF event, mean over the pixels. */
  threshold: number
  /** OFF thresholds against ON thresholds, mean over mean: above 1 a sensor sends more ON events. */
  offRatio: number
  /** Spread of the thresholds: standard deviation over mean. */
  mismatch: number
  /** Time constant of the photoreceptor, µs. */
  lagUs: number
  /** Time after an event in which a pixel stays silent, µs. */
  refractoryUs: number
  /** Background activity. Over seconds a leak of about 0.1 per second fires a pixel at most once, so one Poisson rate stands for leak and shot noise alike. */
  noiseRate: number
  /** Share of ON among noise events; leaks are ON. */
  noiseOn: number
  /** Number of pixels that fire all the time, and the largest rate of one. */
  hotPixels: number
  hotRate: number
  /**
   * Overdriven pixels: this share of those that look at more than `burstFrom` (log intensity as painted) answers a change
   * with a burst, several events in a microsecond, half of the bursts longer than `burstMedian` events.
   */
  burstShare: number
  burstFrom: number
  burstMedian: number
  /** Events per second that the read-out takes; what comes faster is lost evenly. 0: no limit. */
  mostRate: number
}

/** Events of the longest burst. */
const LONGEST_BURST = 150

const FIRST_CAPACITY = 16_384

/** A sensor of width x height pixels that has looked at the first picture for a long time. */
export class EventSensor {
  readonly #lens: Lens
  readonly #memory: Float32Array
  readonly #seen: Float32Array
  readonly #up: Float32Array
  readonly #down: Float32Array
  readonly #silentUntil: Int32Array
  /** 0: never bursts; else how long this pixel's bursts are against the median. */
  readonly #burst: Float32Array
  /** Signal events of each pixel since the last `clearFired`, at most 255; noise is not counted. */
  readonly fired: Uint8Array
  readonly #hot: { pixel: number; rate: number; on: number }[]
  #offset = new Uint16Array(FIRST_CAPACITY)
  #pixel = new Uint32Array(FIRST_CAPACITY)
  #polarity = new Uint8Array(FIRST_CAPACITY)
  #count = 0
  #packet = new EventPacket(FIRST_CAPACITY)
  #places = new Uint32Array(0)

  constructor(
    readonly width: number,
    readonly spec: SensorSpec,
    readonly random: Random,
    painted: Float32Array,
  ) {
    const pixels = painted.length
    this.#lens = new Lens(width, pixels, spec.blur)
    const picture = this.#lens.look(painted)
    this.#seen = Float32Array.from(picture)
    this.#memory = new Float32Array(pixels)
    this.#up = new Float32Array(pixels)
    this.#down = new Float32Array(pixels)
    this.#silentUntil = new Int32Array(pixels)
    this.fired = new Uint8Array(pixels)
    this.#burst = new Float32Array(pixels)
    for (let i = 0; i < pixels; i++) {
      this.#up[i] = this.#drawThreshold()
      this.#down[i] = this.#drawThreshold() * spec.offRatio
      // Somewhere between its last event and its next, else all pixels would fire in step.
      this.#memory[i] = picture[i]! + random.range(-this.#up[i]!, this.#down[i]!)
    }
    if (spec.burstShare > 0) {
      for (let i = 0; i < pixels; i++)
        if (random.chance(spec.burstShare)) this.#burst[i] = random.range(0.2, 2)
    }
    this.#hot = Array.from({ length: spec.hotPixels }, () => {
      const u = random.unit()
      return { pixel: random.below(pixels), rate: spec.hotRate * u * u, on: random.range(0.2, 0.8) }
    })
  }

  #drawThreshold(): number {
    const { threshold, mismatch } = this.spec
    const factor = 1 + mismatch * this.random.normal()
    return threshold * Math.max(factor, 0.3)
  }

  /**
   * Looks at the next picture, `stepUs` (at most 65535) after the one before, which was at `startUs`.
   * @returns the events of [startUs, startUs + stepUs); valid until the next call
   */
  step(picture: Float32Array, startUs: number, stepUs: number): EventPacket {
    this.#count = 0
    this.#fireChanges(this.#lens.look(picture), startUs, stepUs)
    this.#fireNoise(stepUs)
    this.#limit(stepUs)
    return this.#sorted(startUs, stepUs)
  }

  /** Begins counting `fired` anew. */
  clearFired(): void {
    this.fired.fill(0)
  }

  #fireChanges(picture: Float32Array, startUs: number, stepUs: number): void {
    const gain = stepUs / (stepUs + this.spec.lagUs)
    const refractory = this.spec.refractoryUs
    const seen = this.#seen
    const memory = this.#memory
    const bursts = this.#burst
    const fired = this.fired
    const burstFrom = this.spec.burstFrom
    for (let i = 0; i < picture.length; i++) {
      const before = seen[i]!
      const lag = picture[i]! - before
      if (lag < 1e-4 && lag > -1e-4) continue
      const now = before + lag * gain
      seen[i] = now
      let level = memory[i]!
      const up = this.#up[i]!
      const down = this.#down[i]!
      if (now - level < up && level - now < down) continue
      const on = now > level
      const quantum = on ? up : -down
      const perUnit = stepUs / (now - before)
      while (on ? now - level >= up : level - now >= down) {
        level += quantum
        let at = ((level - before) * perUnit) | 0
        if (at < 0) at = 0
        if (at >= stepUs) at = stepUs - 1
        // What happens while the pixel is silent is lost: the memory moves on, no event is sent.
        if (startUs + at < this.#silentUntil[i]!) continue
        this.#silentUntil[i] = startUs + at + refractory
        this.#put(at, i, on ? 1 : 0)
        if (fired[i]! < 255) fired[i]! += 1
        if (bursts[i]! > 0 && picture[i]! + before > 2 * burstFrom)
          this.#fireBurst(at, stepUs, i, on ? 1 : 0)
      }
      memory[i] = level
    }
  }

  /**
   * What an overdriven pixel adds to an event: two or three more in each microsecond, with pauses; every second burst is of
   * one polarity, the others of both. Lengths fall off as 1 / n squared.
   */
  #fireBurst(from: number, stepUs: number, pixel: number, polarity: number): void {
    const { random } = this
    const median = this.spec.burstMedian * this.#burst[pixel]!
    const length = Math.min(median / (2 * random.unit() + 1e-3), LONGEST_BURST)
    const flips = random.chance(0.5) ? 0.5 : 0.05
    let at = from
    for (let n = 1; n < length; n++) {
      const draw = random.unit()
      if (draw < 0.04) at += random.below(250)
      else if (draw < 0.38) at += 1
      if (at >= stepUs) return
      this.#put(at, pixel, random.chance(flips) ? 1 - polarity : polarity)
    }
  }

  /** Loses what the read-out cannot take. */
  #limit(stepUs: number): void {
    const most = (this.spec.mostRate * stepUs) / 1e6
    if (most === 0 || this.#count <= most) return
    const share = most / this.#count
    let kept = 0
    for (let n = 0; n < this.#count; n++) {
      if (!this.random.chance(share)) continue
      this.#offset[kept] = this.#offset[n]!
      this.#pixel[kept] = this.#pixel[n]!
      this.#polarity[kept] = this.#polarity[n]!
      kept += 1
    }
    this.#count = kept
  }

  #fireNoise(stepUs: number): void {
    const { random, spec } = this
    const seconds = stepUs / 1e6
    const pixels = this.#memory.length
    const noise = random.poisson(spec.noiseRate * pixels * seconds)
    for (let n = 0; n < noise; n++) {
      this.#put(random.below(stepUs), random.below(pixels), random.chance(spec.noiseOn) ? 1 : 0)
    }
    for (const { pixel, rate, on } of this.#hot) {
      const times = random.poisson(rate * seconds)
      for (let n = 0; n < times; n++) {
        this.#put(random.below(stepUs), pixel, random.chance(on) ? 1 : 0)
      }
    }
  }

  #put(offset: number, pixel: number, polarity: number): void {
    if (this.#count === this.#offset.length) {
      this.#offset = doubled(this.#offset, Uint16Array)
      this.#pixel = doubled(this.#pixel, Uint32Array)
      this.#polarity = doubled(this.#polarity, Uint8Array)
      this.#packet = new EventPacket(this.#offset.length)
    }
    const n = this.#count++
    this.#offset[n] = offset
    this.#pixel[n] = pixel
    this.#polarity[n] = polarity
  }

  /** Counting sort by stamp; equal stamps keep their order. */
  #sorted(startUs: number, stepUs: number): EventPacket {
    if (this.#places.length <= stepUs) this.#places = new Uint32Array(stepUs + 1)
    const places = this.#places.fill(0)
    for (let n = 0; n < this.#count; n++) places[this.#offset[n]! + 1]! += 1
    for (let i = 1; i <= stepUs; i++) places[i]! += places[i - 1]!
    const packet = this.#packet.reset()
    packet.t0 = startUs
    packet.width = this.width
    packet.height = this.#memory.length / this.width
    for (let n = 0; n < this.#count; n++) {
      const offset = this.#offset[n]!
      const to = places[offset]!++
      const pixel = this.#pixel[n]!
      packet.t[to] = offset
      packet.y[to] = (pixel / this.width) | 0
      packet.x[to] = pixel % this.width
      packet.p[to] = this.#polarity[n]!
    }
    packet.length = this.#count
    return packet
  }
}

function doubled<T extends Uint8Array | Uint16Array | Uint32Array>(
  old: T,
  Kind: new (length: number) => T,
): T {
  const grown = new Kind(old.length * 2)
  grown.set(old)
  return grown
}
