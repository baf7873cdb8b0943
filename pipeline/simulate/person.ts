// People on foot: figures that turn their flat side to the camera, with knees and elbows that bend through a walk cycle.
import { cosine, sine } from './math.js'
import type { Painter, Pose } from './painter.js'
import type { Random } from './random.js'

/** What a person is like; drawn once from the seed. Log intensities relative to asphalt. */
export interface PersonLook {
  height: number
  /** Across the shoulders against the height: 0.2 slim to 0.3 in a winter coat. */
  girth: number
  coat: number
  trousers: number
  hair: number
  skin: number
  /** How far a coat or skirt hangs below the hip, as a share of the height. */
  hem: number
  /** Carried on the back or in the hand; undefined: nothing. */
  bag?: { level: number; back: boolean }
  /** Length of a pair of steps, metres. */
  stride: number
  /** Where in the step it starts, in turns. */
  phase: number
}

/** Draws a look; one person in eight is a child. */
export function drawPerson(random: Random): PersonLook {
  const child = random.chance(0.12)
  const height = child ? random.range(1.0, 1.45) : random.range(1.52, 1.92)
  return {
    height,
    girth: random.range(0.22, 0.3),
    coat: random.chance(0.6) ? random.range(-1.1, -0.35) : random.range(0.4, 1.3),
    trousers: random.chance(0.8) ? random.range(-1.2, -0.3) : random.range(0.2, 1),
    hair: random.chance(0.75) ? random.range(-1.2, -0.5) : random.range(0, 0.9),
    skin: random.range(-0.1, 0.7),
    hem: random.chance(0.4) ? random.range(0.08, 0.26) : 0.04,
    bag: random.chance(0.35)
      ? { level: random.range(-1, 0.9), back: random.chance(0.5) }
      : undefined,
    stride: height * random.range(0.76, 0.92),
    phase: random.unit(),
  }
}

/** Where a person stands and which way it faces: 0 turns = up the street. */
export interface Stance {
  x: number
  z: number
  sin: number
  cos: number
}

/**
 * Paints a person who has walked `walked` metres; `stir` is how much of the cycle shows: 1 walking, 0 standing still.
 * Seen from the side the legs swing; from ahead and behind they lift and the shoulders sway.
 */
