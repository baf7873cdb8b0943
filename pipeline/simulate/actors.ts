// Everything that moves, as an actor of a scene: a body, a path, and how the one follows the other.
import { type Ride, travelled } from './camera.js'
import { CarBody } from './car.js'
import { type CarLook, drawLook } from './car-look.js'
import { drawHeavy, paintHeavy } from './heavy.js'
import { sine } from './math.js'
import { drawPerson, paintPerson } from './person.js'
import type { Random } from './random.js'
import {
  type Actor,
  CLASS_CAR,
  CLASS_HEAVY,
  CLASS_PERSON,
  CLASS_TWO_WHEELER,
  type Motion,
  type Spot,
  straight,
} from './scene.js'
import { drawTwoWheeler, paintTwoWheeler } from './two-wheeler.js'

/** A place in the street, where it leads, and which way it points (turns). */
export interface Way {
  path(seconds: number): Spot
  heading: number
  acrossEvery?: number
}

/** A car on its path; `heading` in turns: 0 = like the camera, 0.25 = to the right. */
export function makeCar(
  path: Actor['path'],
  heading: number,
  random: Random,
  acrossEvery?: number,
  look: CarLook = drawLook(random),
): Actor {
  const body = new CarBody(look)
  const sin = sine(heading)
  const cos = sine(heading + 0.25)
  const start = random.range(0, 9)
  return {
    classId: CLASS_CAR,
    path,
    acrossEvery,
    reach: (Math.abs(sin) * body.look.width + Math.abs(cos) * body.length) / 2,
    paint: (painter, at, way) =>
      body.paint(painter, { x: at.x, z: at.z, sin, cos }, start + way.x * sin + way.z * cos),
  }
}

/** Someone who walks straight on, or stands where the motion is none; `heading` in turns, as for a car. */
export function makePerson(
  motion: Motion,
  heading: number,
  random: Random,
  acrossEvery?: number,
): Actor {
  const look = drawPerson(random)
  const sin = sine(heading)
  const cos = sine(heading + 0.25)
  const stir = motion.vx === 0 && motion.vz === 0 ? 0 : 1
  return {
    classId: CLASS_PERSON,
    path: straight(motion),
    acrossEvery,
    reach: 0.2,
    paint: (painter, at, way) => {
      const walked = way.x * sin + way.z * cos
      paintPerson(painter, look, { x: at.x, z: at.z, sin, cos }, walked, stir)
    },
  }
}

/** A lorry or a bus. */
export function makeHeavy(way: Way, random: Random, lights: number): Actor {
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

/** A bicycle or motorcycle somewhere in its lane; without a rider, mostly, where it stands. */
export function makeTwoWheeler(way: Way, random: Random, lights: number): Actor {
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
export function makeBird(ride: Ride, random: Random): Actor {
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
