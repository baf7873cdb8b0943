// Houses along a street: facades with windows, doors and shops, and the small things on them.
import { Mesh } from './mesh.js'
import type { Random } from './random.js'
import type { StreetPlan } from './street.js'

/** Both rows of houses. */
export function makeHouses(plan: StreetPlan, random: Random): Mesh[] {
  return [...makeHouseRow(plan, 'left', random), ...makeHouseRow(plan, 'right', random)]
}

/** What a row of houses is like where it is not plain. */
export interface Dress {
  /** Added to the log intensity of the walls: above 0 the sun is on them. */
  light: number
  /** How many small things hang on each wall, 0..1. */
  detail: number
  /** Share of the gaps between houses that stay open. */
  gaps: number
}

const PLAIN: Dress = { light: 0, detail: 0, gaps: 0.15 }

/** The houses on one side, without any at the junction. */
export function makeHouseRow(
  plan: StreetPlan,
  row: 'left' | 'right',
  random: Random,
  dress: Dress = PLAIN,
): Mesh[] {
  const houses: Mesh[] = []
  const { junction } = plan
  const [x, side] = row === 'left' ? [plan.leftWall, -1] : [plan.rightWall, 1]
  const add = (z0: number, z1: number) => {
    const house = makeHouse(x, side, z0, z1, random, dress.light)
    if (dress.detail > 0) addDetails(house, x, side, z0, z1, dress, random)
    houses.push(house)
  }
  for (let z = 0; z < plan.length - 4; ) {
    const end = Math.min(z + random.range(8, 16), plan.length)
    if (junction && z < junction.to && end > junction.from) {
      if (junction.from - z > 3) add(z, junction.from)
      z = junction.to
      continue
    }
    add(z, end)
    z = end + (random.chance(dress.gaps) ? random.range(2, 5) : 0)
  }
  return houses
}

/** One house along the street from z0 to z1, its wall at x. */
function makeHouse(
  x: number,
  side: number,
  z0: number,
  z1: number,
  random: Random,
  light: number,
): Mesh {
  const house = new Mesh((z0 + z1) / 2)
  const floor = random.range(2.9, 3.4)
  const floors = 2 + random.below(4)
  const height = 0.9 + (floors + 1) * floor
  const wall = random.range(0.35, 1.2) + light
  const frame = wall + random.pick([-0.35, 0.3])
  const back = x + side * 12
  house.polygon(wall - 0.5, x, 0, z1, back, 0, z1, back, height, z1, x, height, z1)
  house.polygon(wall - 0.35, x, 0, z0, back, 0, z0, back, height, z0, x, height, z0)
  house.wall(wall, x, z0, 0, z1, height)
  house.wall(wall - 0.5, x, z0, height - 0.35, z1, height - 0.15)
  if (random.chance(0.6)) house.wall(wall - 0.3, x, z0, floor + 0.7, z1, floor + 0.85)
  makeGroundFloor(house, x, z0, z1, floor, wall, random)
  const pitch = random.range(2.1, 3.2)
  const width = random.range(0.9, 1.3)
  const tall = random.range(1.4, 1.9)
  const balconies = random.chance(0.35)
  for (let k = 1; k <= floors; k++) {
    const sill = k * floor + 1
    for (let z = z0 + 0.9; z + width < z1 - 0.5; z += pitch) {
      house.wall(frame, x, z - 0.12, sill - 0.12, z + width + 0.12, sill + tall + 0.12)
      house.wall(random.range(-1.1, -0.4), x, z, sill, z + width, sill + tall)
      house.wall(frame, x, z + width / 2 - 0.04, sill, z + width / 2 + 0.04, sill + tall)
      if (balconies) house.wall(-0.6, x, z - 0.2, sill - 0.05, z + width + 0.2, sill + 0.08)
    }
  }
  house.wall(wall - 0.6, x, z1 - 0.15, 0, z1 - 0.05, height)
  return house
}

