// A car: a side outline pulled across its width, with windows, lamps, wheels and reflections painted on. One body serves
// every view, from behind, from the front, parked at the kerb and crossing, and grows and turns as a real one does.

import type { CarLook } from './car-look.js'
import { MARKS, TYRE } from './car-marks.js'
import { type Part, SHAPES, type Shape } from './car-shapes.js'
import type { Corners, Painter, Pose } from './painter.js'
import { fillDisc, paintWheel } from './wheel.js'

const SHADOW = -1.3

/** A painted surface in the car's own axes. */
interface Surface {
  corners: Float64Array
  level: number
  lamp: boolean
}

interface Strip {
  y: number
  z: number
  ny: number
  nz: number
  at: number
  part: Part
  surfaces: Surface[]
}

/** The painted surfaces of one car, in its own axes: x across, y up, z from rear to front, origin under its middle. */
export class CarBody {
  readonly length: number
  readonly height: number
  readonly #shape: Shape
  readonly #strips: Strip[] = []
  /** Flank and glass; then, over the reflections in the glass, pillars and seams. Left, right. */
  readonly #flanks: { under: Surface[]; over: Surface[] }[]
  readonly #shadows: Float64Array[]
  readonly #tyres: Float64Array[][]

  constructor(readonly look: CarLook) {
    const shape = SHAPES[look.shape]!
    const s = look.scale
    const tall = s * look.tall
    const points = (list: Shape['outline']) => list.map(([z, y]) => [z * s, y * tall] as const)
    this.length = shape.outline.at(-1)![0] * s
    this.height = Math.max(...shape.outline.map(([, y]) => y)) * tall
    const middle = this.length / 2
    this.#shape = {
      ...shape,
      outline: points(shape.outline).map(([z, y]) => [z - middle, y] as const),
      window: points(shape.window).map(([z, y]) => [z - middle, y] as const),
      pillars: shape.pillars.map((z) => z * s - middle),
      wheels: [shape.wheels[0] * s - middle, shape.wheels[1] * s - middle],
      belt: shape.belt * tall,
    }
    for (const [at, part] of shape.parts.entries()) {
      const [z0, y0] = this.#shape.outline[at]!
      const [z1, y1] = this.#shape.outline[at + 1]!
      const place = { y: (y0 + y1) / 2, z: (z0 + z1) / 2, ny: z1 - z0, nz: y0 - y1 }
      // The outline runs upwards at the rear and downwards at the front.
      const surfaces = this.#stripSurfaces(at, part, at > shape.parts.length / 2)
      this.#strips.push({ ...place, at, part, surfaces })
    }
    this.#flanks = [-1, 1].map((side) => ({ under: this.#under(side), over: this.#over(side) }))
    this.#shadows = [
      Float64Array.from(this.#ground(0.12, look.shadowAside)),
      Float64Array.from(this.#ground(-0.1, 0)),
    ]
    this.#tyres = [this.#tyresAt(-0.3, 0), this.#tyresAt(0.3, 1)]
  }

  /** Paints the car where it stands; `travelled` metres turn its wheels and move the street's image in its windows. */
  paint(painter: Painter, pose: Pose, travelled: number): void {
    const { owner } = painter
    painter.owner = 0
    painter.polygon(this.#shadows[0]!, SHADOW * 0.55 * this.look.shadow, pose)
    painter.polygon(this.#shadows[1]!, SHADOW * this.look.shadow, pose)
    painter.owner = owner
    // The camera in the car's axes tells which surfaces face it.
    const dx = painter.view.x - pose.x
    const dz = painter.view.z - pose.z
    const eyeX = dx * pose.cos - dz * pose.sin
    const eyeZ = dx * pose.sin + dz * pose.cos
    for (const tyre of this.#tyres[eyeZ < 0 ? 0 : 1]!) painter.polygon(tyre, TYRE, pose)
    for (const strip of this.#strips) {
      const facing = strip.ny * (painter.view.y - strip.y) + strip.nz * (eyeZ - strip.z)
      if (facing <= 0) continue
      paintAll(painter, strip.surfaces, pose)
      if (strip.part !== 'roof' && strip.part !== 'bed')
        this.#mirror(painter, pose, strip, travelled)
      if (strip.part === 'glass') {
        this.#gloss(travelled, (from, to) => {
          const corners = this.#onStrip(strip.at, from, to, 0.1, 0.9)
          painter.polygon(corners, this.look.glass + 0.75, pose)
        })
      }
    }
    const half = this.look.width / 2
    if (eyeX > half) this.#side(painter, pose, 1, travelled)
    else if (eyeX < -half) this.#side(painter, pose, 0, travelled)
  }

  /** Half the width at a height: widest at the waist, the cabin leans inwards and is round at the roof. */
  #half(y: number): number {
    const { belt } = this.#shape
    const body = this.look.width / 2
    if (y < belt) {
      const below = (belt - y) / belt
      return body * (1 - 0.07 * below * below)
    }
    const above = (y - belt) / (this.height - belt)
    const square = above * above
    return body * (1 - 0.15 * above - this.look.round * square * square)
  }

