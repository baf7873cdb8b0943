// Who is about in a hard scene: cars on their lanes, parked, crossing and turning; lorries, two-wheelers, people.
import { type Ride, travelled } from './camera.js'
import { drawAnyLook } from './car-look.js'
import type { Conditions } from './conditions.js'
import type { HardPlan } from './hard.js'
import { drawHeavy, paintHeavy } from './heavy.js'
import { sine } from './math.js'
import { Random } from './random.js'
import {
  type Actor,
  CLASS_HEAVY,
  CLASS_TWO_WHEELER,
  makeCar,
  makePerson,
  type Spot,
  straight,
} from './scene.js'
import { drawTwoWheeler, paintTwoWheeler } from './two-wheeler.js'

/** A place in the street, where it leads, and which way it points (turns). */
interface Way {
  path(seconds: number): Spot
  heading: number
  acrossEvery?: number
}

/** Metres from one end of the side streets to the other. */
const ACROSS = 70

/** Draws everybody. */
export function castHard(
  plan: HardPlan,
  ride: Ride,
  conditions: Conditions,
  seed: number,
): Actor[] {
  const cars = new Random(seed, 13)
  const others = new Random(seed, 14)
  const people = new Random(seed, 15)
  const { sun, headlights } = conditions
  const parking = new Parking(plan, ride, conditions, cars)
  const room = new Room(ride)
  const actors: Actor[] = []
  const place = (random: Random, length: number) =>
    room.find(length, () => drawWay(plan, ride, conditions, parking, random))
  for (let n = 0; n < conditions.cars; n++) {
    const way = place(cars, 5)
    if (!way) continue
    const look = drawAnyLook(cars, sun, headlights)
    actors.push(makeCar(way.path, way.heading, cars, way.acrossEvery, look))
  }
  for (let n = 0; n < conditions.others; n++) {
    const heavy = others.chance(0.4)
    const way = place(others, heavy ? 12 : 2.5)
    if (!way) continue
    actors.push((heavy ? makeHeavy : makeTwoWheeler)(way, others, headlights))
  }
  const birds = Array.from({ length: people.chance(0.25) ? 1 + people.below(3) : 0 }, () =>
    makeBird(ride, people),
  )
  return [...actors, ...castPeople(plan, ride, conditions, people), ...birds]
}

/** Keeps vehicles out of each other and off the camera, half a second into the scene. */
class Room {
  readonly #taken: (Spot & { length: number })[] = []

  constructor(readonly ride: Ride) {}

  /** Draws until there is room; undefined after eight draws without. */
  find(length: number, draw: () => Way): Way | undefined {
    for (let tries = 0; tries < 8; tries++) {
      const way = draw()
      const { x, z } = way.path(0.5)
      const eye = { x: this.ride.x, z: this.ride.z + travelled(this.ride, 0.5) }
      if (Math.abs(x - eye.x) < 1.6 && Math.abs(z - eye.z) < 1.5 + length / 2) continue
      const long = Math.abs(sine(way.heading)) > 0.7
      const clash = this.#taken.some((other) => {
        const gap = (length + other.length) / 2 + 0.8
        const [dx, dz] = [Math.abs(x - other.x), Math.abs(z - other.z)]
        return long ? dz < 2 && dx < gap : dx < 2 && dz < gap
      })
      if (clash) continue
      this.#taken.push({ x, z, length })
      return way
    }
    return undefined
  }
}

/** Hands out the places at both kerbs, no two of them to the same vehicle. */
class Parking {
  readonly #next: { left: number; right: number }
  readonly #pitch: number

  constructor(
    readonly plan: HardPlan,
    ride: Ride,
    { post }: Conditions,
    random: Random,
  ) {
    const start = ride.z + (post === 'roadside' ? random.range(-18, -6) : random.range(3, 14))
    this.#next = { left: start, right: start + random.range(-2, 4) }
    this.#pitch = random.chance(0.5) ? 0.8 : 6
  }

