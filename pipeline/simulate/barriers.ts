// What runs along a street and keeps people from crossing it: hedges, fences, guard rails, bollards.
import { addBox } from './furniture.js'
import { Mesh } from './mesh.js'
import type { Random } from './random.js'

/** A hedge along the street: a dark box of leaves. */
export function makeHedge(x: number, z0: number, z1: number, random: Random): Mesh {
  const height = random.range(0.7, 2)
  const half = random.range(0.3, 0.7)
  const level = random.range(-0.9, -0.3)
  const mesh = new Mesh(z0)
  addBox(mesh, level, x - half, x + half, z0, z1, 0, height, 0.15)
  const inner = x > 0 ? x - half : x + half
  const leaf = (put: (size: number, level: number) => void) => {
    put(random.range(0.05, 0.2), level + random.range(-0.6, 0.9))
  }
  const leaves = Math.min(160, Math.floor((z1 - z0) * height * 14))
  for (let i = 0; i < leaves; i++) {
    const z = random.range(z0, z1)
    const y = random.range(0.05, height)
    leaf((size, l) => mesh.wall(l, inner, z, y, z + size, y + size * 0.8))
    if (i % 4 !== 0) continue
    const across = random.range(x - half, x + half)
    leaf((size, l) => mesh.upright(l, across, y, across + size, y + size * 0.8, z0))
  }
  return mesh
}

/** Posts and rails, pickets, or the thin bars of a railing. */
export function makeFence(x: number, z0: number, z1: number, random: Random): Mesh {
  const mesh = new Mesh(z0)
  const level = random.chance(0.5) ? random.range(-1, -0.4) : random.range(0.5, 1.3)
  const height = random.range(0.8, 1.7)
  const kind = random.below(3)
  const pitch = [2, 0.14, 0.3][kind]!
  const bar = [0.05, 0.018, 0.1][kind]!
  for (const y of kind === 0 ? [height, height * 0.66, height * 0.33] : [height, 0.15])
    mesh.wall(level, x, z0, y - 0.05, z1, y)
  for (let z = z0; z < z1; z += pitch) {
    mesh.wall(level, x, z, 0, z + bar, height + (kind === 2 ? 0.06 : 0))
    if (kind === 0) mesh.upright(level, x - 0.05, 0, x + 0.05, height + 0.05, z)
  }
  return mesh
}

/** A steel guard rail. */
export function makeGuardRail(x: number, z0: number, z1: number, random: Random): Mesh {
  const mesh = new Mesh(z0)
  const level = random.range(0.3, 1.1)
  for (let z = z0; z < z1; z += 2) mesh.upright(-0.4, x - 0.06, 0, x + 0.06, 0.55, z)
  mesh.wall(level, x, z0, 0.42, z1, 0.72).wall(level - 0.5, x, z0, 0.54, z1, 0.6)
  return mesh
}

/** Bollards along the kerb. */
export function makeBollards(x: number, z: number, random: Random): Mesh {
  const mesh = new Mesh(z)
  const level = random.range(-0.9, 0.8)
  const pitch = random.range(1.1, 2)
  const count = 2 + random.below(5)
  for (let i = count - 1; i >= 0; i--) {
    const at = z + i * pitch
    mesh.upright(level, x - 0.07, 0, x + 0.07, 0.95, at)
    mesh.upright(level > 0 ? -0.8 : 1, x - 0.07, 0.78, x + 0.07, 0.86, at)
  }
  return mesh
}