  /** Round the car on the ground, and farther to the side that the sun throws its shadow to. */
  #ground(margin: number, aside: number): number[] {
    const right = this.look.width / 2 + margin + Math.max(aside, 0)
    const left = -this.look.width / 2 - margin + Math.min(aside, 0)
    const l = this.length / 2 + margin
    return [left, 0, -l, right, 0, -l, right, 0, l, left, 0, l]
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

  #stripSurfaces(at: number, part: Part, front: boolean): Surface[] {
    const { look } = this
    const shade = part === 'roof' || part === 'bonnet' ? look.shade.top : look.shade.end
    const bases = { paint: look.paint + shade, glass: look.glass, asphalt: 0, head: 0, rear: 0 }
    return MARKS[front && part === 'bumper' ? 'frontBumper' : part].flatMap((mark, index) => {
      const [u0, u1, v0, v1, level, from] = look.vary(mark, index)
      // Marks are given from below.
      const place = (reach: number) => {
        const [du, dv] = [reach * (u1 - u0), reach * (v1 - v0)]
        const [low, high] = front ? [1 - v0 + dv, 1 - v1 - dv] : [v0 - dv, v1 + dv]
        return u0 === -1 && u1 === 1
          ? this.#acrossStrip(at, low, high)
          : this.#onStrip(at, u0 - du, u1 + du, low, high)
      }
      if (look.lights === 0 || (from !== 'head' && from !== 'rear'))
        return [surface(place(0), level + bases[from])]
      const shine = from === 'head' ? look.lights : look.lights * 0.7
      const lamp = surface(place(0), shine, true)
      // By night a lamp dazzles: its light spreads in the lens.
      return look.lights > 1.9 ? [surface(place(0.5), shine - 1, true), lamp] : [lamp]
    })
  }

  /** A strip from side to side, along the curve of both. */
  #acrossStrip(at: number, v0: number, v1: number): number[] {
    const steps = [0, 0.25, 0.5, 0.75, 1].map((step) => v0 + (v1 - v0) * step)
    const side = (u: number, v: number) => this.#onStrip(at, u, u, v, v).slice(0, 3)
    return [...steps.flatMap((v) => side(-1, v)), ...steps.reverse().flatMap((v) => side(1, v))]
  }

  /** The surroundings in glass and paint: patches that wander over a strip as the car moves. */
  #mirror(painter: Painter, pose: Pose, strip: Strip, travelled: number): void {
    for (const { u, v, width, height, level, pace } of this.look.mirrored) {
      const turn = u + travelled * pace
      const from = 1.9 * (turn - Math.floor(turn)) - 0.95
      const to = Math.min(from + width, 0.9)
      if (to <= from) continue
      const base = strip.part === 'glass' ? this.look.glass : this.look.paint + this.look.shade.end
      const corners = this.#onStrip(strip.at, from, to, v, Math.min(v + height, 0.92))
      painter.polygon(corners, base + (strip.part === 'glass' ? level : 0.5 * level), pose)
    }
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
  #tyresAt(beyond: number, axle: 0 | 1): Float64Array[] {
    const w = this.look.width / 2
    const z = this.#shape.wheels[axle] + beyond
    return [-1, 1].map((side) => {
      const outer = side * (w - 0.02)
      const inner = side * (w - 0.24)
      return Float64Array.of(inner, 0, z, outer, 0, z, outer, 0.45, z, inner, 0.45, z)
    })
  }

  #onFlank(side: number, list: Shape['outline']): number[] {
    return list.flatMap(([z, y]) => [side * this.#half(y), y, z])
  }

  #box(side: number, z0: number, y0: number, z1: number, y1: number): number[] {
    return this.#onFlank(side, [
      [z0, y0],
      [z0, y1],
      [z1, y1],
      [z1, y0],
    ])
  }

  #under(side: number): Surface[] {
    const { glass, shade } = this.look
    const { outline, window, belt } = this.#shape
    const paint = this.look.paint + (side < 0 ? shade.left : shade.right)
    const first = outline[1]![0]
    const last = outline.at(-2)![0]
    return [
      surface(this.#onFlank(side, rounded(rounded(outline, 0.5), 0.5)), paint),
      // The lower half of a flank mirrors the road, the shoulder the sky.
      surface(this.#box(side, first + 0.05, 0.3, last - 0.05, 0.52), paint - 0.35),
      surface(this.#box(side, first + 0.15, belt - 0.1, last - 0.7, belt - 0.04), paint + 0.35),
      surface(this.#onFlank(side, rounded(rounded(window, 0), 0)), glass),
    ]
  }

  #over(side: number): Surface[] {
    const { shade } = this.look
    const { pillars, belt } = this.#shape
    const paint = this.look.paint + (side < 0 ? shade.left : shade.right)
    const box = (z0: number, y0: number, z1: number, y1: number, level: number) =>
      surface(this.#box(side, z0, y0, z1, y1), level)
    const mirror = pillars[1]! + 0.75
    return [
      ...pillars.map((z) => box(z - 0.045, belt, z + 0.045, this.height - 0.1, paint)),
      ...[pillars[0]! - 0.02, pillars[1]! + 0.03, pillars[1]! + 1.05].map((z) =>
        box(z, 0.4, z + 0.03, belt, paint - 0.6),
      ),
      box(pillars[0]! + 0.12, belt - 0.2, pillars[0]! + 0.32, belt - 0.15, paint - 0.7),
      box(pillars[1]! + 0.15, belt - 0.2, pillars[1]! + 0.35, belt - 0.15, paint - 0.7),
      box(mirror, belt + 0.02, mirror + 0.2, belt + 0.15, paint - 0.3),
    ]
  }

  #side(painter: Painter, pose: Pose, right: 0 | 1, travelled: number): void {
    const { under, over } = this.#flanks[right]!
    const { window, wheels, belt } = this.#shape
    const side = right === 1 ? 1 : -1
    paintAll(painter, under, pose)
    this.#gloss(travelled, (from, to) => {
      const z0 = window[0]![0] + ((from + 1) / 2) * (window.at(-1)![0] - window[0]![0]) * 0.8 + 0.2
      const corners = this.#box(side, z0, belt + 0.08, z0 + (to - from) * 0.8, belt + 0.3)
      painter.polygon(corners, this.look.glass + 0.8, pose)
    })
    const { outline } = this.#shape
    const length = outline.at(-2)![0] - outline[1]![0]
    for (const { u, v, width, height, level, pace } of this.look.mirrored) {
      const turn = u + 0.37 + travelled * pace
      const z0 = outline[1]![0] + 0.2 + (turn - Math.floor(turn)) * (length - 0.8)
      const z1 = Math.min(z0 + width, outline.at(-2)![0] - 0.5)
      const y0 = 0.4 + v * (belt - 0.5)
      const y1 = y0 + height * 0.25
      const shade = side < 0 ? this.look.shade.left : this.look.shade.right
      const paint = this.look.paint + shade + 0.5 * level
      if (z1 > z0) painter.polygon(this.#box(side, z0, y0, z1, y1), paint, pose)
    }
    paintAll(painter, over, pose)
    const x = (side * this.look.width) / 2
    // The arches are as dark as the tyres, and wider.
    for (const z of wheels) fillDisc(painter, pose, x, z, 0.34, 0.39, TYRE - 0.1)
    for (const z of wheels) paintWheel(painter, pose, x, z, 0.33, travelled, this.look.wheel)
  }
}

/** A polygon whose corners are cut off at a quarter of each side, but for those below `sharp`: metal bends. */
function rounded(list: Shape['outline'], sharp: number): (readonly [number, number])[] {
  return list.flatMap(([z, y], i) => {
    const [za, ya] = list[(i + list.length - 1) % list.length]!
    const [zb, yb] = list[(i + 1) % list.length]!
    if (y < sharp) return [[z, y] as const]
    return [
      [z + (za - z) * 0.25, y + (ya - y) * 0.25] as const,
      [z + (zb - z) * 0.25, y + (yb - y) * 0.25] as const,
    ]
  })
}

function surface(corners: Corners, level: number, lamp = false): Surface {
  return { corners: Float64Array.from(corners), level, lamp }
}

function paintAll(painter: Painter, surfaces: readonly Surface[], pose: Pose): void {
  for (const { corners, level, lamp } of surfaces) {
    if (lamp) painter.lamp(corners, level, pose)
    else painter.polygon(corners, level, pose)
  }
}
