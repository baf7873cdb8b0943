// What a car is like: its pattern, its paint, and how both differ from car to car.
import { GLASS, type Mark } from './car-marks.js'
import { SHAPES } from './car-shapes.js'
import type { Random } from './random.js'
import type { WheelLook } from './wheel.js'

/** What a car is like; drawn once from the seed. Log intensities are relative to asphalt. */
export interface CarLook {
  /** Index into SHAPES. */
  shape: number
  width: number
  paint: number
  /** Length and height against the pattern, and height against length. */
  scale: number
  tall: number
  glass: number
  /** How round the roof is, seen from behind: 0 a box, 0.3 a dome. */
  round: number
  /** Where its reflections start, 0..1. */
  gloss: number
  /** Patches of its surroundings in its paint and glass. */
  mirrored: readonly Mirrored[]
  /** What the light adds to the paint of each side. */
  shade: { left: number; right: number; end: number; top: number }
  /** How dark its shadow is against that of an overcast day. */
  shadow: number
  /** Metres that the sun throws it to the right, of the car. */
  shadowAside: number
  /** Log intensity of its lamps; 0: off. */
  lights: number
  wheel?: WheelLook
  /** The marks of this car instead of those of its pattern. */
  vary(mark: Mark, index: number): Mark
}

/** A patch on a strip or flank: place 0..1 across and up, size, log intensity against what it lies on. */
export interface Mirrored {
  u: number
  v: number
  width: number
  height: number
  level: number
  /** Lengths of the car that it wanders per metre. */
  pace: number
}

const EVEN = { left: 0, right: 0, end: 0, top: 0 } as const

/** Draws a look: no car is as grey as the road, or it would have no edges. */
export function drawLook(random: Random): CarLook {
  const dark = random.chance(0.45)
  const shape = random.pick([0, 0, 1, 1, 2])
  const width = random.range(1.7, 1.84)
  const paint = dark ? random.range(-0.95, -0.5) : random.range(0.55, 1.2)
  return {
    shape,
    width,
    paint,
    scale: random.range(0.96, 1.06),
    tall: 1,
    // Glass is dark in a light car; in a dark one the sky in it is brighter than the paint.
    glass: paint > 0 ? GLASS : 0.15,
    round: 0.1,
    gloss: random.unit(),
    mirrored: [],
    shade: EVEN,
    shadow: 1,
    shadowAside: 0,
    lights: 0,
    vary: (mark) => mark,
  }
}

/** Where the sun is, for all cars of a scene: log intensity that it adds to the left, the right and the roof. */
export interface Sun {
  left: number
  right: number
  top: number
  /** Darkness of shadows, 0..1.2. */
  shadow: number
}

/** Draws any look that a street may hold, cars as grey as the road included. */
export function drawAnyLook(random: Random, sun: Sun, lights: number): CarLook {
  const paint = random.pick([
    random.range(-1.3, -0.5),
    random.range(-0.5, 0.4),
    random.range(0.3, 1.3),
    random.range(0.6, 1.4),
  ])
  const jitter = Array.from({ length: 24 }, () => random.range(-1, 1))
  const bend = random.range(0, 1)
  return {
    shape: random.below(SHAPES.length),
    width: random.range(1.62, 1.95),
    paint,
    scale: random.range(0.9, 1.1),
    tall: random.range(0.93, 1.08),
    glass: random.chance(0.7) ? random.range(-1.4, -0.6) : random.range(-0.3, 0.7),
    round: random.range(0.05, 0.3),
    gloss: random.unit(),
    mirrored: Array.from({ length: random.below(9) }, () => ({
      u: random.unit(),
      v: random.range(0.05, 0.8),
      width: random.range(0.08, 0.7),
      height: random.range(0.08, 0.5),
      level: random.range(-0.9, 1.1),
      pace: random.range(0.03, 0.25),
    })),
    shade: {
      left: sun.left + random.range(-0.15, 0.15),
      right: sun.right + random.range(-0.15, 0.15),
      end: random.range(-0.25, 0.25),
      top: sun.top + random.range(-0.1, 0.2),
    },
    shadow: sun.shadow,
    shadowAside: (sun.left - sun.right) * random.range(0.3, 1.2),
    lights: random.chance(0.85) ? lights : 0,
    wheel: {
      spokes: random.pick([3, 5, 5, 6, 7, 10]),
      rim: random.range(-0.9, 0.7),
      spoke: random.range(-0.8, 0.9),
      tyre: random.range(-1.4, -0.9),
      rimSize: random.range(0.55, 0.75),
    },
    vary: ([u0, u1, v0, v1, level, from], index) => {
      if (index === 0) return [u0, u1, v0, v1, level, from]
      // Both halves of a car differ alike from the pattern.
      const key = Math.floor(Math.abs(u0 + u1) * 5 + v0 * 9) * 5
      const j = (at: number) => bend * jitter[(key + at) % jitter.length]!
      const lean = 0.06 * j(1)
      const size = 1 + 0.18 * j(3)
      const low = clip(v0 + lean, 0, 0.96)
      return [
        clip(u0 * size, -1, 1),
        clip(u1 * size, -1, 1),
        low,
        clip(low + (v1 - v0) * (1 + 0.3 * j(0)), low + 0.02, 1),
        level + 0.35 * j(4),
        from,
      ]
    },
  }
}

function clip(value: number, low: number, high: number): number {
  return value < low ? low : Math.min(value, high)
}
