// The three plain kinds of scene, laid out from a seed; the hard one is in hard.ts.

import { makeCar, makePerson } from './actors.js'
import { PLAIN_RIDE, type Ride } from './camera.js'
import type { LogCanvas } from './canvas.js'
import { makeHouses } from './houses.js'
import { sine } from './math.js'
import { Mesh } from './mesh.js'
import { Random } from './random.js'
import { type Actor, Scene, STREET_LENGTH, straight } from './scene.js'
import { makePole, makeRoad, makeSkyline, makeTree, type StreetPlan } from './street.js'

/** `street`: driving along one; `mixed`: driving up to a junction where cars cross; `crossing`: a fixed camera beside a road. */
export type Place = 'street' | 'mixed' | 'crossing'

/** Who is to be seen. */
export interface Cast {
  cars: number
  people: number
}

/** Focal length of the sensor's usual lens, in pixels at 304 pixels width: 8 mm at 30 µm. */
const FOCAL_304 = 266

/** Metres from one side of a cross street to the other: what leaves there comes again after so much. */
const ACROSS = 50

/** Lays a place out for a canvas; the same seed gives the same place at every size, and one more car moves no house. */
export function makePlace(place: Place, cast: Cast, canvas: LogCanvas, seed: number): Scene {
  const stones = new Random(seed, 1)
  const traffic = new Random(seed, 2)
  const walkers = new Random(seed, 3)
  if (place === 'crossing') return makeCrossing(cast, canvas, stones, traffic, walkers)
  const plan: StreetPlan = {
    leftKerb: -7.4,
    rightKerb: 5,
    leftWall: -10.5,
    rightWall: 7.8,
    length: STREET_LENGTH,
    junction: place === 'mixed' ? { from: 17, to: 27 } : undefined,
  }
  const ride: Ride = {
    ...PLAIN_RIDE,
    speed: place === 'street' ? stones.range(6, 8.5) : stones.range(2.5, 3.5),
    height: 1.3,
    shake: canvas.width / 304,
    focal: (FOCAL_304 * canvas.width) / 304,
    centreX: canvas.width / 2,
    horizon: canvas.height * 0.46,
    phase: stones.unit(),
  }
  const surroundings = {
    skyline: makeSkyline(stones),
    ground: [makeRoad(plan, stones)],
    walls: makeHouses(plan, stones),
    standing: makeStanding(plan, stones),
    corridor: [plan.leftWall, plan.rightWall] as const,
  }
  const driving = Math.ceil(cast.cars / 2)
  const actors = [
    ...(plan.junction ? castCrossing(driving, traffic) : castTraffic(driving, ride, traffic)),
    ...castParked(cast.cars - driving, plan, traffic),
    ...castWalkers(cast.people, plan, walkers),
  ]
  return new Scene(canvas, ride, surroundings, actors)
}

/** A car ahead, which we come near and fall behind again, and the others towards us. */
function castTraffic(count: number, ride: Ride, random: Random): Actor[] {
  const cars: Actor[] = []
  for (let n = 0; n < count; n++) {
    if (n === 0) {
      const x = random.range(-0.4, 0.2)
      const gap = random.range(11.5, 13)
      const sway = random.range(2.5, 4)
      const turn = random.range(0.12, 0.2)
      const path = (t: number) => ({ x, z: ride.speed * t + gap + sway * sine(0.35 + t * turn) })
      cars.push(makeCar(path, 0, random))
      continue
    }
    const z = 24 + n * random.range(10, 14)
    cars.push(makeCar(straight({ x: -3.5, z, vx: 0, vz: -random.range(6, 9) }), 0.5, random))
  }
  return cars
}

/** Cars on the cross street of the junction, by turns to the right and to the left. */
function castCrossing(count: number, random: Random): Actor[] {
  return Array.from({ length: count }, (_, n) => {
    const right = n % 2 === 0
    const speed = random.range(6.5, 9.5) * (right ? 1 : -1)
    const when = 0.5 + n * random.range(0.8, 1.2)
    const motion = { x: -speed * when, z: right ? 19.5 : 24, vx: speed, vz: 0 }
    return makeCar(straight(motion), right ? 0.25 : 0.75, random, ACROSS)
  })
}

