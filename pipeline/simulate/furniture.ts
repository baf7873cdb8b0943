// What stands about in a street and is no vehicle, though some of it has the size of one: boxes, bus stops, signs, lamps.
// Each is a mesh of a few faces with the marks that make edges.
import { Mesh } from './mesh.js'
import type { Random } from './random.js'

/** An upright box on the ground from (x0, z0) to (x1, z1): the faces that a camera can see from any side, and its top. */
export function addBox(
  mesh: Mesh,
  level: number,
  x0: number,
  x1: number,
  z0: number,
  z1: number,
  y0: number,
  y1: number,
  shade = 0.3,
): void {
  // Far faces first: seen from the street the near ones cover them, from either end of it.
  mesh.wall(level - shade, x0, z0, y0, z1, y1).wall(level + shade, x1, z0, y0, z1, y1)
  mesh.upright(level, x0, y0, x1, y1, z1)
  mesh.polygon(level + shade * 1.3, x0, y1, z0, x1, y1, z0, x1, y1, z1, x0, y1, z1)
  const inner = x0 > 0 ? x0 : x1
  mesh.wall(level - shade, inner, z0, y0, z1, y1)
  mesh.upright(level, x0, y0, x1, y1, z0)
}

/** A dark patch on the ground under something. */
function addShadow(mesh: Mesh, x0: number, x1: number, z0: number, z1: number): void {
  mesh.flat(-0.7, x0 - 0.15, z0 - 0.15, x1 + 0.25, z1 + 0.15)
}

/** A bin, cabinet, crate, container or market stall: from a person's width to a van's length. */
export function makeCrate(x: number, z: number, random: Random): Mesh {
  const large = random.chance(0.4)
  const width = large ? random.range(1.5, 2.3) : random.range(0.45, 1.2)
  const length = large ? random.range(1.8, 5.5) : random.range(0.4, 1.2)
  const height = large ? random.range(1.1, 2.6) : random.range(0.8, 1.5)
  const [x0, x1, z0, z1] = [x - width / 2, x + width / 2, z, z + length]
  const level = random.range(-1, 1.2)
  const shade = random.range(0.1, 0.5)
  const mesh = new Mesh(z)
  addShadow(mesh, x0, x1, z0, z1)
  addBox(mesh, level, x0, x1, z0, z1, 0.05, height, shade)
  const inner = x > 0 ? x0 : x1
  const mark = level + random.pick([-0.6, 0.6])
  // Ribs, lids, doors and notices.
  const ribs = random.below(6)
  for (let i = 1; i <= ribs; i++) {
    const across = x0 + (width * i) / (ribs + 1)
    mesh.upright(mark, across - 0.03, 0.1, across + 0.03, height * 0.95, z0)
    const along = z0 + (length * i) / (ribs + 1)
    mesh.wall(mark, inner, along - 0.03, 0.1, along + 0.03, height * 0.95)
  }
  if (random.chance(0.6)) mesh.upright(mark, x0, height * 0.82, x1, height * 0.88, z0)
  if (random.chance(0.5)) {
    const low = height * random.range(0.25, 0.5)
    const label = random.range(-0.9, 1.2)
    mesh.upright(label, x - width * 0.25, low, x + width * 0.2, low + height * 0.25, z0)
  }
  if (random.chance(0.3)) mesh.upright(-1.2, x0 + 0.1, 0, x1 - 0.1, 0.12, z0)
  return mesh
}

/** A bus stop: roof, posts, glass with a person-sized poster. */
export function makeShelter(x: number, z: number, random: Random): Mesh {
  const mesh = new Mesh(z)
  const [x0, x1] = x > 0 ? [x, x + 1.4] : [x - 1.4, x]
  const back = x > 0 ? x1 : x0
  const length = random.range(2.5, 4.5)
  const frame = random.range(-0.9, -0.2)
  mesh.wall(random.range(-0.3, 0.5), back, z, 0.3, z + length, 2.2)
  mesh.wall(0.2, back, z + 0.2, 0.4, z + length - 0.2, 0.5)
  const poster = random.range(0.2, 1.4)
  const shine = random.chance(0.4)
  for (const end of [z + length, z]) {
    const corners = [x0 + 0.1, 0.4, end, x1 - 0.1, 0.4, end, x1 - 0.1, 2, end, x0 + 0.1, 2, end]
    if (shine) mesh.lamp(poster, ...corners)
    else mesh.polygon(poster, ...corners)
    for (let i = 0; i < 5; i++) {
      const y = random.range(0.5, 1.7)
      const left = random.range(x0 + 0.15, x1 - 0.6)
      mesh.upright(
        poster - random.range(0.4, 1.2),
        left,
        y,
        left + random.range(0.1, 0.5),
        y + random.range(0.05, 0.3),
        end,
      )
    }
    mesh.upright(frame, x0, 0, x0 + 0.08, 2.35, end).upright(frame, x1 - 0.08, 0, x1, 2.35, end)
  }
  mesh.polygon(
    frame,
    x0 - 0.1,
    2.4,
    z - 0.1,
    x1,
    2.4,
    z - 0.1,
    x1,
    2.4,
    z + length,
    x0 - 0.1,
    2.4,
    z + length,
  )
  mesh.wall(frame + 0.3, x > 0 ? x0 - 0.1 : x1, z - 0.1, 2.3, z + length, 2.45)
  return mesh
}

