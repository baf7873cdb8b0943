// Lorries, buses and trams: long boxes on wheels. They are labelled apart, for a lorry is no car to a Gen1 label.
import type { Painter, Pose } from './painter.js'
import type { Random } from './random.js'
import { paintWheel } from './wheel.js'

/** What a heavy vehicle is like; drawn once from the seed. Metres and log intensities relative to asphalt. */
export interface HeavyLook {
  kind: 'bus' | 'lorry'
  length: number
  width: number
  height: number
  body: number
  cab: number
  stripe: number
  windows: number
  /** Length of the cab of a lorry. */
  cabLength: number
  pitch: number
  lights: number
}

/** Draws a look. */
export function drawHeavy(random: Random, lights: number): HeavyLook {
  const bus = random.chance(0.45)
  return {
    kind: bus ? 'bus' : 'lorry',
    length: bus ? random.range(9, 13) : random.range(5.5, 11),
    width: random.range(2.2, 2.55),
    height: bus ? random.range(2.8, 3.2) : random.range(2.6, 3.9),
    body: random.range(-0.8, 1.3),
    cab: random.range(-0.9, 1.2),
    stripe: random.range(-1, 1.3),
    windows: random.range(-1.2, -0.4),
    cabLength: random.range(1.7, 2.3),
    pitch: random.range(1.1, 1.7),
    lights,
  }
}

/** Paints a heavy vehicle; its own axes are those of a car. */
export function paintHeavy(painter: Painter, look: HeavyLook, pose: Pose, travelled: number): void {
  const { length, width, height, body } = look
  const l = length / 2
  const w = width / 2
  const { view, owner } = painter
  painter.owner = 0
  painter.polygon([-w, 0, -l, w + 0.3, 0, -l, w + 0.3, 0, l, -w, 0, l], -1.3, pose)
  painter.owner = owner
  const dx = view.x - pose.x
  const dz = view.z - pose.z
  const eyeX = dx * pose.cos - dz * pose.sin
  const eyeZ = dx * pose.sin + dz * pose.cos
  const cabTop = look.kind === 'bus' ? height : Math.min(2.7, height)
  const cabFrom = look.kind === 'bus' ? l : l - look.cabLength
  if (Math.abs(eyeX) > w) {
    const side = eyeX > 0 ? 1 : -1
    const x = side * w
    const wall = (level: number, z0: number, y0: number, z1: number, y1: number) =>
      painter.polygon([x, y0, z0, x, y1, z0, x, y1, z1, x, y0, z1], level, pose)
    for (const z of wheelsOf(look)) paintWheel(painter, pose, x * 0.96, z, 0.48, travelled)
    wall(-1.1, -l + 0.3, 0.4, l - 0.3, 0.7)
    wall(body, -l, look.kind === 'bus' ? 0.35 : 0.75, cabFrom, height)
    wall(look.stripe, -l + 0.2, 1.1, cabFrom - 0.2, 1.35)
    if (look.kind === 'bus') {
      for (let z = -l + 0.4; z + look.pitch < l; z += look.pitch)
        wall(look.windows + 0.15 * (z > 0 ? 1 : -1), z, 1.45, z + look.pitch - 0.12, 2.45)
      wall(look.windows, l - 2.2, 0.45, l - 1.1, 2.45)
    } else {
      for (let z = -l + 0.8; z < cabFrom; z += look.pitch)
        wall(body - 0.35, z, 0.8, z + 0.05, height)
      wall(look.cab, cabFrom + 0.15, 0.5, l, cabTop)
      wall(look.windows, cabFrom + 0.6, 1.6, l - 0.15, 2.3)
    }
    for (const z of wheelsOf(look)) paintWheel(painter, pose, x, z, 0.48, travelled)
  }
  const face = (level: number, z: number, x0: number, y0: number, x1: number, y1: number) =>
    painter.polygon([x0, y0, z, x1, y0, z, x1, y1, z, x0, y1, z], level, pose)
  if (eyeZ > l) {
    if (look.kind === 'lorry') face(body + 0.1, cabFrom, -w, cabTop - 0.2, w, height)
    face(look.kind === 'bus' ? body : look.cab, l, -w, 0.35, w, cabTop)
    face(look.windows, l, -w * 0.92, 1.35, w * 0.92, 2.35)
    face(look.windows + 0.6, l, -w * 0.4, 1.5, w * 0.1, 2.2)
    if (look.kind === 'bus') face(1.2, l, -w * 0.6, 2.5, w * 0.6, 2.75)
    face(-0.9, l, -w * 0.95, 0.3, w * 0.95, 0.55)
    face(0.9, l, -0.28, 0.6, 0.28, 0.75)
    for (const s of [-1, 1]) lamp(painter, pose, s * w * 0.78, 0.75, l, 0.16, look.lights)
  } else if (eyeZ < -l) {
    face(body - 0.15, -l, -w, 0.55, w, height)
    face(-1.1, -l, -w * 0.95, 0.35, w * 0.95, 0.62)
    if (look.kind === 'bus') {
      face(look.windows, -l, -w * 0.85, 1.6, w * 0.85, 2.5)
      face(body - 0.6, -l, -w * 0.7, 0.7, w * 0.7, 1.3)
    } else {
      for (const x of [-0.03, -w * 0.95, w * 0.95 - 0.06])
        face(body - 0.7, -l, x, 0.7, x + 0.06, height - 0.1)
      face(look.stripe, -l, -w * 0.8, 1.2, -w * 0.2, 2)
    }
    face(1, -l, -0.26, 0.64, 0.26, 0.78)
    for (const s of [-1, 1]) lamp(painter, pose, s * w * 0.84, 0.85, -l, 0.13, look.lights * 0.7)
  }
}

function lamp(p: Painter, pose: Pose, x: number, y: number, z: number, r: number, lights: number) {
  const corners = [x - r, y - r, z, x + r, y - r, z, x + r, y + r, z, x - r, y + r, z]
  if (lights > 0) p.lamp(corners, lights, pose)
  else p.polygon(corners, 0.6, pose)
}

function wheelsOf({ kind, length }: HeavyLook): number[] {
  const l = length / 2
  if (kind === 'bus') return [-l + 3, l - 2.6]
  return length > 8 ? [-l + 1.2, -l + 2.4, l - 1.3] : [-l + 1.5, l - 1.2]
}
