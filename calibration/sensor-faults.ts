// What a census says of the sensor: hot pixels, noise floor, polarity.
import type { SensorProfile } from '../pipeline/index.js'
import { PERIOD_US, type SensorCensus } from './sensor-census.js'

/** Seconds; shorter recordings cannot tell a pixel that always fires from one that had something to see. */
export const LEAST_HOT_S = 1
/** A hot pixel fires at this rate at least, and at so many times that of all its neighbours but two, which may be hot, too. */
const HOT_HZ = 2
const HOT_LEAST = 20
const HOT_TIMES = 4
const HOT_NEIGHBOURS = 2
/** It fires steadily: in half of the periods in which a pixel of its rate would. */
const HOT_STEADY = 0.5
const REACH = 2

/** Pixels that fire much more than those around them, and all the time; [x, y] row by row. */
export function findHotPixels(census: SensorCensus): [x: number, y: number][] {
  const { width, height } = census.geometry
  const seconds = census.spanUs / 1e6
  const hot: [number, number][] = []
  if (seconds < LEAST_HOT_S) return hot
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x
      const count = census.on[pixel]! + census.off[pixel]!
      if (count < Math.max(HOT_LEAST, HOT_HZ * seconds)) continue
      const expected = 1 - Math.exp((-count / seconds) * (PERIOD_US / 1e6))
      if (census.active[pixel]! < HOT_STEADY * expected * census.periods) continue
      if (count >= HOT_TIMES * mostAround(census, x, y)) hot.push([x, y])
    }
  return hot
}

/** The third largest count of the 24 pixels around. */
function mostAround({ geometry, on, off }: SensorCensus, x: number, y: number): number {
  const counts: number[] = []
  for (let v = Math.max(0, y - REACH); v <= Math.min(geometry.height - 1, y + REACH); v++)
    for (let u = Math.max(0, x - REACH); u <= Math.min(geometry.width - 1, x + REACH); u++)
      if (u !== x || v !== y)
        counts.push(on[v * geometry.width + u]! + off[v * geometry.width + u]!)
  counts.sort((a, b) => b - a)
  return counts[HOT_NEIGHBOURS] ?? 0
}

const BLOCK = 8
/** Fewer blocks have no quietest quarter. */
const LEAST_BLOCKS = 16

/**
 * Rate of the quietest quarter of the picture, in blocks of 8 x 8 pixels. Blocks are chosen by what they did in every other
 * 100 ms and measured in those between, else the choice would make them quieter than they are.
 */
export function noiseFloor(
  census: SensorCensus,
  hotPixels: readonly (readonly [number, number])[],
): SensorProfile['noise'] {
  const { width, height } = census.geometry
  const columns = Math.floor(width / BLOCK)
  const rows = Math.floor(height / BLOCK)
  const oddPeriods = Math.floor(census.periods / 2)
  if (columns * rows < LEAST_BLOCKS || oddPeriods === 0) return undefined
  const hot = new Set(hotPixels.map(([x, y]) => y * width + x))
  const blocks = Array.from({ length: columns * rows }, (_, i) => {
    const block = { even: 0, oddOn: 0, oddOff: 0, pixels: 0 }
    for (let v = 0; v < BLOCK; v++)
      for (let u = 0; u < BLOCK; u++) {
        const pixel = (Math.floor(i / columns) * BLOCK + v) * width + (i % columns) * BLOCK + u
        if (hot.has(pixel)) continue
        const oddOn = census.oddOn[pixel]!
        const oddOff = census.oddOff[pixel]!
        block.even += census.on[pixel]! + census.off[pixel]! - oddOn - oddOff
        block.oddOn += oddOn
        block.oddOff += oddOff
        block.pixels += 1
      }
    return block
  })
  blocks.sort((a, b) => a.even - b.even)
  const quiet = blocks.slice(0, blocks.length >> 2)
  const sum = (key: 'oddOn' | 'oddOff' | 'pixels') => quiet.reduce((n, b) => n + b[key], 0)
  const events = sum('oddOn') + sum('oddOff')
  const seconds = (oddPeriods * PERIOD_US) / 1e6
  const pixels = sum('pixels')
  return {
    hz: rounded(events / (pixels * seconds), 5),
    on: events === 0 ? 0 : rounded(sum('oddOn') / events, 4),
    pixels,
    seconds: rounded(seconds, 6),
  }
}