/** A traffic sign, advertising board, banner or road-works barrier. */
export function makeSign(x: number, z: number, random: Random): Mesh {
  const mesh = new Mesh(z)
  const post = random.range(-0.9, 0.3)
  const kind = random.below(4)
  if (kind === 0) {
    // A barrier with slanting stripes.
    const width = random.range(1.2, 2.4)
    mesh.upright(1.2, x - width / 2, 0.55, x + width / 2, 0.95)
    for (let at = x - width / 2; at + 0.35 < x + width / 2; at += 0.4)
      mesh.polygon(-0.6, at, 0.55, z, at + 0.18, 0.55, z, at + 0.34, 0.95, z, at + 0.16, 0.95, z)
    mesh.upright(post, x - width / 2, 0, x - width / 2 + 0.06, 1)
    return mesh.upright(post, x + width / 2 - 0.06, 0, x + width / 2, 1)
  }
  if (kind === 1) {
    const [width, height] = [random.range(1, 3), random.range(0.8, 2.2)]
    const low = random.range(0.3, 2.5)
    const board = random.range(0, 1.4)
    mesh.upright(post, x - 0.08, 0, x + 0.08, low)
    mesh.upright(post, x - width / 2 - 0.06, low - 0.06, x + width / 2 + 0.06, low + height + 0.06)
    mesh.upright(board, x - width / 2, low, x + width / 2, low + height)
    for (let i = 0; i < 8; i++) {
      const left = random.range(x - width / 2, x + width / 2 - 0.3)
      const y = random.range(low, low + height - 0.2)
      mesh.upright(
        board + random.range(-1.3, 0.4),
        left,
        y,
        left + random.range(0.1, 0.3),
        y + random.range(0.05, 0.2),
      )
    }
    return mesh
  }
  const height = random.range(1.9, 2.6)
  mesh.upright(post, x - 0.04, 0, x + 0.04, height)
  const plates = 1 + random.below(3)
  for (let i = 0; i < plates; i++) {
    const half = random.range(0.22, 0.36)
    const top = height - i * 0.75
    const rim = random.pick([-0.7, 0.9])
    if (kind === 2) {
      mesh.upright(rim, x - half, top - 2 * half, x + half, top)
      mesh.upright(
        random.range(-0.6, 1.4),
        x - half * 0.75,
        top - 1.75 * half,
        x + half * 0.75,
        top - half * 0.25,
      )
    } else {
      mesh.polygon(rim, x - half, top - 1.7 * half, z, x + half, top - 1.7 * half, z, x, top, z)
      mesh.polygon(
        1.3,
        x - half * 0.6,
        top - 1.5 * half,
        z,
        x + half * 0.6,
        top - 1.5 * half,
        z,
        x,
        top - 0.45 * half,
        z,
      )
    }
  }
  return mesh
}

/** Lamp posts and traffic lights whose heads shine. */
export function makeLamp(x: number, z: number, random: Random): Mesh {
  const mesh = new Mesh(z)
  const level = random.range(-1, 0.2)
  const glow = random.range(1.6, 3)
  if (random.chance(0.35)) {
    const height = random.range(2.4, 3.2)
    mesh.upright(level, x - 0.06, 0, x + 0.06, height)
    mesh.upright(-1.1, x - 0.2, height - 1, x + 0.2, height)
    const lit = random.below(3)
    for (let i = 0; i < 3; i++) {
      const y = height - 0.22 - i * 0.3
      const corners = [
        x - 0.1,
        y - 0.1,
        z,
        x + 0.1,
        y - 0.1,
        z,
        x + 0.1,
        y + 0.1,
        z,
        x - 0.1,
        y + 0.1,
        z,
      ]
      if (i === lit) mesh.lamp(glow, ...corners)
      else mesh.polygon(-0.8, ...corners)
    }
    return mesh
  }
  const height = random.range(4, 8)
  const arm = (x > 0 ? -1 : 1) * random.range(0.2, 1.8)
  mesh.upright(level, x - 0.08, 0, x + 0.08, height)
  mesh.upright(level, Math.min(x, x + arm), height - 0.12, Math.max(x, x + arm), height)
  const [l, r, y] = [x + arm - 0.25, x + arm + 0.25, height - 0.25]
  return mesh.lamp(glow, l, y, z, r, y, z, r, y + 0.15, z, l, y + 0.15, z)
}
