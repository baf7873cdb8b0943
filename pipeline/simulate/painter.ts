// From metres to pixels: a pinhole camera above a flat street, and the polygons that it sees.
//
// World axes: x to the right, y up, z forward; the ground is y = 0. The camera turns about the upright axis; its pitch
// and its shaking are a shift of the whole picture: at 0.5 degrees the error of that is below a tenth of a pixel.
import type { LogCanvas } from './canvas.js'

/** Where the camera is and how its picture is shifted. */
export interface View {
  /** Metres. */
  x: number
  y: number
  z: number
  /** It looks along (sin, cos) of its heading, as a body does. */
  sin: number
  cos: number
  /** Focal length in pixels. */
  focal: number
  /** Vanishing point in pixels, shake included. */
  centreX: number
  centreY: number
}

/** Where a body stands: its own z axis points along (sin, cos) of the heading. */
export interface Pose {
  x: number
  z: number
  sin: number
  cos: number
}

/** How the light of a scene changes what is painted. */
export interface Tone {
  /** Log intensities are multiplied by this: below 1 in the dark and in haze. */
  contrast: number
  /** Added to the log intensity of lamps: they flicker with the mains. */
  lamp: number
}

/** Corners of a flat polygon: x, y, z of each in turn, metres. */
export type Corners = readonly number[] | Float64Array

/** Nothing nearer than this is painted, in metres. */
const NEAR = 0.5
/** Nor is anything that lies farther off: a car there is 3 pixels wide. */
export const FAR = 160
const MOST_CORNERS = 64
const AT_REST: Pose = { x: 0, z: 0, sin: 0, cos: 1 }

/** Paints polygons of the world onto a canvas, in the order of the calls. */
export class Painter {
  view: View = { x: 0, y: 1, z: 0, sin: 0, cos: 1, focal: 266, centreX: 152, centreY: 110 }
  tone: Tone = { contrast: 1, lamp: 0 }
  /** Number that pixels get as their owner while the canvas tracks; 0 = nobody. */
  owner = 0
  readonly #x = new Float64Array(MOST_CORNERS)
  readonly #y = new Float64Array(MOST_CORNERS)
  readonly #z = new Float64Array(MOST_CORNERS)
  readonly #u = new Float64Array(MOST_CORNERS + 2)
  readonly #v = new Float64Array(MOST_CORNERS + 2)

  constructor(readonly canvas: LogCanvas) {}

  /** A flat polygon of the world, or of a body when a pose is given. */
  polygon(corners: Corners, level: number, pose: Pose = AT_REST): void {
    this.#paint(corners, level * this.tone.contrast, pose)
  }

  /** A polygon that shines by itself: as bright by night as by day. */
  lamp(corners: Corners, level: number, pose: Pose = AT_REST): void {
    this.#paint(corners, level + this.tone.lamp, pose)
  }

  /** Depth of a place before the camera, metres. */
  depth(x: number, z: number): number {
    const { view } = this
    return (x - view.x) * view.sin + (z - view.z) * view.cos
  }

  /** Metres to the side per metre of depth that the picture reaches at most. */
  get slope(): number {
    const { width } = this.canvas
    return Math.max(this.view.centreX, width - this.view.centreX) / this.view.focal
  }

  /** Whether any of what lies within `radius` metres of a place may be in the picture; errs towards true. */
  sees(x: number, z: number, radius: number): boolean {
    const { view, slope } = this
    const depth = this.depth(x, z)
    if (depth + radius < NEAR || depth - radius > FAR) return false
    const aside = (x - view.x) * view.cos - (z - view.z) * view.sin
    return Math.abs(aside) - depth * slope <= radius * (1 + slope)
  }

  #paint(corners: Corners, level: number, pose: Pose): void {
    const n = corners.length / 3
    const { view } = this
    const sin = pose.sin * view.cos - pose.cos * view.sin
    const cos = pose.cos * view.cos + pose.sin * view.sin
    const dx = pose.x - view.x
    const dz = pose.z - view.z
    const right = dx * view.cos - dz * view.sin
    const ahead = dx * view.sin + dz * view.cos
    const xs = this.#x
    const ys = this.#y
    const zs = this.#z
    let nearest = Number.POSITIVE_INFINITY
    let farthest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < n; i++) {
      const px = corners[3 * i]!
      const pz = corners[3 * i + 2]!
      const depth = ahead - px * sin + pz * cos
      xs[i] = right + px * cos + pz * sin
      ys[i] = corners[3 * i + 1]! - view.y
      zs[i] = depth
      if (depth < nearest) nearest = depth
      if (depth > farthest) farthest = depth
    }
    if (farthest <= NEAR || nearest >= FAR) return
    const kept = nearest >= NEAR ? this.#project(n) : this.#clip(n)
    if (kept >= 3) this.canvas.fill(this.#u, this.#v, kept, level, this.owner)
  }

  /** Covers everything. */
  background(level: number): void {
    this.canvas.level.fill(level * this.tone.contrast)
    if (this.canvas.tracking) this.canvas.owner.fill(0)
  }

  #project(n: number): number {
    const { focal, centreX, centreY } = this.view
    for (let i = 0; i < n; i++) {
      const scale = focal / this.#z[i]!
      this.#u[i] = centreX + this.#x[i]! * scale
      this.#v[i] = centreY - this.#y[i]! * scale
    }
    return n
  }

  /** Cuts off what lies nearer than NEAR; a convex polygon gains at most one corner. */
  #clip(n: number): number {
    const { focal, centreX, centreY } = this.view
    let kept = 0
    const put = (x: number, y: number, z: number) => {
      if (kept >= this.#u.length) return
      this.#u[kept] = centreX + (x * focal) / z
      this.#v[kept] = centreY - (y * focal) / z
      kept += 1
    }
    for (let i = 0, j = n - 1; i < n; j = i++) {
      const zi = this.#z[i]!
      const zj = this.#z[j]!
      if (zi >= NEAR !== zj >= NEAR) {
        const s = (NEAR - zj) / (zi - zj)
        put(
          this.#x[j]! + s * (this.#x[i]! - this.#x[j]!),
          this.#y[j]! + s * (this.#y[i]! - this.#y[j]!),
          NEAR,
        )
      }
      if (zi >= NEAR) put(this.#x[i]!, this.#y[i]!, zi)
    }
    return kept
  }
}
