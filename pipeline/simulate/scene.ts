// A scene: what stands where, what moves how, and where the camera is, as functions of time. Nothing is integrated step
// by step, so any moment can be painted on its own and the same seed gives the same street at any step.

import type { LogCanvas } from './canvas.js'
import { CarBody, drawLook } from './car.js'
import { sine } from './math.js'
import { Painter, type View } from './painter.js'
import { drawPerson, paintPerson } from './person.js'
import type { Random } from './random.js'
import { type Mesh, SKY } from './street.js'

/** Class numbers of the labels, as in Gen1. */
export const CLASS_CAR = 0
export const CLASS_PERSON = 1

/** Something that moves or is labelled. */
export interface Actor {
  /** 1 and up; the track of its labels. */
  readonly id: number
  readonly classId: number
  /** Distance of its nearest part along the view, for the order of painting. */
  depth(seconds: number): number
  paint(painter: Painter, seconds: number): void
}

/** How the camera moves and shakes. */
export interface Ride {
  /** Metres per second along z. */
  speed: number
  /** Metres above the road. */
  height: number
  /** Pixels: vertical shake of the car at rest 1, and of none 0. */
  shake: number
  focal: number
  horizon: number
  phase: number
}

/** A street with its actors, ready to be painted at any time. */
export class Scene {
  readonly #painter: Painter

  constructor(
    readonly canvas: LogCanvas,
    readonly ride: Ride,
    /** Painted first, in this order. */
    readonly backdrop: readonly Mesh[],
    /** Painted by distance, together with the actors. */
    readonly standing: readonly Mesh[],
    readonly actors: readonly Actor[],
  ) {
    this.#painter = new Painter(canvas)
  }

  /** Where the camera is. Its shake: the body on its springs, the engine, the road. */
  view(seconds: number): View {
    const { speed, height, shake, focal, horizon, phase } = this.ride
    const t = seconds
    const pitch =
      1.1 * sine(1.7 * t + phase) +
      0.6 * sine(9.3 * t + 3 * phase) +
      0.25 * sine(23.7 * t + 7 * phase)
    const yaw = 2 * sine(0.31 * t + phase) + 0.45 * sine(7.1 * t + 5 * phase)
    return {
      x: 0,
      y: height,
      z: speed * t,
      focal,
      centreX: this.canvas.width / 2 + shake * yaw,
      centreY: horizon + shake * pitch,
    }
  }

  /** Paints the whole picture at a time. */
  paint(seconds: number): void {
    const painter = this.#painter
    painter.view = this.view(seconds)
    painter.owner = 0
    painter.background(SKY)
    for (const mesh of this.backdrop) mesh.paint(painter)
    const order: { depth: number; actor?: Actor; mesh?: Mesh }[] = []
    for (const mesh of this.standing) order.push({ depth: mesh.z, mesh })
    for (const actor of this.actors) order.push({ depth: actor.depth(seconds), actor })
    order.sort((a, b) => b.depth - a.depth)
    for (const { actor, mesh } of order) {
      painter.owner = actor?.id ?? 0
      mesh?.paint(painter)
      actor?.paint(painter, seconds)
    }
    painter.owner = 0
  }
}

/** Straight, even motion: metres at time 0, metres per second. */
export interface Motion {
  x: number
  z: number
  vx: number
  vz: number
}

/** A car that drives straight on in its own direction, or stands. `heading` in turns: 0 = like the camera, 0.25 = to the right. */
export function makeCar(id: number, motion: Motion, heading: number, random: Random): Actor {
  const body = new CarBody(drawLook(random))
  const sin = sine(heading)
  const cos = sine(heading + 0.25)
  const start = random.range(0, 9)
  const along = (sin < 0 ? -sin : sin) * body.look.width + (cos < 0 ? -cos : cos) * body.length
  return {
    id,
    classId: CLASS_CAR,
    depth: (t) => motion.z + motion.vz * t - along / 2,
    paint: (painter, t) => {
      const pose = { x: motion.x + motion.vx * t, z: motion.z + motion.vz * t, sin, cos }
      body.paint(painter, pose, start + (motion.vx * sin + motion.vz * cos) * t)
    },
  }
}

/** Someone who walks straight on. */
export function makePerson(id: number, motion: Motion, random: Random): Actor {
  const look = drawPerson(random)
  const sideways = motion.vx > 0.3 ? 1 : motion.vx < -0.3 ? -1 : 0
  const pace = sideways === 0 ? motion.vz : motion.vx
  return {
    id,
    classId: CLASS_PERSON,
    depth: (t) => motion.z + motion.vz * t,
    paint: (painter, t) =>
      paintPerson(
        painter,
        look,
        motion.x + motion.vx * t,
        motion.z + motion.vz * t,
        pace * t,
        sideways,
      ),
  }
}
