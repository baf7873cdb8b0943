// Polygons that stand still and are painted together, from wherever the camera is.
import { FAR, type Painter } from './painter.js'

/** A flat polygon of the world: corners x, y, z in metres, log intensity relative to asphalt. */
export interface Face {
  corners: Float64Array
  level: number
  /** Shines by itself. */
  lamp: boolean
}

/**
 * Faces are left out whose largest side must be shorter, or whose area smaller, than this many pixels: they would change
 * a pixel by less than a sensor's threshold, and lens blur leaves nothing of them. Most of a long street is that small.
 */
const LEAST_PIXELS = 0.6
const LEAST_AREA = 0.2
/** Numbers per face in the table that says which to leave out: first corner, largest side, area along x, y and z. */
const EXTENT = 7

/** Polygons that are painted together, in order, by the distance of one point. */
export class Mesh {
  readonly faces: Face[] = []
  #extents = new Float64Array(64 * EXTENT)
  #nearest = Number.POSITIVE_INFINITY
  #farthest = Number.NEGATIVE_INFINITY
  #left = Number.POSITIVE_INFINITY
  #right = Number.NEGATIVE_INFINITY
  /** Swing of the whole in the wind, metres; its own phase, in turns. */
  sway = 0
  phase = 0

  /** @param z where the mesh stands for the order of painting, metres */
  constructor(readonly z: number) {}

  polygon(level: number, ...corners: number[]): this {
    return this.#add(level, corners, false)
  }

  /** A polygon that shines by itself. */
  lamp(level: number, ...corners: number[]): this {
    return this.#add(level, corners, true)
  }

  #add(level: number, corners: number[], lamp: boolean): this {
    const sides = [0, 1, 2].map((axis) => {
      let least = corners[axis]!
      let most = least
      for (let i = axis; i < corners.length; i += 3) {
        if (corners[i]! < least) least = corners[i]!
        if (corners[i]! > most) most = corners[i]!
      }
      if (axis === 0) {
        this.#left = Math.min(this.#left, least)
        this.#right = Math.max(this.#right, most)
      } else if (axis === 2) {
        this.#nearest = Math.min(this.#nearest, least)
        this.#farthest = Math.max(this.#farthest, most)
      }
      return most - least
    })
    const at = this.faces.length * EXTENT
    if (at === this.#extents.length) {
      const grown = new Float64Array(2 * at)
      grown.set(this.#extents)
      this.#extents = grown
    }
    const area = [0, 0, 0]
    for (let i = 0; i < corners.length; i += 3) {
      const j = (i + 3) % corners.length
      for (let axis = 0; axis < 3; axis++) {
        const [u, v] = [(axis + 1) % 3, (axis + 2) % 3]
        area[axis]! += 0.5 * (corners[i + u]! * corners[j + v]! - corners[j + u]! * corners[i + v]!)
      }
    }
    this.#extents.set([corners[0]!, corners[1]!, corners[2]!, Math.max(...sides), ...area], at)
    this.faces.push({ corners: Float64Array.from(corners), level, lamp })
    return this
  }

  /** A rectangle that faces the camera. */
  upright(level: number, x0: number, y0: number, x1: number, y1: number, z = this.z): this {
    return this.polygon(level, x0, y0, z, x1, y0, z, x1, y1, z, x0, y1, z)
  }

  /** A rectangle on the ground. */
  flat(level: number, x0: number, z0: number, x1: number, z1: number): this {
    return this.polygon(level, x0, 0, z0, x1, 0, z0, x1, 0, z1, x0, 0, z1)
  }

  /** A rectangle in a wall along the street. */
  wall(level: number, x: number, z0: number, y0: number, z1: number, y1: number): this {
    return this.polygon(level, x, y0, z0, x, y1, z0, x, y1, z1, x, y0, z1)
  }

  /** Middle of the ground that it covers, metres. */
  get middle(): { x: number; z: number } {
    return { x: (this.#left + this.#right) / 2, z: (this.#nearest + this.#farthest) / 2 }
  }

  /** Its end farthest up the street, metres. */
  get end(): number {
    return this.#farthest
  }

  /** Half the way round it at most: no part is farther from its middle. */
  get radius(): number {
    return (this.#right - this.#left + this.#farthest - this.#nearest) / 2
  }

  /** Paints the mesh `offset` metres farther down the street than it was laid out, and `aside` metres to the right. */
  paint(painter: Painter, offset: number, aside = 0): void {
    if (this.faces.length === 0) return
    const { view } = painter
    const { x, z } = this.middle
    if (!painter.sees(x + aside, z + offset, this.radius)) return
    const pose = { x: aside, z: offset, sin: 0, cos: 1 }
    const perSide = view.focal / LEAST_PIXELS
    const perArea = (view.focal * view.focal) / LEAST_AREA
    const slope = painter.slope
    const { sin, cos } = view
    const left = aside - view.x
    const behind = offset - view.z
    const extents = this.#extents
    for (let i = 0, at = 0; i < this.faces.length; i++, at += EXTENT) {
      const dx = extents[at]! + left
      const dz = extents[at + 2]! + behind
      const depth = dx * sin + dz * cos
      const size = extents[at + 3]!
      // The first corner may be the far one: a face is left out only when its nearest could not show either.
      const nearest = depth - size
      if (nearest > FAR || size * perSide < nearest) continue
      const off = dx * cos - dz * sin
      if ((off < 0 ? -off : off) - depth * slope > 2 * size * (1 + slope)) continue
      if (nearest > 3 * size) {
        // Seen edge on, a face shows little of its area.
        const dy = extents[at + 1]! - view.y
        const facing = dx * extents[at + 4]! + dy * extents[at + 5]! + dz * extents[at + 6]!
        if ((facing < 0 ? -facing : facing) * perArea < depth * depth * depth) continue
      }
      const { corners, level, lamp } = this.faces[i]!
      if (lamp) painter.lamp(corners, level, pose)
      else painter.polygon(corners, level, pose)
    }
  }
}
