// Who is about in a hard scene: cars, lorries, two-wheelers, people, birds.
import { makeBird, makeCar, makeHeavy, makePerson, makeTwoWheeler } from './actors.js'
import type { Ride } from './camera.js'
import { drawAnyLook } from './car-look.js'
import type { Conditions } from './conditions.js'
import type { HardPlan } from './hard.js'
import { Random } from './random.js'
import type { Actor } from './scene.js'
import { drawWay, Parking, Room } from './ways.js'

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
