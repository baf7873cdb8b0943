// A scene: what stands where, what moves how, and where the camera is, as functions of time. Nothing is integrated step
// by step, so any moment can be painted on its own and the same seed gives the same street at any step.

import { type Ride, viewOf } from './camera.js'
import type { LogCanvas } from './canvas.js'
import { sine } from './math.js'
import type { Mesh } from './mesh.js'
import { FAR, Painter, type Tone, type View } from './painter.js'
import { SKY } from './street.js'

/** Class numbers of the labels: the first two as in Gen1, the others our own. */
export const CLASS_CAR = 0
export const CLASS_PERSON = 1
/** Bicycles and motorcycles, with who rides them. */
export const CLASS_TWO_WHEELER = 2
/** Lorries and buses; vans are cars, as in Gen1. */
export const CLASS_HEAVY = 3

/** A street repeats after so many metres, so that a drive of any length stays on it. */
export const STREET_LENGTH = FAR

/** A place on the ground, metres. */
export interface Spot {
  x: number
  z: number
}

/** Something that moves or is labelled. */
export interface Actor {
  /** Undefined: it moves but is nothing that anybody looks for. */
  readonly classId: number | undefined
  /** Where its middle is; the scene brings it back into the stretch of street that is seen. */
  path(seconds: number): Spot
  /** Metres after which it comes again from the other side, for what moves across. */
  readonly acrossEvery?: number
  /** From its middle to its nearest part, metres along the view. */
  readonly reach: number
  /** @param way where `path` has brought it, which turns wheels and legs */
  paint(painter: Painter, at: Spot, way: Spot, seconds: number): void
}

/** What stands still in one length of street. */
export interface Surroundings {
  /** Before everything, at the end of the view. */
  skyline: Mesh
  /** Painted first: road and ground. */
  ground: readonly Mesh[]
  /** Then these, and what stands between them in side streets, from the far end. */
  walls: readonly Mesh[]
  /** Painted by distance, together with the actors. */
  standing: readonly Mesh[]
  /** From one row of walls to the other, metres; who is outside them is in a side street. */
  corridor: readonly [left: number, right: number]
}

/** What the light is like. */
export interface Light {
  sky: number
  contrast: number
  /** Depth in log intensity and frequency in hertz of lamps on the mains. */
  flicker: number
  flickerHz: number
}

/** Even daylight. */
export const DAYLIGHT: Light = { sky: SKY, contrast: 1, flicker: 0, flickerHz: 100 }

/** A street with its actors, ready to be painted at any time. */
export class Scene {
  readonly #painter: Painter
  /** The backdrop as a camera at rest sees it. */
  #still: Float32Array | undefined
  readonly #whole = new Map<number, number>()

  /**
   * @param behind metres behind the camera after which things come again from ahead
   * @param stepUs time between two pictures of it that is short enough for how fast it moves
   */
  constructor(
    readonly canvas: LogCanvas,
    readonly ride: Ride,
    readonly surroundings: Surroundings,
    readonly actors: readonly Actor[],
    readonly light: Light = DAYLIGHT,
    readonly behind = 8,
    readonly stepUs = 2500,
  ) {
    this.#painter = new Painter(canvas)
  }

  /** Where the camera is. */
  view(seconds: number): View {
    return viewOf(this.ride, seconds)
  }

  /** Paints the whole picture at a time. Pixels of an actor get its track as owner: see `classOf`. */
  paint(seconds: number): void {
    const painter = this.#painter
    painter.view = this.view(seconds)
    painter.tone = this.#tone(seconds)
    painter.owner = 0
    this.#whole.clear()
    const { standing, corridor } = this.surroundings
    const { z: camera } = painter.view
    const here = Math.floor((camera - this.behind) / STREET_LENGTH) * STREET_LENGTH
    const stretches = [here + STREET_LENGTH, here]
    const outside: Item[] = []
    const inside: Item[] = []
    for (const offset of stretches) {
      for (const mesh of standing) {
        const { x, z } = mesh.middle
        if (!painter.sees(x, z + offset, mesh.radius)) continue
        const aside = mesh.sway * sine(0.7 * seconds + mesh.phase)
        inside.push({
          depth: painter.depth(x, mesh.z + offset),
          owner: 0,
          paint: () => mesh.paint(painter, offset, aside),
        })
      }
    }
    for (const [index, actor] of this.actors.entries()) {
      const way = actor.path(seconds)
      const across = actor.acrossEvery ? Math.floor(way.x / actor.acrossEvery + 0.5) : 0
      const ahead = -Math.floor((way.z - camera + this.behind) / STREET_LENGTH)
      const at = {
        x: way.x - across * (actor.acrossEvery ?? 0),
        z: way.z + ahead * STREET_LENGTH,
      }
      // Who comes again is somebody else: both counts only grow, so the track is new each time.
      const lap = Math.abs(across) + Math.abs(ahead)
      const owner = 1 + index + lap * this.actors.length
      const between = at.x - actor.reach > corridor[0] && at.x + actor.reach < corridor[1]
      const depth = between ? painter.depth(at.x, at.z) - actor.reach : at.z
      const paint = () => actor.paint(painter, at, way, seconds)
      ;(between ? inside : outside).push({ depth, owner, paint })
    }
    this.#backdrop(stretches, outside)
    this.#all(inside)
  }

  /** Sky, ground and walls, and who is between the walls. From a camera at rest it is painted once and kept. */
  #backdrop(stretches: readonly number[], outside: Item[]): void {
    const painter = this.#painter
    const { canvas } = this
    const { skyline, ground, walls } = this.surroundings
    const { speed, surge, turn, shake } = this.ride
    const moves = speed !== 0 || surge !== 0 || turn !== 0 || shake !== 0
    const keeps = !moves && this.light.flicker === 0 && outside.length === 0
    if (keeps && this.#still !== undefined) {
      canvas.level.set(this.#still)
      if (canvas.tracking) canvas.owner.fill(0)
      return
    }
    painter.background(this.light.sky)
    skyline.paint(painter, painter.view.z)
    for (const offset of stretches) for (const mesh of ground) mesh.paint(painter, offset)
    for (const offset of stretches) {
      for (const mesh of walls) {
        const depth = mesh.end + offset
        outside.push({ depth, owner: 0, paint: () => mesh.paint(painter, offset) })
      }
    }
    this.#all(outside)
    if (keeps) this.#still = canvas.level.slice()
  }

  /** From the far end to the near one. */
  #all(items: Item[]): void {
    const painter = this.#painter
    const { canvas } = this
    items.sort((a, b) => b.depth - a.depth)
    for (const { owner, paint } of items) {
      painter.owner = owner
      canvas.begin()
      paint()
      if (owner > 0 && canvas.tracking) this.#whole.set(owner, canvas.owned(owner))
    }
    painter.owner = 0
  }

  /** Pixels that a track would have if nothing stood before it, in the last picture for which the canvas tracked. */
  whole(owner: number): number {
    return this.#whole.get(owner) ?? 0
  }

  #tone(seconds: number): Tone {
    const { contrast, flicker, flickerHz } = this.light
    // A lamp is bright twice in each period of the mains.
    return { contrast, lamp: flicker === 0 ? 0 : flicker * sine(flickerHz * seconds) }
  }

  /** Class of a track; undefined: nothing that anybody looks for. */
  classOf(owner: number): number | undefined {
    return this.actors[(owner - 1) % this.actors.length]!.classId
  }
}

interface Item {
  depth: number
  owner: number
  paint(): void
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
