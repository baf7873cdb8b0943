// Bicycles and motorcycles, ridden, pushed along or parked: flat in their own plane, with a rider who has width.
import { cosine, sine } from './math.js'
import type { Painter, Pose } from './painter.js'
import type { Random } from './random.js'
import { fillDisc, paintWheel } from './wheel.js'

/** What a two-wheeler is like; drawn once from the seed. Metres and log intensities relative to asphalt. */
export interface TwoWheelerLook {
  motor: boolean
  rider: boolean
  wheel: number
  /** Between the hubs. */
  base: number
  frame: number
  jacket: number
  trousers: number
  helmet: number
  lean: number
  lights: number
  phase: number
}

/** Draws a look. */
export function drawTwoWheeler(random: Random, rider: boolean, lights: number): TwoWheelerLook {
  const motor = random.chance(0.45)
  return {
    motor,
    rider,
    wheel: motor ? random.range(0.25, 0.33) : random.range(0.31, 0.36),
    base: motor ? random.range(1.2, 1.5) : random.range(0.98, 1.1),
    frame: random.range(-1, 1),
    jacket: random.range(-1.1, 1.3),
    trousers: random.range(-1.1, 0.3),
    helmet: random.range(-1, 1.3),
    lean: random.range(0.05, 0.35),
    lights,
    phase: random.unit(),
  }
}

const TWO_WHEELER_RIM = { spokes: 8, rim: 0.2, spoke: -0.5, tyre: -1.2, rimSize: 0.88 }
const MOTOR_RIM = { spokes: 5, rim: -0.2, spoke: 0.5, tyre: -1.3, rimSize: 0.62 }

/** Paints a two-wheeler; its own axes are those of a car. */
export function paintTwoWheeler(
  painter: Painter,
  look: TwoWheelerLook,
  pose: Pose,
  travelled: number,
): void {
  const { base, wheel, motor } = look
  const back = -base / 2
  const front = base / 2
  const { owner, view } = painter
  painter.owner = 0
  painter.polygon(
    [-0.25, 0, back - 0.3, 0.25, 0, back - 0.3, 0.25, 0, front + 0.3, -0.25, 0, front + 0.3],
    -0.7,
    pose,
  )
  painter.owner = owner
  // From ahead and behind a wheel is the width of its tyre.
  const tyre = motor ? 0.07 : 0.025
  for (const z of [back, front])
    painter.polygon([-tyre, 0, z, tyre, 0, z, tyre, 2 * wheel, z, -tyre, 2 * wheel, z], -1.2, pose)
  for (const z of [back, front])
    paintWheel(painter, pose, 0, z, wheel, travelled, motor ? MOTOR_RIM : TWO_WHEELER_RIM)
  const bar = (level: number, w: number, z0: number, y0: number, z1: number, y1: number) =>
    painter.polygon([0, y0 - w, z0, 0, y0 + w, z0, 0, y1 + w, z1, 0, y1 - w, z1], level, pose)
  const saddle = motor ? 0.8 : 0.95
  if (motor) {
    bar(look.frame, 0.16, back + 0.1, 0.62, front - 0.25, 0.72)
    bar(-0.7, 0.14, back + 0.35, 0.38, front - 0.35, 0.4)
    bar(-1, 0.07, back - 0.2, saddle, 0.15, saddle)
    bar(look.frame, 0.12, front - 0.5, 0.85, front - 0.1, 0.95)
    bar(0.3, 0.035, front, wheel, front - 0.25, 0.95)
  } else {
    bar(look.frame, 0.022, back, wheel, -0.1, 0.35)
    bar(look.frame, 0.022, -0.1, 0.35, -0.25, saddle)
    bar(look.frame, 0.022, -0.1, 0.35, front - 0.2, 0.85)
    bar(look.frame, 0.022, -0.2, 0.8, front - 0.2, 0.88)
    bar(look.frame, 0.022, front, wheel, front - 0.22, 0.98)
    bar(-1, 0.035, -0.38, saddle, -0.12, saddle)
  }
  const across = (level: number, z: number, x0: number, y0: number, x1: number, y1: number) =>
    painter.polygon([x0, y0, z, x1, y0, z, x1, y1, z, x0, y1, z], level, pose)
  const handle = motor ? 1.0 : 1.02
  across(-0.8, front - 0.25, -0.3, handle - 0.025, 0.3, handle + 0.025)
  if (motor) across(look.frame - 0.2, back - 0.15, -0.16, 0.55, 0.16, saddle + 0.05)
  if (look.rider) paintRider(painter, look, pose, travelled, saddle)
  if (look.lights > 0) {
    const r = 0.08
    const z = front - 0.1
    const facing = (view.x - pose.x) * pose.sin + (view.z - pose.z) * pose.cos > 0
    const at = facing ? z : back - 0.2
    const y = facing ? handle - 0.12 : saddle - 0.15
    painter.lamp([-r, y - r, at, r, y - r, at, r, y + r, at, -r, y + r, at], look.lights, pose)
  }
}

