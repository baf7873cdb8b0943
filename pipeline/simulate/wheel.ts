// A wheel seen from the side: tyre, rim, and spokes that turn.
import { cosine, sine } from './math.js'
import type { Painter, Pose } from './painter.js'

const ROUND = Array.from({ length: 12 }, (_, i) => [cosine(i / 12), sine(i / 12)] as const)
const disc = new Float64Array(ROUND.length * 3)
const spokeCorners = new Float64Array(12)

/** How a wheel looks where it is not that of a plain car. */
export interface WheelLook {
  spokes: number
  /** Log intensity of rim, spokes and tyre, relative to asphalt. */
  rim: number
  spoke: number
  tyre: number
  /** Radius of the rim against that of the wheel. */
  rimSize: number
}

const PLAIN: WheelLook = { spokes: 5, rim: 0.15, spoke: -0.6, tyre: -1.25, rimSize: 0.62 }

/** Paints the wheel whose hub is at (x, radius, z) of a body that has `travelled` so many metres. */
export function paintWheel(
  painter: Painter,
  pose: Pose,
  x: number,
  z: number,
  radius: number,
  travelled: number,
  look: WheelLook = PLAIN,
): void {
  fillDisc(painter, pose, x, z, radius, radius, look.tyre)
  fillDisc(painter, pose, x, z, radius, radius * look.rimSize, look.rim)
  const outer = radius * look.rimSize
  const inner = outer * 0.3
  const thin = Math.min(0.16, 0.8 / look.spokes) * outer
  for (let i = 0; i < look.spokes; i++) {
    const turn = i / look.spokes - travelled / (6.283185307179586 * radius)
    const c = cosine(turn)
    const s = sine(turn)
    let at = 0
    for (const [along, across] of [
      [inner, -thin],
      [outer, -thin * 1.5],
      [outer, thin * 1.5],
      [inner, thin],
    ] as const) {
      spokeCorners[at++] = x
      spokeCorners[at++] = radius + s * along + c * across
      spokeCorners[at++] = z + c * along - s * across
    }
    painter.polygon(spokeCorners, look.spoke, pose)
  }
}

/** A disc round the hub of a wheel. */
export function fillDisc(
  painter: Painter,
  pose: Pose,
  x: number,
  z: number,
  hub: number,
  radius: number,
  level: number,
): void {
  for (let i = 0; i < ROUND.length; i++) {
    disc[3 * i] = x
    disc[3 * i + 1] = hub + radius * ROUND[i]![1]
    disc[3 * i + 2] = z + radius * ROUND[i]![0]
  }
  painter.polygon(disc, level, pose)
}
