// Where the camera is, as a function of time: riding along a street, turning, braking, or at rest beside it.
import { cosine, sine } from './math.js'
import type { View } from './painter.js'

/** How the camera moves, turns and shakes. Frequencies in hertz, phases in turns. */
export interface Ride {
  /** Metres per second along z, on average. */
  speed: number
  /** Speed swings by this much, m/s, so often: braking and gathering speed; it never goes backwards. */
  surge: number
  surgeHz: number
  /** Metres from the middle of its lane, and along the street at time 0. */
  x: number
  z: number
  /** Metres above the road. */
  height: number
  /** Where it looks, in turns (0 = along the street, 0.25 = to the right), and how far and often it turns from there. */
  heading: number
  turn: number
  turnHz: number
  /** Pixels: shake of a car on the road 1, of a camera that stands still 0. */
  shake: number
  /** Focal length in pixels. */
  focal: number
  /** Vanishing point at rest, pixels. */
  centreX: number
  horizon: number
  phase: number
}

/** A ride straight on at an even speed, from where the street begins. */
export const PLAIN_RIDE = {
  surge: 0,
  surgeHz: 0.1,
  x: 0,
  z: 0,
  heading: 0,
  turn: 0,
  turnHz: 0.1,
} as const

const TAU = 6.283185307179586

/** Where the ride has led. */
export function viewOf(ride: Ride, seconds: number): View {
  const { phase, shake } = ride
  const t = seconds
  // The body on its springs, the engine, the road.
  const pitch =
    1.1 * sine(1.7 * t + phase) +
    0.6 * sine(9.3 * t + 3 * phase) +
    0.25 * sine(23.7 * t + 7 * phase)
  const yaw = 2 * sine(0.31 * t + phase) + 0.45 * sine(7.1 * t + 5 * phase)
  const heading = ride.heading + ride.turn * sine(ride.turnHz * t + 2 * phase)
  return {
    x: ride.x,
    y: ride.height,
    z: ride.z + travelled(ride, t),
    sin: sine(heading),
    cos: cosine(heading),
    focal: ride.focal,
    centreX: ride.centreX + shake * yaw,
    centreY: ride.horizon + shake * pitch,
  }
}

/** Metres along the street after so many seconds: the integral of speed + surge sin(...). */
export function travelled(ride: Ride, seconds: number): number {
  const { speed, surge, surgeHz, phase } = ride
  if (surge === 0) return speed * seconds
  const swing = cosine(4 * phase) - cosine(surgeHz * seconds + 4 * phase)
  return speed * seconds + (surge / (TAU * surgeHz)) * swing
}
