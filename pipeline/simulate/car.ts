// A car: a side outline pulled across its width, with windows, lamps, wheels and reflections painted on. One body serves
// every view, from behind, from the front, parked at the kerb and crossing, and grows and turns as a real one does.

import { GLASS, MARKS, type Part, SHAPES, type Shape, TYRE } from './car-shapes.js'
import { cosine, sine } from './math.js'
import type { Corners, Painter, Pose } from './painter.js'
import type { Random } from './random.js'

const SHADOW = -1.3

/** What a car is like; drawn once from the seed. */
export interface CarLook {
  shape: number
  width: number
  /** Log intensity of the paint relative to asphalt. */
  paint: number
  /** Length and height against the pattern. */
  scale: number
  /** Where its reflections start, 0..1. */
  gloss: number
}

/** Draws a look: no car is as grey as the road, or it would have no edges. */
export function drawLook(random: Random): CarLook {
  const dark = random.chance(0.45)
  return {
    shape: random.pick([0, 0, 1, 1, 2]),
    width: random.range(1.7, 1.84),
    paint: dark ? random.range(-0.95, -0.5) : random.range(0.55, 1.2),
    scale: random.range(0.96, 1.06),
    gloss: random.unit(),
  }
}

/** The painted surfaces of one car, in its own axes: x across, y up, z from rear to front, origin under its middle. */
export class CarBody {
  readonly length: number
  readonly height: number
  readonly #shape: Shape
  readonly #strips: { part: Part; y: number; z: number; ny: number; nz: number; at: number }[] = []

