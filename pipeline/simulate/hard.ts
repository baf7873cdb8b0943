// The hard scene: a street drawn whole from the seed, with everything that makes real ones difficult, seen from a car in
// traffic or from a camera that stands beside the road. Training wants many of these, and no two alike.
import { makeBollards, makeFence, makeGuardRail, makeHedge } from './barriers.js'
import type { Ride } from './camera.js'
import type { LogCanvas } from './canvas.js'
import type { Conditions } from './conditions.js'
import { makeCrate, makeLamp, makeShelter, makeSign } from './furniture.js'
import { makeHouseRow } from './houses.js'
import type { Mesh } from './mesh.js'
import { Random } from './random.js'
import { Scene, STREET_LENGTH } from './scene.js'
import { makeBareTree, makeRoad, makeTree, type StreetPlan } from './street.js'
import { makeHorizon, makeStains, makeVerge } from './terrain.js'
import { castHard } from './traffic.js'

/** Cross-section and use of a hard street. */
export interface HardPlan extends StreetPlan {
  /** Middles of the lanes and their direction: 1 with the camera, -1 towards it. */
  lanes: readonly { x: number; way: 1 | -1 }[]
  /** Whether there is room to park at the kerb. */
  parking: { left: boolean; right: boolean }
}

/** Lays the scene out; the same seed gives the same street at every size. */
export function makeHard(canvas: LogCanvas, seed: number, conditions: Conditions): Scene {
  const stones = new Random(seed, 12)
  const plan = drawPlan(stones, conditions)
  const ride = drawRide(stones, conditions, plan, canvas)
  const detail = stones.range(0, 1)
  const sides = (['left', 'right'] as const).map((row) =>
    makeSide(plan, row, conditions, detail, stones),
  )
  const surroundings = {
    skyline: makeHorizon(stones),
    ground: [
      makeVerge(plan.leftWall - 60, plan.leftWall, plan.length, stones),
      makeVerge(plan.rightWall, plan.rightWall + 60, plan.length, stones),
      makeRoad(plan, stones),
      makeStains(plan.leftWall, plan.rightWall, plan.length, stones),
    ],
    walls: sides.flatMap((side) => side.walls),
    standing: sides.flatMap((side) => side.standing),
    corridor: [plan.leftWall, plan.rightWall] as const,
  }
  const actors = castHard(plan, ride, conditions, seed)
  const { light, post } = conditions
  const behind = post === 'roadside' ? STREET_LENGTH / 2 : 14
  // 5 ms is enough where nothing near moves by more than a few pixels in it, and lamps shine evenly.
  const calm = ride.speed + ride.surge < 5 && post === 'driving' && light.flicker === 0
  return new Scene(canvas, ride, surroundings, actors, light, behind, calm ? 5000 : 2500)
}

function drawPlan(random: Random, { post }: Conditions): HardPlan {
  const width = random.range(2.8, 3.7)
  const own = 1 + (random.chance(0.25) ? 1 : 0)
  const towards = random.chance(0.15) ? 0 : 1 + (random.chance(0.2) ? 1 : 0)
  const parking = { left: random.chance(0.6), right: random.chance(0.6) }
  const lanes: { x: number; way: 1 | -1 }[] = []
  for (let n = 0; n < own; n++) lanes.push({ x: n * width, way: 1 })
  for (let n = 1; n <= towards; n++) lanes.push({ x: -n * width, way: -1 })
  const leftKerb = -(towards + 0.5) * width - (parking.left ? 2.2 : 0.3)
  const rightKerb = (own - 0.5) * width + (parking.right ? 2.2 : 0.3)
  const from = random.range(10, 70)
  return {
    leftKerb,
    rightKerb,
    leftWall: leftKerb - random.range(1, 7),
    rightWall: rightKerb + random.range(1, 7),
    length: STREET_LENGTH,
    junction:
      post !== 'roadside' && random.chance(0.35)
        ? { from, to: from + random.range(7, 14) }
        : undefined,
    lanes,
    parking,
  }
}

