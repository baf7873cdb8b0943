// Where a box goes: a Kalman filter over time in seconds. Position moves with constant velocity, pushed by white
// acceleration; size wanders. Axes do not influence each other, so each is a filter of its own, with no matrices. All
// noise is in units of the box's size, since a near car moves more pixels than a far one. Only + - * / and sqrt: the
// same numbers on every machine.
import type { Box } from '../detect/detection.js'

// Standard deviations, as shares of the box's size √(w·h). Chosen on nine simulated drives: with half or three times the
// noise of a detection, or with four times the push, IDF1 of cars falls from 0.65 to 0.63 and below; without velocity
// it is 0.45 (docs/tracks.md).
/** Of where a box is detected. ByteTrack has 1/20, for sharper pictures. */
const MEASURED = 0.07
/** Of a velocity before it was seen, per second. */
const FIRST_SPEED = 4
/** Of what acceleration adds to a velocity in one second. */
const PUSH = 0.5
/** Of what a size changes by in one second. */
const GROWTH = 0.5

/** State of one axis: position and velocity, and the covariance of both. */
interface Axis {
  at: number
  speed: number
  atAt: number
  atSpeed: number
  speedSpeed: number
}

/** A length and its variance. */
interface Size {
  value: number
  variance: number
}

/**
 * The motion of one box.
 * @example
 * const motion = new Motion({ x: 0, y: 0, w: 40, h: 30 })
 * motion.advance(0.05)
 * motion.correct({ x: 3, y: 0, w: 40, h: 30 })
 * motion.advance(0.05)
 * motion.box.x // about 6
 */
export class Motion {
  /** Estimated now; valid until the next call. */
  readonly box: Box
  readonly #x: Axis
  readonly #y: Axis
  readonly #w: Size
  readonly #h: Size
  #scale: number

  constructor(box: Box) {
    this.#scale = Math.sqrt(box.w * box.h)
    const measured = (MEASURED * this.#scale) ** 2
    const speed = (FIRST_SPEED * this.#scale) ** 2
    const axis = (at: number): Axis => ({
      at,
      speed: 0,
      atAt: measured,
      atSpeed: 0,
      speedSpeed: speed,
    })
    this.#x = axis(box.x + box.w / 2)
    this.#y = axis(box.y + box.h / 2)
    this.#w = { value: box.w, variance: measured }
    this.#h = { value: box.h, variance: measured }
    this.box = { ...box }
  }

  /** Pixels per second of the middle. */
  get velocity(): { x: number; y: number } {
    return { x: this.#x.speed, y: this.#y.speed }
  }

  /** Lets time pass. Two steps are the same as one of their sum. */
  advance(seconds: number): void {
    const push = (PUSH * this.#scale) ** 2
    advance(this.#x, seconds, push)
    advance(this.#y, seconds, push)
    const growth = (GROWTH * this.#scale) ** 2 * seconds
    this.#w.variance += growth
    this.#h.variance += growth
    this.#place()
  }

  /** Takes in where the box was detected now. */
  correct(seen: Box): void {
    const noise = (MEASURED * this.#scale) ** 2
    correct(this.#x, seen.x + seen.w / 2, noise)
    correct(this.#y, seen.y + seen.h / 2, noise)
    resize(this.#w, seen.w, noise)
    resize(this.#h, seen.h, noise)
    this.#scale = Math.sqrt(this.#w.value * this.#h.value)
    this.#place()
  }

  #place(): void {
    this.box.w = this.#w.value
    this.box.h = this.#h.value
    this.box.x = this.#x.at - this.#w.value / 2
    this.box.y = this.#y.at - this.#h.value / 2
  }
}

function advance(axis: Axis, dt: number, push: number): void {
  axis.at += axis.speed * dt
  axis.atAt += dt * (2 * axis.atSpeed + dt * (axis.speedSpeed + (push * dt) / 3))
  axis.atSpeed += dt * (axis.speedSpeed + (push * dt) / 2)
  axis.speedSpeed += push * dt
}

function correct(axis: Axis, seen: number, noise: number): void {
  const sum = axis.atAt + noise
  const gain = axis.atAt / sum
  const speedGain = axis.atSpeed / sum
  const off = seen - axis.at
  axis.at += gain * off
  axis.speed += speedGain * off
  axis.speedSpeed -= speedGain * axis.atSpeed
  axis.atSpeed *= 1 - gain
  axis.atAt *= 1 - gain
}

function resize(size: Size, seen: number, noise: number): void {
  const gain = size.variance / (size.variance + noise)
  size.value += gain * (seen - size.value)
  size.variance *= 1 - gain
}