/** Calm pixels: below 100 Hz (or a dozen events), and never two events in one microsecond. */
const CALM_HZ = 100
const CALM_LEAST = 12
const LEAST_SPAN_US = 50_000
/** Fewer repeats say nothing. */
const LEAST_REPEATS = 100
/** How many times one polarity must outweigh the other. */
const CLEAR = 2

/**
 * Whether ON and OFF are what the camera says.
 *
 * The photoreceptor of an event pixel is faster the more light it has, so it is quick when light rises and slow when it
 * falls: one change of light makes ON events a refractory time apart, but OFF events with pauses. Repeats within 200 µs
 * are therefore ON. Of 102 N-CARS patches (training half) with 100 repeats or more, in all 102 the share of repeats was larger
 * among ON. A second sign, that lone events (leakage, the start of a rise) are ON, holds in nine of ten; it can only veto.
 * Sensors whose pixels repeat neither (or both alike), and simulated ones, cannot be told.
 */
export function findPolarity(census: SensorCensus): SensorProfile['polarity'] {
  const limit = Math.max(CALM_LEAST, (CALM_HZ * census.spanUs) / 1e6)
  const all = { on: 0, off: 0 }
  const repeats = { on: 0, off: 0, ofOn: 0, ofOff: 0 }
  const lone = { on: 0, off: 0 }
  for (let pixel = 0; pixel < census.on.length; pixel++) {
    const on = census.on[pixel]!
    const off = census.off[pixel]!
    all.on += on
    all.off += off
    if (census.saturated[pixel] === 1 || on + off >= limit) continue
    repeats.ofOn += on
    repeats.ofOff += off
    repeats.on += census.repeatedOn[pixel]!
    repeats.off += census.repeatedOff[pixel]!
    lone.on += census.loneOn[pixel]!
    lone.off += census.loneOff[pixel]!
  }
  const on = all.on + all.off === 0 ? 0 : rounded(all.on / (all.on + all.off), 4)
  return { ...judge(census.spanUs, repeats, lone), on, repeats, lone }
}

type Evidence = SensorProfile['polarity']

function judge(
  spanUs: number,
  repeats: Evidence['repeats'],
  lone: Evidence['lone'],
): Pick<Evidence, 'verdict' | 'reason'> {
  const unknown = (reason: string) => ({ verdict: 'unknown' as const, reason })
  if (spanUs < LEAST_SPAN_US) return unknown('cannot tell: the recording is shorter than 50 ms')
  const n = repeats.on + repeats.off
  if (n < LEAST_REPEATS)
    return unknown(
      `cannot tell: in calm pixels ${n} events follow one of the same polarity within 200 µs, ${LEAST_REPEATS} are needed`,
    )
  // One more of each, so that none is not nothing.
  const share = {
    on: (repeats.on + 1) / (repeats.ofOn + 1),
    off: (repeats.off + 1) / (repeats.ofOff + 1),
  }
  const times = share.on / share.off
  const shares = `${percent(share.on)} of the ON events and ${percent(share.off)} of the OFF events in calm pixels repeat within 200 µs`
  if (times < CLEAR && times > 1 / CLEAR)
    return unknown(`cannot tell: ${shares}, which is too much alike`)
  const normal = times >= CLEAR
  const excess = (lone.on + 1) / (repeats.ofOn + 1) / ((lone.off + 1) / (repeats.ofOff + 1))
  if (normal ? excess < 1 / CLEAR : excess > CLEAR)
    return unknown(
      `cannot tell: ${shares}, but of the lone events more than twice as many are ${normal ? 'OFF' : 'ON'}`,
    )
  return normal
    ? { verdict: 'normal', reason: `${shares}, as light that rises makes them` }
    : { verdict: 'swapped', reason: `${shares}; it should be the other way round` }
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`
}

function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals
}