/** Shop windows with a sign above, or doors and plain windows. */
function makeGroundFloor(
  house: Mesh,
  x: number,
  z0: number,
  z1: number,
  floor: number,
  wall: number,
  random: Random,
): void {
  house.wall(wall - 0.25, x, z0, 0, z1, 0.5)
  const shop = random.chance(0.5)
  if (shop) house.wall(random.range(-0.6, 0.9), x, z0 + 0.5, floor - 0.3, z1 - 0.5, floor + 0.3)
  for (let z = z0 + 0.7; z < z1 - 1.4; ) {
    const width = shop ? random.range(1.6, 2.6) : random.range(0.9, 1.3)
    const low = random.chance(0.3) ? 0.1 : shop ? 0.5 : 1.1
    const end = Math.min(z + width, z1 - 0.4)
    house.wall(wall + 0.25, x, z - 0.1, low - 0.05, end + 0.1, floor - 0.4)
    house.wall(random.range(-1.2, -0.5), x, z, low, end, floor - 0.5)
    if (shop)
      house.wall(random.range(-0.4, 0.6), x, z + 0.2, low + 0.2, z + width * 0.6, floor - 1.2)
    z += width + random.range(0.5, 1.6)
  }
}

/** Railings, pipes, courses, awnings, signs and stains: what makes a facade flicker when it goes by. */
function addDetails(
  house: Mesh,
  x: number,
  side: number,
  z0: number,
  z1: number,
  { light, detail }: Dress,
  random: Random,
): void {
  const length = z1 - z0
  const out = x - side * 0.25
  const some = (most: number) => Math.floor(most * detail * random.range(0.4, 1))
  for (let i = some(5); i > 0; i--) {
    const z = random.range(z0, z1)
    const level = light + random.range(-0.8, 0.8)
    house.wall(level, x, z, 0, z + random.range(0.08, 0.3), random.range(4, 14))
  }
  for (let i = some(8); i > 0; i--) {
    const y = random.range(0.5, 14)
    house.wall(light + random.range(-0.7, 1), x, z0, y, z1, y + random.range(0.06, 0.35))
  }
  for (let i = some(5); i > 0; i--) {
    const y = 2.6 + 3.1 * random.below(4)
    const from = random.range(z0, z1 - 1)
    const to = Math.min(from + random.range(1.5, 5), z1)
    const rail = light + random.range(-1, 0.9)
    house.wall(rail, out, from, y + 0.95, to, y + 1.05).wall(rail, out, from, y - 0.1, to, y + 0.08)
    for (let z = from; z < to; z += 0.2) house.wall(rail, out, z, y, z + 0.04, y + 1)
  }
  if (random.chance(0.5 * detail)) {
    const level = light + random.range(-0.5, 1.2)
    const [from, to] = [z0 + 0.3, z1 - 0.3]
    const deep = x - side * random.range(0.8, 1.8)
    house.polygon(level, x, 3, from, x, 3, to, deep, 2.5, to, deep, 2.5, from)
    for (let z = from; z < to; z += 0.8)
      house.polygon(level - 0.7, x, 3, z, x, 3, z + 0.4, deep, 2.5, z + 0.4, deep, 2.5, z)
  }
  for (let i = some(2); i > 0; i--) {
    const z = random.range(z0, z1)
    const y = random.range(2.6, 5)
    const level = random.range(-0.6, 1.3)
    const corners = [x, y, z, x - side * 0.9, y, z, x - side * 0.9, y + 0.9, z, x, y + 0.9, z]
    if (random.chance(0.4)) house.lamp(level, ...corners)
    else house.polygon(level, ...corners)
  }
  for (let i = some(24 * length); i > 0; i--) {
    const z = random.range(z0, z1)
    const y = random.range(0, 16)
    const size = random.range(0.05, 0.35)
    const level = light + random.range(-0.8, 1.4)
    house.wall(level, x, z, y, z + size, y + size * random.range(0.4, 2.5))
  }
}