  take(random: Random): Way | undefined {
    const { plan } = this
    const side = random.chance(0.5) ? 'right' : 'left'
    if (!plan.parking[side]) return undefined
    let z = this.#next[side]
    const { junction } = plan
    if (junction && z > junction.from - 5 && z < junction.to + 5) z = junction.to + 6
    this.#next[side] = z + 5.2 + random.range(0, this.#pitch)
    const x = side === 'right' ? plan.rightKerb - 1.05 : plan.leftKerb + 1.05
    const along = random.chance(0.8) === (side === 'right') ? 0 : 0.5
    // Now and then one that stands askew or is pulling out.
    const askew = random.chance(0.1) ? random.range(-0.09, 0.09) : random.range(-0.006, 0.006)
    return { path: () => ({ x, z }), heading: along + askew }
  }
}

function drawWay(
  plan: HardPlan,
  ride: Ride,
  conditions: Conditions,
  parking: Parking,
  random: Random,
): Way {
  const pick = random.unit()
  if (pick < 0.35) {
    const place = parking.take(random)
    if (place) return place
  }
  const { junction } = plan
  if (junction && pick < 0.55) return drawCrossing(junction, random)
  const lane = random.pick(plan.lanes)
  if (conditions.post === 'roadside') return drawPassing(lane, ride, random)
  return lane.way === 1 ? drawAhead(lane.x, ride, random) : drawOncoming(lane.x, ride, random)
}

/** With the camera, before it: at its speed, slower, faster, or standing. */
function drawAhead(x: number, ride: Ride, random: Random): Way {
  const gap = x === 0 ? random.range(6, 45) : random.range(2, 45)
  const off = random.range(-0.4, 0.4)
  const kind = random.unit()
  const swing = kind < 0.5 ? random.range(0, 2) : 0
  const hz = random.range(0.05, 0.2)
  const phase = random.unit()
  const drift = kind < 0.7 ? random.range(-1, 1) : Math.max(random.range(-8, 6), -ride.speed)
  // Never nearer than 4.5 m in its own lane, whatever their speeds.
  const room = (z: number) => (x === 0 && z < 4.5 ? 4.5 : z)
  const change = random.chance(0.1) ? random.range(-0.5, 0.5) : 0
  return {
    path: (t) => ({
      x: x + off + change * t,
      z: ride.z + travelled(ride, t) + room(gap + drift * t + swing * sine(hz * t + phase)),
    }),
    heading: change === 0 ? 0 : change * 0.02,
  }
}

function drawOncoming(x: number, ride: Ride, random: Random): Way {
  const speed = random.chance(0.2) ? 0 : random.range(2, 18)
  const z = ride.z + random.range(5, 60)
  const motion = { x: x + random.range(-0.3, 0.3), z, vx: 0, vz: -speed }
  return { path: straight(motion), heading: 0.5 + random.range(-0.008, 0.008) }
}

/** Past a camera beside the road, so that it is in the picture in the first second. */
function drawPassing(lane: { x: number; way: 1 | -1 }, ride: Ride, random: Random): Way {
  const speed = random.chance(0.15) ? 0 : random.range(1.5, 17)
  const vz = lane.way * speed
  const at = random.range(0, 1)
  const along = Math.abs(ride.heading) < 0.1 ? 1 : Math.abs(ride.heading - 0.5) < 0.1 ? -1 : 0
  const spot = along === 0 ? random.range(-11, 11) : along * random.range(3, 45)
  const motion = { x: lane.x + random.range(-0.4, 0.4), z: ride.z + spot - vz * at, vx: 0, vz }
  return { path: straight(motion), heading: lane.way === 1 ? 0 : 0.5 }
}

/** On the cross street, moving or waiting at its mouth. */
function drawCrossing(junction: { from: number; to: number }, random: Random): Way {
  const right = random.chance(0.5)
  const speed = random.chance(0.25) ? 0 : random.range(2, 12)
  const vx = right ? speed : -speed
  const z = junction.from + (junction.to - junction.from) * (right ? 0.28 : 0.72)
  const x = random.range(-14, 14) - vx * 0.5
  const heading = (right ? 0.25 : 0.75) + (random.chance(0.3) ? random.range(-0.1, 0.1) : 0)
  return { path: straight({ x, z, vx, vz: 0 }), heading, acrossEvery: ACROSS }
}

function makeHeavy(way: Way, random: Random, lights: number): Actor {
  const look = drawHeavy(random, lights)
  const sin = sine(way.heading)
  const cos = sine(way.heading + 0.25)
  return {
    classId: CLASS_HEAVY,
    path: way.path,
    acrossEvery: way.acrossEvery,
    reach: (Math.abs(sin) * look.width + Math.abs(cos) * look.length) / 2,
    paint: (painter, at, from) =>
      paintHeavy(painter, look, { x: at.x, z: at.z, sin, cos }, from.x * sin + from.z * cos),
  }
}