  constructor(readonly look: CarLook) {
    const shape = SHAPES[look.shape]!
    const s = look.scale
    const points = (list: Shape['outline']) => list.map(([z, y]) => [z * s, y * s] as const)
    this.length = shape.outline.at(-1)![0] * s
    this.height = Math.max(...shape.outline.map(([, y]) => y)) * s
    const middle = this.length / 2
    this.#shape = {
      ...shape,
      outline: points(shape.outline).map(([z, y]) => [z - middle, y] as const),
      window: points(shape.window).map(([z, y]) => [z - middle, y] as const),
      pillars: shape.pillars.map((z) => z * s - middle),
      wheels: [shape.wheels[0] * s - middle, shape.wheels[1] * s - middle],
      belt: shape.belt * s,
    }
    for (const [at, part] of shape.parts.entries()) {
      const [z0, y0] = this.#shape.outline[at]!
      const [z1, y1] = this.#shape.outline[at + 1]!
      this.#strips.push({ part, y: (y0 + y1) / 2, z: (z0 + z1) / 2, ny: z1 - z0, nz: y0 - y1, at })
    }
  }

  /** Paints the car where it stands; `travelled` metres turn its wheels and move the street's image in its windows. */
  paint(painter: Painter, pose: Pose, travelled: number): void {
    const owner = painter.owner
    painter.owner = 0
    painter.polygon(this.#ground(0.12), SHADOW * 0.55, pose)
    painter.polygon(this.#ground(-0.1), SHADOW, pose)
    painter.owner = owner
    // The camera in the car's axes tells which surfaces face it.
    const dx = painter.view.x - pose.x
    const dz = painter.view.z - pose.z
    const eyeX = dx * pose.cos - dz * pose.sin
    const eyeZ = dx * pose.sin + dz * pose.cos
    this.#tyres(painter, pose, eyeZ)
    for (const strip of this.#strips) {
      const facing = strip.ny * (painter.view.y - strip.y) + strip.nz * (eyeZ - strip.z)
      if (facing > 0) this.#strip(painter, pose, strip.at, strip.part, travelled)
    }
    const side = eyeX > this.look.width / 2 ? 1 : eyeX < -this.look.width / 2 ? -1 : 0
    if (side !== 0) this.#side(painter, pose, side, travelled)
  }

  /** Glass is dark in a light car; in a dark one the sky in it is brighter than the paint. */
  get #glass(): number {
    return this.look.paint > 0 ? GLASS : 0.15
  }

  /** Half the width at a height: the cabin leans inwards. */
  #half(y: number): number {
    const above = (y - this.#shape.belt) / (this.height - this.#shape.belt)
    const body = this.look.width / 2
    if (above <= 0) return y < 0.5 ? body * 0.97 : body
    return body * (1 - 0.2 * above)
  }

  #ground(margin: number): Corners {
    const w = this.look.width / 2 + margin
    const l = this.length / 2 + margin
    return [-w, 0, -l, w, 0, -l, w, 0, l, -w, 0, l]
  }

  /** A rectangle on a strip: u across in -1..1, v from its first point to its second in 0..1. */
  #onStrip(at: number, u0: number, u1: number, v0: number, v1: number): number[] {
    const [za, ya] = this.#shape.outline[at]!
    const [zb, yb] = this.#shape.outline[at + 1]!
    const corner = (u: number, v: number) => {
      const y = ya + (yb - ya) * v
      return [u * this.#half(y), y, za + (zb - za) * v]
    }
    return [...corner(u0, v0), ...corner(u1, v0), ...corner(u1, v1), ...corner(u0, v1)]
  }

  #strip(painter: Painter, pose: Pose, at: number, part: Part, travelled: number): void {
    const bases = { paint: this.look.paint, glass: this.#glass, asphalt: 0 }
    // The outline runs upwards at the rear and downwards at the front; marks are given from below.
    const front = at > this.#strips.length / 2
    for (const [u0, u1, v0, v1, level, from] of MARKS[
      front && part === 'bumper' ? 'frontBumper' : part
    ]) {
      const corners = front
        ? this.#onStrip(at, u0, u1, 1 - v0, 1 - v1)
        : this.#onStrip(at, u0, u1, v0, v1)
      painter.polygon(corners, level + bases[from], pose)
    }
    if (part !== 'glass') return
    this.#gloss(travelled, (from, to) => {
      painter.polygon(this.#onStrip(at, from, to, 0.1, 0.9), this.#glass + 0.75, pose)
    })
  }

  /** Bands of sky and facade in the glass that wander as the car moves. */
  #gloss(travelled: number, band: (from: number, to: number) => void): void {
    for (let k = 0; k < 2; k++) {
      const turn = this.look.gloss + 0.37 * k + travelled * 0.11
      const from = (turn - Math.floor(turn)) * 2.1 - 1.05
      const to = from + 0.22 + 0.12 * k
      if (from < 0.84 && to > -0.84) band(Math.max(-0.84, from), Math.min(0.84, to))
    }
  }

  /** What shows of the tyres below the bumper at the end that faces the camera. */
  #tyres(painter: Painter, pose: Pose, eyeZ: number): void {
    const w = this.look.width / 2
    const z = eyeZ < 0 ? this.#shape.wheels[0] - 0.3 : this.#shape.wheels[1] + 0.3
    for (const side of [-1, 1]) {
      const outer = side * (w - 0.02)
      const inner = side * (w - 0.24)
      painter.polygon([inner, 0, z, outer, 0, z, outer, 0.45, z, inner, 0.45, z], TYRE, pose)
    }
  }

  #side(painter: Painter, pose: Pose, side: number, travelled: number): void {
    const { paint } = this.look
    const glass = this.#glass
    const { outline, window, pillars, wheels, belt } = this.#shape
    const on = (list: Shape['outline']) => list.flatMap(([z, y]) => [side * this.#half(y), y, z])
    const box = (z0: number, y0: number, z1: number, y1: number, level: number) =>
      painter.polygon(
        on([
          [z0, y0],
          [z0, y1],
          [z1, y1],
          [z1, y0],
        ]),
        level,
        pose,
      )
    painter.polygon(on(outline), paint, pose)
    // The lower half of a flank mirrors the road, the shoulder the sky.
    const first = outline[1]![0]
    const last = outline.at(-2)![0]
    box(first + 0.05, 0.3, last - 0.05, 0.52, paint - 0.35)
    box(first + 0.15, belt - 0.1, last - 0.7, belt - 0.04, paint + 0.35)
    painter.polygon(on(window), glass, pose)
    this.#gloss(travelled, (from, to) => {
      const z0 = window[0]![0] + ((from + 1) / 2) * (window.at(-1)![0] - window[0]![0]) * 0.8 + 0.2
      box(z0, belt + 0.08, z0 + (to - from) * 0.8, belt + 0.3, glass + 0.8)
    })
    for (const z of pillars) box(z - 0.045, belt, z + 0.045, this.height - 0.1, paint)
    for (const z of [pillars[0]! - 0.02, pillars[1]! + 0.03, pillars[1]! + 1.05]) {
      box(z, 0.4, z + 0.03, belt, paint - 0.6)
    }
    box(pillars[0]! + 0.12, belt - 0.2, pillars[0]! + 0.32, belt - 0.15, paint - 0.7)
    box(pillars[1]! + 0.15, belt - 0.2, pillars[1]! + 0.35, belt - 0.15, paint - 0.7)
    for (const z of wheels) this.#wheel(painter, pose, side, z, travelled)
  }

  #wheel(painter: Painter, pose: Pose, side: number, z: number, travelled: number): void {
    const x = side * (this.look.width / 2)
    const disc = (radius: number) => {
      const corners: number[] = []
      for (let i = 0; i < 12; i++) {
        corners.push(x, 0.32 + radius * sine(i / 12), z + radius * cosine(i / 12))
      }
      return corners
    }
    painter.polygon(disc(0.37), -1.4, pose)
    painter.polygon(disc(0.32), TYRE, pose)
    painter.polygon(disc(0.2), 0.15, pose)
    for (let spoke = 0; spoke < 5; spoke++) {
      const turn = spoke / 5 - travelled / (2 * Math.PI * 0.32)
      const c = cosine(turn)
      const s = sine(turn)
      const corner = (along: number, across: number) => [
        x,
        0.32 + s * along + c * across,
        z + c * along - s * across,
      ]
      painter.polygon(
        [
          ...corner(0.06, -0.03),
          ...corner(0.2, -0.05),
          ...corner(0.2, 0.05),
          ...corner(0.06, 0.03),
        ],
        -0.6,
        pose,
      )
    }
  }
}
