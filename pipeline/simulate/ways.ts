// Where vehicles of a hard scene are and drive: in the lanes, at the kerbs, on the cross street, none in another.
import type { Way } from './actors.js'
import { type Ride, travelled } from './camera.js'
import type { Conditions } from './conditions.js'
import type { HardPlan } from './hard.js'
import { sine } from './math.js'
import type { Random } from './random.js'
import { type Spot, straight } from './scene.js'

/** Metres from one end of the side streets to the other. */
const ACROSS = 70

/** Keeps vehicles out of each other and off the camera, half a second into the scene. */
export class Room {
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
export class Parking {
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

/** Draws the place or path of one vehicle. */
export function drawWay(
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