function makeTwoWheeler(way: Way, random: Random, lights: number): Actor {
  const parked = way.path(0).z === way.path(1).z && way.path(0).x === way.path(1).x
  const look = drawTwoWheeler(random, !parked || random.chance(0.2), lights)
  const sin = sine(way.heading)
  const cos = sine(way.heading + 0.25)
  const aside = random.range(-1.1, 1.1)
  return {
    classId: CLASS_TWO_WHEELER,
    path: (t) => {
      const { x, z } = way.path(t)
      return { x: x + aside * cos, z: z - aside * sin }
    },
    acrossEvery: way.acrossEvery,
    reach: 0.4,
    paint: (painter, at, from) =>
      paintTwoWheeler(painter, look, { x: at.x, z: at.z, sin, cos }, from.x * sin + from.z * cos),
  }
}

/** A bird that crosses the sky: it moves by itself and is nothing that anybody looks for. */
function makeBird(ride: Ride, random: Random): Actor {
  const away = random.range(6, 25)
  const aside = random.range(-0.5, 0.5) * away
  const [sin, cos] = [sine(ride.heading), sine(ride.heading + 0.25)]
  const flight = random.range(2, 9) * (random.chance(0.5) ? 1 : -1)
  const [climb, beat, phase] = [random.range(-1.5, 1.5), random.range(2, 7), random.unit()]
  const height = ride.height + away * random.range(0.02, 0.35)
  const [span, level] = [random.range(0.15, 0.6), random.range(-1, 0.9)]
  return {
    classId: undefined,
    path: (t) => {
      const along = aside + flight * t
      const z = ride.z + travelled(ride, t) + away * cos - along * sin
      return { x: ride.x + away * sin + along * cos, z }
    },
    reach: 0,
    paint: (painter, at, _way, t) => {
      const { view } = painter
      const pose = { x: at.x, z: at.z, sin: view.sin, cos: view.cos }
      const y = height + climb * t
      const wing = 0.6 * span * sine(beat * t + phase)
      const body = 0.12 * span
      painter.polygon(
        [-span, y + wing, 0, 0, y - body, 0, span, y + wing, 0, 0, y + body, 0],
        level,
        pose,
      )
      painter.polygon(
        [-body, y - body, 0, body, y - body, 0, body * 2, y + body, 0, -body, y + body, 0],
        level,
        pose,
      )
    },
  }
}

/** On both pavements, alone and in groups, walking and standing; now and then across the road. */
function castPeople(
  plan: HardPlan,
  ride: Ride,
  { post, people: count }: Conditions,
  random: Random,
): Actor[] {
  const people: Actor[] = []
  while (people.length < count) {
    const right = random.chance(0.5)
    const [kerb, wall] = right ? [plan.rightKerb, plan.rightWall] : [plan.leftKerb, plan.leftWall]
    const group = random.chance(0.3) ? 2 + random.below(3) : 1
    const pace = random.chance(0.25) ? 0 : random.range(0.7, 1.9) * (random.chance(0.5) ? 1 : -1)
    const spot =
      post === 'roadside'
        ? random.range(-14, 14)
        : random.chance(0.5)
          ? random.range(4, 18)
          : random.range(8, 60)
    const crossing = random.chance(0.3)
    const near = post === 'roadside' && Math.abs(spot) < 2
    if (near) continue
    const x = crossing
      ? random.range(plan.leftKerb, plan.rightKerb)
      : kerb + (wall - kerb) * random.range(0.15, 0.85)
    for (let n = 0; n < group && people.length < count; n++) {
      const aside = n * random.range(0.45, 0.7)
      const z = ride.z + spot + (crossing ? aside : random.range(-0.4, 0.4))
      const motion = {
        x: x + (crossing ? random.range(-0.4, 0.4) : aside),
        z,
        vx: crossing ? pace : 0,
        vz: crossing ? 0 : pace,
      }
      const facing = pace === 0 ? random.unit() : pace > 0 ? 0 : 0.5
      const heading = crossing && pace !== 0 ? (pace > 0 ? 0.25 : 0.75) : facing
      people.push(makePerson(motion, heading, random, crossing ? 40 : undefined))
    }
  }
  return people
}
