// People on foot: a flat figure that always faces the camera, with legs and arms that swing at its pace.
import { cosine, sine } from './math.js'
import type { Painter } from './painter.js'
import type { Random } from './random.js'

/** What a person is like; drawn once from the seed. Log intensities relative to asphalt. */
export interface PersonLook {
  height: number
  coat: number
  trousers: number
  /** Length of a pair of steps, metres. */
  stride: number
  /** Where in the step it starts, in turns. */
  phase: number
}

export function drawPerson(random: Random): PersonLook {
  return {
    height: random.range(1.55, 1.88),
    coat: random.chance(0.6) ? random.range(-1.1, -0.4) : random.range(0.6, 1.3),
    trousers: random.range(-1.2, -0.3),
    stride: random.range(1.3, 1.6),
    phase: random.unit(),
  }
}

const SKIN = 0.55
const HAIR = -1

/**
 * Paints a person at (x, z) who has walked `walked` metres. `sideways` is 1 or -1 for a walk across the picture and 0
 * for one along the view, where the swing of the legs hardly shows.
 */
export function paintPerson(
  painter: Painter,
  look: PersonLook,
  x: number,
  z: number,
  walked: number,
  sideways: number,
): void {
  const h = look.height
  const turn = walked / look.stride + look.phase
  const swing = sine(turn) * (sideways === 0 ? 0.05 : 0.26)
  const bob = 0.025 * cosine(2 * turn)
  const hip = 0.48 * h + bob
  const shoulder = 0.82 * h + bob
  const limb = (x0: number, y0: number, x1: number, y1: number, w: number, level: number) =>
    painter.polygon([x0 - w, y0, z, x0 + w, y0, z, x1 + w * 0.8, y1, z, x1 - w * 0.8, y1, z], level)
  const apart = sideways === 0 ? 0.1 : 0.02
  const lift = sideways === 0 ? 0.06 * (1 + sine(turn)) : 0.03
  limb(x - apart, hip, x - apart - swing, lift, 0.09, look.trousers)
  limb(x + apart, hip, x + apart + swing, 0.03, 0.09, look.trousers - 0.15)
  const arm = sideways === 0 ? 0.24 : 0.06
  limb(x - arm, shoulder - 0.05, x - arm + swing * 0.8, hip - 0.05, 0.055, look.coat - 0.25)
  const w = sideways === 0 ? 0.21 : 0.15
  painter.polygon(
    [
      x - w,
      hip - 0.12,
      z,
      x + w,
      hip - 0.12,
      z,
      x + w * 1.05,
      shoulder,
      z,
      x - w * 1.05,
      shoulder,
      z,
    ],
    look.coat,
  )
  limb(x + arm, shoulder - 0.05, x + arm - swing * 0.8, hip - 0.05, 0.055, look.coat + 0.25)
  const head: number[] = []
  const middle = h - 0.12 + bob
  for (let i = 0; i < 8; i++) head.push(x + 0.1 * cosine(i / 8), middle + 0.13 * sine(i / 8), z)
  painter.polygon(head, HAIR)
  const face = 0.04 * sideways
  painter.polygon(
    [
      x - 0.06 + face,
      middle - 0.1,
      z,
      x + 0.06 + face,
      middle - 0.1,
      z,
      x + 0.07 + face,
      middle + 0.04,
      z,
      x - 0.07 + face,
      middle + 0.04,
      z,
    ],
    SKIN,
  )
}
