// A street and what grows along it: road, kerbs, marks, poles, trees. Everything is a list of flat polygons with a log
// intensity each, drawn once from the seed and painted from wherever the camera is.
import { Mesh } from './mesh.js'
import { FAR } from './painter.js'
import type { Random } from './random.js'

/** Log intensities relative to asphalt. */
export const SKY = 1.6
const PAVEMENT = 0.35
const KERB = 0.6
const MARK = 1.1
const WORN = 0.75

/** Cross-section of a street; x in metres from the camera's lane. */
export interface StreetPlan {
  leftKerb: number
  rightKerb: number
  leftWall: number
  rightWall: number
  /** Metres after which it repeats. */
  length: number
  /** A cross street, without walls and kerbs. */
  junction?: { from: number; to: number }
}

/** Road, pavements, kerbs, lane marks, and patches in the asphalt. */
export function makeRoad(plan: StreetPlan, random: Random): Mesh {
  const { length, leftKerb, rightKerb, leftWall, rightWall, junction } = plan
  const road = new Mesh(length)
  const stretches = junction
    ? [
        [0, junction.from],
        [junction.to, length],
      ]
    : [[0, length]]
  for (const [z0, z1] of stretches as [number, number][]) {
    road.flat(PAVEMENT, leftWall, z0, leftKerb, z1).flat(KERB, leftKerb - 0.15, z0, leftKerb, z1)
    road
      .flat(PAVEMENT, rightKerb, z0, rightWall, z1)
      .flat(KERB, rightKerb, z0, rightKerb + 0.15, z1)
    for (let z = z0; z < z1; z += random.range(1.5, 4)) {
      // Slabs, drains and shadows on the pavements.
      const left = random.chance(0.5)
      const [x0, x1] = left ? [leftWall, leftKerb - 0.2] : [rightKerb + 0.2, rightWall]
      road.flat(PAVEMENT + random.range(-0.3, 0.2), x0, z, x1, z + random.range(0.05, 0.5))
    }
  }
  for (let z = 0; z < length; z += random.range(1.2, 5)) {
    const x = random.range(leftKerb, rightKerb)
    const [w, d] = [random.range(0.3, 1.6), random.range(0.05, 1.2)]
    road.flat(random.range(-0.22, 0.18), x, z, x + w, z + d)
  }
  const middle = leftKerb + (rightKerb - leftKerb) / 2 - 0.6
  for (let z = 0; z < length - 3; z += 6) {
    if (junction && z + 3 > junction.from - 5 && z < junction.to + 5) continue
    road.flat(MARK, middle - 0.08, z, middle + 0.08, z + 3)
  }
  if (junction) {
    for (const z of [junction.from - 3.2, junction.to + 0.6]) {
      for (let x = leftKerb + 0.4; x < rightKerb - 0.4; x += 1)
        road.flat(WORN, x, z, x + 0.5, z + 2.6)
    }
    road.flat(MARK, -1.7, junction.from - 4.4, rightKerb - 0.3, junction.from - 4)
  }
  return road
}

/** The ground up to the end of the view, and houses there, where the street bends. Both stay ahead of the camera. */
export function makeSkyline(random: Random): Mesh {
  const end = FAR - 2
  const skyline = new Mesh(end)
  for (let x = -90; x < 90; ) {
    const width = random.range(5, 14)
    const height = random.range(6, 11)
    const level = random.range(0.4, 1.1)
    skyline.upright(level, x, -2, x + width, height)
    for (let y = 3; y < height - 2; y += 3.2) {
      for (let w = x + 1; w < x + width - 1.5; w += 2.6)
        skyline.upright(level - 0.5, w, y, w + 1.2, y + 1.6)
    }
    x += width
  }
  return skyline.flat(0, -400, 0, 400, end)
}

/** A lamp post, or a post with a sign. */
export function makePole(x: number, z: number, arm: number, random: Random): Mesh {
  const pole = new Mesh(z)
  const level = random.range(-0.9, -0.3)
  if (random.chance(0.6)) {
    const height = random.range(5, 7)
    pole.upright(level, x - 0.07, 0, x + 0.07, height)
    pole.upright(level, Math.min(x, x + arm), height - 0.12, Math.max(x, x + arm), height)
    pole.upright(1.3, x + arm - 0.25, height - 0.22, x + arm + 0.25, height - 0.1)
  } else {
    pole.upright(level, x - 0.04, 0, x + 0.04, 2.6)
    pole.upright(random.pick([-0.8, 0.9]), x - 0.32, 1.95, x + 0.32, 2.6)
    pole.upright(random.pick([1.3, -0.4]), x - 0.24, 2.03, x + 0.24, 2.52)
  }
  return pole
}

/** A trunk under a crown of leaf clusters, some against the light and some in it. */
export function makeTree(x: number, z: number, random: Random): Mesh {
  const tree = new Mesh(z)
  const crown = random.range(1.1, 1.8)
  const middle = random.range(3.4, 4.6)
  tree.upright(-0.7, x - 0.13, 0, x + 0.13, middle)
  for (let i = 0; i < 110; i++) {
    const dx = random.range(-1, 1)
    const dy = random.range(-1, 1)
    if (dx * dx + dy * dy > 1) continue
    const size = random.range(0.08, 0.28)
    const [cx, cy] = [x + dx * crown, middle + 0.5 + dy * crown * 0.9]
    const tilt = random.range(-0.6, 0.6) * size
    const level = random.chance(0.7) ? random.range(-0.9, -0.1) : random.range(0.1, 0.9)
    const [l, r, d, u] = [cx - size, cx + size, cy - size * 0.6, cy + size * 0.6]
    tree.polygon(level, l, cy, z, cx + tilt, d, z, r, cy, z, cx - tilt, u, z)
  }
  return tree
}

/** A tree without leaves: a trunk that forks into branches, each thinner than the one it grows from. */
export function makeBareTree(x: number, z: number, random: Random): Mesh {
  const tree = new Mesh(z)
  const level = random.range(-1.1, -0.4)
  const grow = (x0: number, y0: number, dx: number, dy: number, thick: number, forks: number) => {
    const [x1, y1] = [x0 + dx, y0 + dy]
    tree.polygon(
      level,
      x0 - thick,
      y0,
      z,
      x0 + thick,
      y0,
      z,
      x1 + thick * 0.7,
      y1,
      z,
      x1 - thick * 0.7,
      y1,
      z,
    )
    if (forks === 0) return
    for (let n = 2 + random.below(2); n > 0; n--) {
      const lean = random.range(-0.75, 0.75)
      const size = random.range(0.6, 0.85)
      grow(x1, y1, (dx + dy * lean) * size, (dy - dx * lean) * size, thick * 0.6, forks - 1)
    }
  }
  grow(x, 0, random.range(-0.2, 0.2), random.range(1.6, 2.6), random.range(0.09, 0.17), 4)
  return tree
}