export function paintPerson(
  painter: Painter,
  look: PersonLook,
  stance: Stance,
  walked: number,
  stir = 1,
): void {
  const { view } = painter
  const h = look.height
  const pose: Pose = { x: stance.x, z: stance.z, sin: view.sin, cos: view.cos }
  // How much of the walk goes to the right in the picture, and how much away from the camera.
  const sideways = stance.sin * view.cos - stance.cos * view.sin
  const away = stance.sin * view.sin + stance.cos * view.cos
  const breadth = look.girth * h * (0.62 + 0.38 * Math.abs(away))
  const turn = walked / look.stride + look.phase
  const bob = 0.02 * h * stir * cosine(2 * turn)
  const sway = 0.02 * h * stir * sine(turn) * Math.abs(away)
  const hip = 0.5 * h + bob
  const shoulder = 0.81 * h + bob
  const shadow = painter.owner
  painter.owner = 0
  painter.polygon([-0.3, 0, -0.25, 0.3, 0, -0.25, 0.3, 0, 0.25, -0.3, 0, 0.25], -0.5, pose)
  painter.owner = shadow
  const quad = (level: number, ...p: number[]) => {
    const corners: number[] = []
    for (let i = 0; i < p.length; i += 2) corners.push(p[i]! + sway, p[i + 1]!, 0)
    painter.polygon(corners, level, pose)
  }
  const limb = (
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    w0: number,
    w1: number,
    l: number,
  ) => quad(l, x0 - w0, y0, x0 + w0, y0, x1 + w1, y1, x1 - w1, y1)
  const leg = (phase: number, apart: number, level: number) => {
    const swing = sine(phase) * stir
    // The knee bends while the foot swings forward.
    const bend = Math.max(0, cosine(phase)) * stir
    const knee = hip - 0.245 * h
    const kneeX = apart + sideways * 0.13 * h * (swing + 0.45 * bend)
    const footX = apart + sideways * 0.25 * h * (swing - 0.35 * bend)
    const lift = 0.05 * h * bend + (away < 0 ? 0.02 : 0.012) * h * (1 + swing * away)
    const w = 0.055 * h * (look.girth / 0.25)
    limb(apart * 0.8, hip, kneeX, knee, w, w * 0.8, level)
    limb(kneeX, knee + 0.01 * h, footX, lift, w * 0.8, w * 0.55, level - 0.08)
    const toe = footX + sideways * 0.07 * h
    quad(
      -1,
      footX - 0.03 * h,
      lift,
      toe + 0.03 * h,
      lift,
      toe + 0.02 * h,
      lift + 0.04 * h,
      footX - 0.03 * h,
      lift + 0.05 * h,
    )
  }
  const arm = (phase: number, apart: number, level: number) => {
    const swing = sine(phase) * stir
    const elbowX = apart + sideways * 0.1 * h * swing
    const elbow = shoulder - 0.17 * h
    const handX = elbowX + sideways * 0.1 * h * (swing + 0.35 * stir)
    const hand = elbow - 0.14 * h + 0.03 * h * Math.max(0, swing)
    limb(apart, shoulder - 0.01 * h, elbowX, elbow, 0.032 * h, 0.028 * h, level)
    limb(elbowX, elbow, handX, hand, 0.028 * h, 0.02 * h, level)
    limb(handX, hand, handX, hand - 0.035 * h, 0.02 * h, 0.018 * h, look.skin)
  }
  const apart = 0.05 * h * Math.abs(away) + 0.008 * h
  const aside = breadth * 0.5 * (0.25 + 0.75 * Math.abs(away))
  arm(turn + 0.5, -aside, look.coat - 0.2)
  leg(turn, -apart, look.trousers - 0.12)
  leg(turn + 0.5, apart, look.trousers)
  const low = hip - look.hem * h
  const w = breadth / 2
  if (look.bag?.back && away > -0.3)
    quad(look.bag.level, ...bagAt(-sideways * w, hip + 0.08 * h, 0.16 * h, 0.24 * h))
  quad(look.coat, -w * 0.86, low, w * 0.86, low, w, shoulder, -w, shoulder)
  quad(look.coat + 0.25, w * 0.2, low, w * 0.45, low, w * 0.5, shoulder, w * 0.25, shoulder)
  if (look.bag?.back && away > 0.3)
    quad(look.bag.level, ...bagAt(0, hip + 0.06 * h, 0.17 * h, 0.25 * h))
  arm(turn, aside, look.coat + 0.12)
  if (look.bag && !look.bag.back)
    quad(look.bag.level, ...bagAt(aside + 0.03 * h * sideways, hip - 0.2 * h, 0.1 * h, 0.17 * h))
  limb(0, shoulder, 0.01 * sideways, shoulder + 0.06 * h, 0.035 * h, 0.03 * h, look.skin - 0.2)
  const middle = h * 0.93 + bob
  const head: number[] = []
  for (let i = 0; i < 8; i++)
    head.push(0.052 * h * cosine(i / 8) + 0.012 * h * sideways, middle + 0.07 * h * sine(i / 8))
  quad(look.hair, ...head)
  if (away < 0.75) {
    const face = 0.022 * h * sideways
    const half = 0.034 * h
    const chin = middle - 0.06 * h
    quad(
      look.skin,
      face - half,
      chin,
      face + half,
      chin,
      face + half,
      middle + 0.02 * h,
      face - half,
      middle + 0.02 * h,
    )
  }
}

function bagAt(x: number, y: number, width: number, height: number): number[] {
  return [x - width / 2, y, x + width / 2, y, x + width / 2, y + height, x - width / 2, y + height]
}