/** Cars at both kerbs. */
function castParked(count: number, plan: StreetPlan, random: Random): Actor[] {
  const { junction } = plan
  const next = { left: random.range(5, 9), right: random.range(7, 11) }
  return Array.from({ length: count }, () => {
    const side = random.chance(0.5) ? 'right' : 'left'
    let z = next[side]
    if (junction && z > junction.from - 4 && z < junction.to + 4) z = junction.to + 5
    next[side] = z + random.range(8, 13)
    const x = side === 'right' ? plan.rightKerb - 1.05 : plan.leftKerb + 1.05
    const turn = (side === 'right' ? 0 : 0.5) + random.range(-0.006, 0.006)
    return makeCar(straight({ x, z, vx: 0, vz: 0 }), turn, random)
  })
}

/** People on the pavements, and every second one on the zebra where there is one. */
function castWalkers(count: number, plan: StreetPlan, random: Random): Actor[] {
  return Array.from({ length: count }, (_, n) => {
    const pace = random.range(1, 1.6) * (random.chance(0.5) ? 1 : -1)
    const right = random.chance(0.5)
    if (plan.junction && n % 2 === 0) {
      const z = plan.junction.from - 2 + random.unit()
      const motion = { x: random.range(-4, 4), z, vx: pace, vz: 0 }
      return makePerson(motion, pace > 0 ? 0.25 : 0.75, random, 2 * plan.rightWall)
    }
    const x = right ? plan.rightKerb + 1.4 : plan.leftKerb - 1.6
    const motion = { x, z: random.range(8, 60), vx: 0, vz: pace }
    return makePerson(motion, pace > 0 ? 0 : 0.5, random)
  })
}

/** Lamp posts, signs and trees along both kerbs. */
function makeStanding(plan: StreetPlan, random: Random): Mesh[] {
  const standing: Mesh[] = []
  for (const [x, arm] of [
    [plan.rightKerb + 0.5, -1.4],
    [plan.leftKerb - 0.5, 1.4],
  ] as const) {
    for (let z = random.range(6, 12); z < plan.length; z += random.range(9, 17)) {
      if (plan.junction && z > plan.junction.from && z < plan.junction.to) continue
      standing.push(random.chance(0.4) ? makeTree(x, z, random) : makePole(x, z, arm, random))
    }
  }
  return standing
}

/** A camera at rest beside a road that runs across the picture; what does not move leaves no events. */
function makeCrossing(
  cast: Cast,
  canvas: LogCanvas,
  stones: Random,
  traffic: Random,
  walkers: Random,
): Scene {
  const ride: Ride = {
    ...PLAIN_RIDE,
    speed: 0,
    height: 1.6,
    shake: 0,
    focal: (FOCAL_304 * canvas.width) / 304,
    centreX: canvas.width / 2,
    horizon: canvas.height * 0.5,
    phase: 0,
  }
  const ground = new Mesh(60)
    .flat(0.1, -200, 0, 200, 100)
    .flat(0, -200, 8, 200, 16.5)
    .flat(0.6, -200, 16.5, 200, 16.7)
  for (let x = -40; x < 40; x += 4) ground.flat(1.1, x, 12.2, x + 2, 12.3)
  const wall = new Mesh(22).upright(stones.range(-0.2, 0.1), -60, 0, 60, 9)
  for (let x = -40; x < 40; x += stones.range(2.5, 4)) wall.upright(-0.7, x, 2, x + 1.3, 4)
  const surroundings = {
    skyline: makeSkyline(stones),
    ground: [ground],
    walls: [wall],
    corridor: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const,
    standing: [
      makePole(stones.range(-7, -3), 17, 1.2, stones),
      makeTree(stones.range(3, 8), 19, stones),
    ],
  }
  const cars = Array.from({ length: cast.cars }, (_, n) => {
    const right = n % 2 === 0
    const speed = traffic.range(5, 9) * (right ? 1 : -1)
    const when = 0.4 + 1.3 * n + traffic.range(0, 0.6)
    const motion = { x: -speed * when, z: right ? 10.5 : 14, vx: speed, vz: 0 }
    return makeCar(straight(motion), right ? 0.25 : 0.75, traffic, ACROSS)
  })
  const people = Array.from({ length: cast.people }, () => {
    const pace = walkers.range(0.9, 1.6) * (walkers.chance(0.5) ? 1 : -1)
    const motion = { x: walkers.range(-6, 6), z: walkers.range(17, 18.5), vx: pace, vz: 0 }
    return makePerson(motion, pace > 0 ? 0.25 : 0.75, walkers, ACROSS)
  })
  return new Scene(canvas, ride, surroundings, [...cars, ...people])
}
