// The ground and the skyline of a street of which a camera may see every side.
import { Mesh } from './mesh.js'
import { FAR } from './painter.js'
import type { Random } from './random.js'

/** Houses or trees all round at the end of the view, and the ground up to them; it stays about the camera. */
export function makeHorizon(random: Random): Mesh {
  const end = FAR - 8
  const mesh = new Mesh(0)
  const wooded = random.chance(0.4)
  const side = (
    put: (from: number, to: number, low: number, high: number, level: number) => void,
  ) => {
    for (let at = -end; at < end; ) {
      const width = wooded ? random.range(3, 9) : random.range(7, 20)
      const height = wooded ? random.range(3, 9) : random.range(4, 16)
      const level = random.range(wooded ? -0.6 : 0.1, wooded ? 0.3 : 1.2)
      put(at, at + width, -2, height, level)
      if (!wooded) {
        for (let y = 3; y < height - 2; y += 3.2)
          put(at + 1, at + width - 1, y, y + 1.4, level - 0.4)
      }
      at += width
    }
  }
  const depth = () => end - random.range(0, 20)
  side((a, b, y0, y1, level) => mesh.upright(level, a, y0, b, y1, depth()))
  side((a, b, y0, y1, level) => mesh.upright(level, a, y0, b, y1, -depth()))
  side((a, b, y0, y1, level) => mesh.wall(level, depth(), a, y0, b, y1))
  side((a, b, y0, y1, level) => mesh.wall(level, -depth(), a, y0, b, y1))
  return mesh.flat(random.range(-0.2, 0.2), -2 * FAR, -2 * FAR, 2 * FAR, 2 * FAR)
}

/** Grass, gravel or paving beside the street, with tufts and stains. */
export function makeVerge(x0: number, x1: number, length: number, random: Random): Mesh {
  const mesh = new Mesh(length)
  const level = random.range(-0.5, 0.7)
  mesh.flat(level, x0, 0, x1, length)
  for (let z = 0; z < length; z += random.range(0.6, 3)) {
    const x = random.range(x0, x1)
    mesh.flat(
      level + random.range(-0.4, 0.4),
      x,
      z,
      x + random.range(0.1, 1.5),
      z + random.range(0.05, 0.8),
    )
  }
  return mesh
}

/** Shadows that houses and trees throw on the road, and wet or mended places. */
export function makeStains(x0: number, x1: number, length: number, random: Random): Mesh {
  const mesh = new Mesh(length)
  const depth = random.range(-0.9, -0.3)
  const many = random.range(2, 25)
  for (let z = 0; z < length; z += random.range(0.3, many)) {
    const from = random.range(x0, x1)
    const to = random.chance(0.5) ? from + random.range(0.2, 2) : random.chance(0.5) ? x0 : x1
    const lean = random.range(-2, 2)
    const long = random.range(0.08, 3)
    const level = random.chance(0.7) ? depth : random.range(-0.4, 0.7)
    mesh.polygon(level, from, 0, z, to, 0, z + lean, to, 0, z + lean + long, from, 0, z + long)
  }
  return mesh
}