/** Someone on the saddle: legs that pedal, a back that leans, a helmet. */
function paintRider(
  painter: Painter,
  look: TwoWheelerLook,
  pose: Pose,
  travelled: number,
  saddle: number,
): void {
  const { motor } = look
  const hipZ = motor ? -0.15 : -0.22
  const shoulderZ = hipZ + 0.12 + look.lean
  const shoulder = saddle + 0.52
  const turn = look.phase - travelled / 5
  // A limb has width across the machine and in its plane: two quads that cross.
  const limb = (
    level: number,
    x: number,
    w: number,
    z0: number,
    y0: number,
    z1: number,
    y1: number,
  ) => {
    painter.polygon([x - w, y0, z0, x + w, y0, z0, x + w, y1, z1, x - w, y1, z1], level, pose)
    const [dz, dy] = Math.abs(z1 - z0) > Math.abs(y1 - y0) ? [0, w] : [w, 0]
    painter.polygon(
      [x, y0 - dy, z0 - dz, x, y0 + dy, z0 + dz, x, y1 + dy, z1 + dz, x, y1 - dy, z1 - dz],
      level,
      pose,
    )
  }
  for (const side of [-1, 1]) {
    const x = side * (motor ? 0.2 : 0.1)
    const phase = turn + side * 0.25
    const footZ = motor ? 0.05 : -0.1 + 0.17 * cosine(phase)
    const foot = motor ? 0.35 : 0.33 + 0.17 * sine(phase)
    const kneeZ = motor ? 0.3 : (hipZ + footZ) / 2 + 0.25
    const knee = motor ? 0.72 : (saddle + foot) / 2 + 0.12
    limb(look.trousers, x, 0.07, hipZ, saddle + 0.02, kneeZ, knee)
    limb(look.trousers - 0.15, x, 0.055, kneeZ, knee, footZ, foot)
    limb(
      look.jacket - 0.2,
      side * 0.24,
      0.045,
      shoulderZ,
      shoulder - 0.05,
      look.base / 2 - 0.25,
      1.02,
    )
  }
  limb(look.jacket, 0, 0.19, hipZ, saddle, shoulderZ, shoulder)
  painter.polygon(
    [-0.2, saddle, hipZ, 0.2, saddle, hipZ, 0.23, shoulder, shoulderZ, -0.23, shoulder, shoulderZ],
    look.jacket + 0.1,
    pose,
  )
  const head = shoulder + 0.16
  const z = shoulderZ + 0.08
  fillDisc(painter, pose, 0, z, head, 0.13, look.helmet)
  const round: number[] = []
  for (let i = 0; i < 8; i++) round.push(0.12 * cosine(i / 8), head + 0.14 * sine(i / 8), z)
  painter.polygon(round, look.helmet, pose)
}
