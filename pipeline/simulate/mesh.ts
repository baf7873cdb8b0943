// Polygons that stand still and are painted together, from wherever the camera is.
import { FAR, type Painter } from './painter.js'

/** A flat polygon of the world: corners x, y, z in metres, log intensity relative to asphalt. */
export interface Face {
  corners: Float64Array
  level: number
  /** Largest side of its bounding box, metres. */
  size: number
  /** Shines by itself. */
  lamp: boolean
}

/** Faces whose largest side is less than this many pixels are left out: lens blur leaves nothing of them. */
const LEAST_PIXELS = 0.6

/** Polygons that are painted together, in order, by the distance of one point. */
export class Mesh {
  readonly faces: Face[] = []
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
    let size = 0
    for (let axis = 0; axis < 3; axis++) {
      let least = corners[axis]!
      let most = least
      for (let i = axis; i < corners.length; i += 3) {
        if (corners[i]! < least) least = corners[i]!
        if (corners[i]! > most) most = corners[i]!
      }
      size = Math.max(size, most - least)
      if (axis === 0) {
        this.#left = Math.min(this.#left, least)
        this.#right = Math.max(this.#right, most)
      } else if (axis === 2) {
        this.#nearest = Math.min(this.#nearest, least)
        this.#farthest = Math.max(this.#farthest, most)
      }
    }
    this.faces.push({ corners: Float64Array.from(corners), level, size, lamp })
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
    const scale = view.focal / LEAST_PIXELS
    for (const { corners, level, size, lamp } of this.faces) {
      const depth = painter.depth(corners[0]! + aside, corners[2]! + offset)
      // The first corner may be the far one: a face is left out only when its nearest could not show either.
      if (size * scale < depth - size || depth - size > FAR) continue
      if (lamp) painter.lamp(corners, level, pose)
      else painter.polygon(corners, level, pose)
    }
  }
}
