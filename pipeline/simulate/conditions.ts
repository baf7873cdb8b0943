// What a hard scene is like as a whole: light, sensor, kind of camera, and who is about; all drawn from the seed.
import type { Sun } from './car-look.js'
import { exp } from './math.js'
import { Random } from './random.js'
import type { Light } from './scene.js'
import type { SensorSpec } from './sensor.js'

/** Where the camera is. */
export type Post = 'driving' | 'waiting' | 'roadside'

/** The conditions of one scene. */
export interface Conditions {
  post: Post
  night: boolean
  light: Light
  sun: Sun
  /** Log intensity that the sun adds to the houses on the left and on the right. */
  facade: { left: number; right: number }
  /** Log intensity of the lamps of vehicles; 0: off. */
  headlights: number
  sensor: SensorSpec
  cars: number
  people: number
  /** Vehicles that are no cars. */
  others: number
}

/** Draws the conditions of a seed. */
export function drawConditions(seed: number): Conditions {
  const random = new Random(seed, 11)
  const kind = random.unit()
  const post = kind < 0.58 ? 'driving' : kind < 0.68 ? 'waiting' : 'roadside'
  const night = random.chance(0.16)
  const haze = random.chance(0.3) ? random.range(0.6, 0.9) : random.range(0.85, 1.15)
  const sunny = night ? 0 : random.chance(0.6) ? random.range(0.3, 1) : random.range(0, 0.3)
  const sunSide = random.chance(0.5) ? 1 : -1
  const lampFlicker = night || random.chance(0.2) ? random.range(0.05, 0.7) : 0
  return {
    post,
    night,
    light: {
      sky: night ? random.range(-1.5, 0) : random.range(1, 2.2),
      contrast: night ? random.range(0.35, 0.7) : haze,
      flicker: lampFlicker,
      flickerHz: random.chance(0.7) ? 100 : 120,
    },
    sun: {
      left: -0.5 * sunny * sunSide,
      right: 0.5 * sunny * sunSide,
      top: 0.3 * sunny,
      shadow: night ? 0.5 : random.range(0.4, 0.7) + 0.5 * sunny,
    },
    facade: {
      left: random.range(-0.5, 0.2) + (sunSide < 0 ? 0.9 * sunny : 0),
      right: random.range(-0.5, 0.2) + (sunSide > 0 ? 0.9 * sunny : 0),
    },
    headlights: night ? random.range(2, 3.2) : random.chance(0.35) ? random.range(1.4, 2.2) : 0,
    sensor: drawSensor(random, night),
    cars: drawCount(random, post === 'roadside' ? 3 : 9),
    people: drawCount(random, 7),
    others: drawCount(random, 3),
  }
}

/** Often few, sometimes none, seldom many: up to twice `usual`. */
function drawCount(random: Random, usual: number): number {
  return random.chance(0.12)
    ? 0
    : Math.floor(2 * usual * random.unit() * random.range(0.4, 1) + 0.5)
}

/** Even in the logarithm from `low` to `high`. */
function logRange(random: Random, low: number, high: number, logRatio: number): number {
  return Math.max(low, high * exp(-random.range(0, logRatio)))
}

function drawSensor(random: Random, night: boolean): SensorSpec {
  const bursts = random.chance(0.4)
  return {
    blur: random.chance(0.6) ? random.range(0.03, 0.17) : 0,
    threshold: random.range(0.3, 0.7),
    offRatio: random.range(0.75, 1.35),
    mismatch: random.range(0.1, 0.3),
    lagUs: night ? random.range(4000, 14_000) : random.range(800, 6000),
    refractoryUs: Math.floor(random.range(200, 2000)),
    noiseRate: night ? logRange(random, 0.5, 6, 2.5) : logRange(random, 0.04, 1.5, 3.6),
    noiseOn: random.range(0.3, 0.9),
    hotPixels: random.below(9),
    hotRate: random.range(100, 2500),
    burstShare: bursts ? random.range(0.05, 0.8) : 0,
    burstFrom: random.range(0.7, 1.5),
    burstMedian: random.range(2, 22),
    mostRate: random.chance(0.3) ? random.range(0.8e6, 2.5e6) : 4e6,
  }
}
