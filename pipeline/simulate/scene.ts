// A scene: what stands where, what moves how, and where the camera is, as functions of time. Nothing is integrated step
// by step, so any moment can be painted on its own and the same seed gives the same street at any step.

import type { LogCanvas } from './canvas.js'
import { CarBody, drawLook } from './car.js'
import { sine } from './math.js'
import { FAR, Painter, type View } from './painter.js'
import { drawPerson, paintPerson } from './person.js'
import type { Random } from './random.js'
import { type Mesh, SKY } from './street.js'

/** Class numbers of the labels, as in Gen1. */
export const CLASS_CAR = 0
export const CLASS_PERSON = 1

/** A street repeats after so many metres, so that a drive of any length stays on it. */
export const STREET_LENGTH = FAR
/** What lies farther behind the camera comes again from ahead. */
const BEHIND = 8

/** A place on the ground, metres. */
export interface Spot {
  x: number
  z: number
}

/** Something that moves or is labelled. */
export interface Actor {
  readonly classId: number
  /** Where its middle is; the scene brings it back into the stretch of street that is seen. */
  path(seconds: number): Spot
  /** Metres after which it comes again from the other side, for what moves across. */
  readonly acrossEvery?: number
  /** From its middle to its nearest part, metres along the view. */
  readonly reach: number
  /** @param way where `path` has brought it, which turns wheels and legs */
  paint(painter: Painter, at: Spot, way: Spot): void
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

/** What stands still in one length of street. */
export interface Surroundings {
  /** Before everything, at the end of the view. */
  skyline: Mesh
  /** Painted first, in this order: road, then houses from the far end. */
  backdrop: readonly Mesh[]
  /** Painted by distance, together with the actors. */
  standing: readonly Mesh[]
}

/** A street with its actors, ready to be painted at any time. */
export class Scene {
  readonly #painter: Painter

  constructor(
    readonly canvas: LogCanvas,
    readonly ride: Ride,
    readonly surroundings: Surroundings,
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

  /** Paints the whole picture at a time. Pixels of an actor get its track as owner: see `classOf`. */
  paint(seconds: number): void {
    const painter = this.#painter
    painter.view = this.view(seconds)
    painter.owner = 0
    painter.background(SKY)
    const camera = painter.view.z
    const { skyline, backdrop, standing } = this.surroundings
    skyline.paint(painter, camera)
    const here = Math.floor((camera - BEHIND) / STREET_LENGTH) * STREET_LENGTH
    const stretches = [here + STREET_LENGTH, here]
    for (const offset of stretches) for (const mesh of backdrop) mesh.paint(painter, offset)
    const order: { depth: number; owner: number; paint(): void }[] = []
    for (const offset of stretches) {
      for (const mesh of standing) {
        order.push({ depth: mesh.z + offset, owner: 0, paint: () => mesh.paint(painter, offset) })
      }
    }
    for (const [index, actor] of this.actors.entries()) {
      const way = actor.path(seconds)
      const across = actor.acrossEvery ? Math.floor(way.x / actor.acrossEvery + 0.5) : 0
      const ahead = -Math.floor((way.z - camera + BEHIND) / STREET_LENGTH)
      const at = {
        x: way.x - across * (actor.acrossEvery ?? 0),
        z: way.z + ahead * STREET_LENGTH,
      }
      // Who comes again is somebody else: both counts only grow, so the track is new each time.
      const lap = Math.abs(across) + ahead
      const owner = 1 + index + lap * this.actors.length
      order.push({ depth: at.z - actor.reach, owner, paint: () => actor.paint(painter, at, way) })
    }
    order.sort((a, b) => b.depth - a.depth)
    for (const { owner, paint } of order) {
      painter.owner = owner
      paint()
    }
    painter.owner = 0
  }

  /** Class of a track. */
  classOf(owner: number): number {
    return this.actors[(owner - 1) % this.actors.length]!.classId
  }
}

/** Straight, even motion: metres at time 0, metres per second. */
export interface Motion {
  x: number
  z: number
  vx: number
  vz: number
}

/** Where a straight motion has led. */
export function straight({ x, z, vx, vz }: Motion): Actor['path'] {
  return (seconds) => ({ x: x + vx * seconds, z: z + vz * seconds })
}

/** A car on its path; `heading` in turns: 0 = like the camera, 0.25 = to the right. */
export function makeCar(
  path: Actor['path'],
  heading: number,
  random: Random,
  acrossEvery?: number,
): Actor {
  const body = new CarBody(drawLook(random))
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

/** Someone who walks straight on. */
export function makePerson(motion: Motion, random: Random, acrossEvery?: number): Actor {
  const look = drawPerson(random)
  const sideways = Math.sign(motion.vx)
  return {
    classId: CLASS_PERSON,
    path: straight(motion),
    acrossEvery,
    reach: 0.2,
    paint: (painter, at, way) =>
      paintPerson(painter, look, at.x, at.z, sideways === 0 ? way.z : way.x, sideways),
  }
}