function drawRide(random: Random, { post }: Conditions, plan: HardPlan, canvas: LogCanvas): Ride {
  const wide = canvas.width / 304
  const turning = random.chance(0.3)
  const fast = random.chance(0.3) ? random.range(10, 25) : random.range(1, 12)
  const speed = post === 'driving' ? fast : 0
  const moves = post === 'driving' || random.chance(0.2) ? 1 : 0
  const ride: Ride = {
    speed,
    surge: post === 'driving' && random.chance(0.5) ? speed * random.range(0.2, 1) : 0,
    surgeHz: random.range(0.03, 0.12),
    x: random.range(-0.4, 0.4),
    z: 0,
    height: random.chance(0.8) ? random.range(1, 1.6) : random.range(1.6, 2.8),
    heading: random.range(-0.01, 0.01),
    turn: turning && speed < 12 ? random.range(0.02, 0.09) : moves * random.range(0, 0.006),
    turnHz: random.range(0.05, 0.2),
    shake: wide * (post === 'driving' ? random.range(0.2, 1.6) : moves * random.range(0, 0.15)),
    focal: 266 * wide * random.range(0.75, 1.5),
    centreX: canvas.width / 2,
    horizon: canvas.height * random.range(0.34, 0.6),
    phase: random.unit(),
  }
  if (post !== 'roadside') return ride
  const right = random.chance(0.5)
  const edge = right ? plan.rightKerb : plan.leftKerb
  const back = random.range(0.3, 3) * (right ? 1 : -1)
  // Across the road, more or less; or along it.
  const across = (right ? -0.25 : 0.25) + random.range(-0.17, 0.17)
  return {
    ...ride,
    x: edge + back,
    z: STREET_LENGTH / 2,
    height: random.chance(0.7) ? random.range(0.9, 2.2) : random.range(2.2, 7),
    heading: random.chance(0.7)
      ? across
      : random.range(-0.06, 0.06) + (random.chance(0.5) ? 0 : 0.5),
    // On a tripod, or in a hand.
    turn: random.chance(0.15) ? random.range(0.002, 0.03) : 0,
    turnHz: random.range(0.1, 0.5),
    shake: random.chance(0.2) ? wide * random.range(0, 0.4) : 0,
    focal: 266 * wide * random.range(0.6, 1.6),
    horizon: canvas.height * random.range(0.3, 0.62),
  }
}

interface Side {
  walls: Mesh[]
  standing: Mesh[]
}

/** One side of the street: what closes it, and what stands on its pavement. */
function makeSide(
  plan: HardPlan,
  row: 'left' | 'right',
  conditions: Conditions,
  detail: number,
  random: Random,
): Side {
  const side = row === 'left' ? -1 : 1
  const kerb = row === 'left' ? plan.leftKerb : plan.rightKerb
  const wall = row === 'left' ? plan.leftWall : plan.rightWall
  const standing: Mesh[] = []
  const walls: Mesh[] = []
  const kind = random.unit()
  const free = (z0: number, z1: number) =>
    !plan.junction || z1 < plan.junction.from - 1 || z0 > plan.junction.to + 1
  if (kind < 0.68) {
    const dress = { light: conditions.facade[row], detail, gaps: random.range(0, 0.6) }
    walls.push(...makeHouseRow(plan, row, random, dress))
  } else {
    const pick = random.below(4)
    const long = random.range(4, 9)
    for (let z = 0; z < plan.length; z += long) {
      if (!free(z, z + long)) continue
      if (pick === 0) walls.push(makeHedge(wall, z, z + long, random))
      else if (pick === 1) walls.push(makeFence(wall, z, z + long, random))
      else if (pick === 2) walls.push(makeGuardRail(wall, z, z + long, random))
      if (random.chance(0.35)) walls.push(makeTree(wall + side * random.range(1, 8), z, random))
    }
  }
  const dense = random.range(4, 25)
  const middle = (kerb + wall) / 2
  for (let z = random.range(0, 8); z < plan.length; z += dense * random.range(0.3, 1.6)) {
    if (!free(z - 1, z + 6)) continue
    standing.push(makeThing(kerb + side * random.range(0.3, 0.7), middle, z, random))
  }
  if (random.chance(0.2)) {
    // A railing or fence between road and pavement.
    for (let z = 0; z < plan.length; z += 4)
      if (free(z, z + 4)) standing.push(makeFence(kerb + side * 0.3, z, z + 4, random))
  }
  return { walls, standing }
}

function makeThing(kerb: number, middle: number, z: number, random: Random): Mesh {
  const pick = random.unit()
  if (pick < 0.16) return swaying(makeTree(kerb, z, random), random)
  if (pick < 0.24) return makeBareTree(kerb, z, random)
  if (pick < 0.44) return makeLamp(kerb, z, random)
  if (pick < 0.62) return makeSign(random.chance(0.6) ? kerb : middle, z, random)
  if (pick < 0.8) return makeCrate(random.chance(0.5) ? kerb : middle, z, random)
  if (pick < 0.88) return makeShelter(middle, z, random)
  if (pick < 0.95) return makeBollards(kerb, z, random)
  return makeHedge(middle, z, z + random.range(2, 6), random)
}

function swaying(tree: Mesh, random: Random): Mesh {
  tree.sway = random.chance(0.5) ? random.range(0, 0.06) : 0
  tree.phase = random.unit()
  return tree
}
