// The three kinds of scene, laid out from a seed.
import type { LogCanvas } from './canvas.js'
import type { Random } from './random.js'
import { type Actor, makeCar, makePerson, type Ride, Scene } from './scene.js'
import {
  Mesh,
  makeHouses,
  makePole,
  makeRoad,
  makeSkyline,
  makeTree,
  type StreetPlan,
} from './street.js'

/** `street`: driving along one; `mixed`: driving up to a junction where cars cross; `crossing`: a fixed camera beside a road. */
export type Place = 'street' | 'mixed' | 'crossing'

/** What is asked of a scene. */
export interface Cast {
  cars: number
  people: number
  durationUs: number
}

/** Focal length of the sensor's usual lens, in pixels at 304 pixels width: 8 mm at 30 µm. */
const FOCAL_304 = 266

/** Lays a place out for a canvas; the same random numbers give the same place at every size. */
export function makePlace(place: Place, cast: Cast, canvas: LogCanvas, random: Random): Scene {
  if (place === 'crossing') return makeCrossing(cast, canvas, random)
  const ride: Ride = {
    speed: place === 'street' ? random.range(6, 8.5) : random.range(2.5, 3.5),
    height: 1.3,
    shake: canvas.width / 304,
    focal: (FOCAL_304 * canvas.width) / 304,
    horizon: canvas.height * 0.46,
    phase: random.unit(),
  }
  const travel = (ride.speed * cast.durationUs) / 1e6
  const plan: StreetPlan = {
    leftKerb: -7.4,
    rightKerb: 5,
    leftWall: -10.5,
    rightWall: 7.8,
    from: -2,
    to: 130 + travel,
  }
  if (place === 'mixed') plan.junction = { from: 17, to: 27 }
  // Drawn before the cast, so that one car more moves no house.
  const standing = makeStanding(plan, random)
  const backdrop = [makeSkyline(plan, random), makeRoad(plan, random), ...makeHouses(plan, random)]
  const actors: Actor[] = []
  const nextId = () => actors.length + 1
  const driving = castTraffic(place, cast, ride, actors, random)
  // The rest stand at the kerbs.
  const gap = { left: random.range(5, 9), right: random.range(7, 11) }
  for (let n = driving; n < cast.cars; n++) {
    const right = random.chance(0.5)
    const side = right ? 'right' : 'left'
    let z = gap[side]
    if (plan.junction && z > plan.junction.from - 4 && z < plan.junction.to + 4)
      z = plan.junction.to + 5
    gap[side] = z + random.range(8, 13)
    const x = right ? plan.rightKerb - 1.05 : plan.leftKerb + 1.05
    const turn = (right ? 0 : 0.5) + random.range(-0.006, 0.006)
    actors.push(makeCar(nextId(), { x, z, vx: 0, vz: 0 }, turn, random))
  }
  for (let n = 0; n < cast.people; n++) {
    const onZebra = plan.junction !== undefined && n % 2 === 0
    const right = random.chance(0.5)
    const pace = random.range(1, 1.6) * (random.chance(0.5) ? 1 : -1)
    const motion = onZebra
      ? { x: random.range(-4, 4), z: plan.junction!.from - 2 + random.range(0, 1), vx: pace, vz: 0 }
      : { x: right ? 6.4 : -9, z: random.range(8, 30), vx: 0, vz: pace }
    actors.push(makePerson(nextId(), motion, random))
  }
  return new Scene(canvas, ride, backdrop, standing, actors)
}

/** Cars that drive, half of all: on a street one ahead and the rest towards us, at a junction across. Returns how many. */
function castTraffic(
  place: Place,
  cast: Cast,
  ride: Ride,
  actors: Actor[],
  random: Random,
): number {
  const driving = Math.min(cast.cars, Math.max(1, Math.round(cast.cars / 2)))
  const seconds = cast.durationUs / 1e6
  for (let n = 0; n < driving; n++) {
    const id = actors.length + 1
    if (place === 'mixed') {
      const right = n % 2 === 0
      const speed = random.range(6.5, 9.5) * (right ? 1 : -1)
      const when = 0.5 + n * random.range(0.8, 1.2)
      const motion = { x: -speed * when, z: right ? 19.5 : 24, vx: speed, vz: 0 }
      actors.push(makeCar(id, motion, right ? 0.25 : 0.75, random))
    } else if (n === 0) {
      const slower = random.range(1.2, 2.2)
      const z = random.range(10, 12) + Math.min(8, slower * seconds * 0.6)
      const motion = { x: random.range(-0.4, 0.2), z, vx: 0, vz: ride.speed - slower }
      actors.push(makeCar(id, motion, 0, random))
    } else {
      const z = 24 + ride.speed * 0.4 + n * random.range(9, 13)
      actors.push(makeCar(id, { x: -3.5, z, vx: 0, vz: -random.range(6, 9) }, 0.5, random))
    }
  }
  return driving
}

function makeStanding(plan: StreetPlan, random: Random): Mesh[] {
  const standing: Mesh[] = []
  for (const [x, arm] of [
    [plan.rightKerb + 0.5, -1.4],
    [plan.leftKerb - 0.5, 1.4],
  ] as const) {
    for (let z = random.range(6, 12); z < plan.to - 40; z += random.range(9, 17)) {
      if (plan.junction && z > plan.junction.from && z < plan.junction.to) continue
      standing.push(random.chance(0.4) ? makeTree(x, z, random) : makePole(x, z, arm, random))
    }
  }
  return standing
}

/** A camera at rest beside a road that runs across the picture; what does not move leaves no events. */
function makeCrossing(cast: Cast, canvas: LogCanvas, random: Random): Scene {
  const ride: Ride = {
    speed: 0,
    height: 1.6,
    shake: 0,
    focal: (FOCAL_304 * canvas.width) / 304,
    horizon: canvas.height * 0.5,
    phase: 0,
  }
  const ground = new Mesh(60)
    .flat(0.25, -200, 0, 200, 200)
    .flat(0, -200, 8, 200, 16.5)
    .flat(0.6, -200, 16.5, 200, 16.7)
  for (let x = -40; x < 40; x += 4) ground.flat(1.1, x, 12.2, x + 2, 12.3)
  const wall = new Mesh(22).upright(random.range(0.4, 1), -60, 0, 60, 9)
  for (let x = -40; x < 40; x += random.range(2.5, 4)) wall.upright(-0.7, x, 2, x + 1.3, 4)
  const standing = [
    makePole(random.range(-7, -3), 17, 1.2, random),
    makeTree(random.range(3, 8), 19, random),
  ]
  const actors: Actor[] = []
  const seconds = cast.durationUs / 1e6
  for (let n = 0; n < cast.cars; n++) {
    const right = n % 2 === 0
    const speed = random.range(5, 9) * (right ? 1 : -1)
    const when = ((n + random.range(0.35, 0.65)) * seconds) / cast.cars
    const motion = { x: -speed * when, z: right ? 10.5 : 14, vx: speed, vz: 0 }
    actors.push(makeCar(actors.length + 1, motion, right ? 0.25 : 0.75, random))
  }
  for (let n = 0; n < cast.people; n++) {
    const pace = random.range(0.9, 1.6) * (random.chance(0.5) ? 1 : -1)
    const motion = { x: random.range(-6, 6), z: random.range(17, 18.5), vx: pace, vz: 0 }
    actors.push(makePerson(actors.length + 1, motion, random))
  }
  return new Scene(canvas, ride, [wall, ground], standing, actors)
}
