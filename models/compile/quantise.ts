// Weights of one layer -> integers with one scale per output channel. Lossless where an int8 or int16 grid holds every
// weight exactly; else rounded to int8, or to int16 where int8 would lose too much.
import { gridOf } from './dyadic.js'

/** Integers and scales: weight = integer * scale of its output channel. */
export interface Quantised {
  bits: 8 | 16
  integers: Int8Array | Int16Array
  /** One per output channel, f64 until the input's scale is folded in. */
  scales: Float64Array
  /** True when integer * scale, rounded to f32, is every weight exactly. */
  lossless: boolean
  /** True when no such rounding is needed: then a sum of integers times the scale is the sum of the weights. */
  precise: boolean
  /** Root mean square of the rounding errors over that of the weights: the largest of all channels. */
  loss: number
}

const MOST_INT8 = 127
const MOST_INT16 = 32_767
/**
 * Relative error of a channel above which int8 gives way to int16. Bell-shaped weights lose 0.6 to 0.9 % in int8; a
 * channel with one weight 40 times the others' size loses a third.
 */
const LOSS_OF_INT8 = 0.02

/**
 * Quantises weights (OIHW) that are f32 values. `fits` says whether sums of such integers stay within int32. `bits` is the
 * width where weights must be rounded, or, for 8, always; without it the loss decides.
 */
export function quantise(
  weights: Float64Array,
  outputs: number,
  fits: (integers: Int8Array | Int16Array) => boolean,
  bits?: 8 | 16,
): Quantised {
  const perOutput = weights.length / outputs
  const channels = Array.from({ length: outputs }, (_, c) =>
    weights.subarray(c * perOutput, (c + 1) * perOutput),
  )
  const small = channels.map((channel) => preciseScale(channel, MOST_INT8))
  if (allFound(small)) return quantiseTo(8, channels, small)
  const wide = channels.map((channel) => preciseScale(channel, MOST_INT16))
  if (bits !== 8 && allFound(wide)) {
    const exact = quantiseTo(16, channels, wide)
    if (fits(exact.integers)) return exact
  }
  const trained = channels.map((channel, c) => small[c] ?? trainedScale(channel))
  if (allFound(trained)) return quantiseTo(8, channels, trained)
  const rounded = quantiseTo(8, channels, roundingScales(channels, MOST_INT8))
  if (bits === 8 || (bits === undefined && rounded.loss <= LOSS_OF_INT8)) return rounded
  const finer = quantiseTo(16, channels, roundingScales(channels, MOST_INT16))
  return fits(finer.integers) ? finer : rounded
}

function allFound(scales: (number | undefined)[]): scales is number[] {
  return scales.every((scale) => scale !== undefined)
}

/**
 * A scale of which all weights are whole multiples within +-most, without any rounding: the largest power of two that
 * divides them all, else their greatest common divisor.
 */
function preciseScale(channel: Float64Array, most: number): number | undefined {
  let grid = Number.POSITIVE_INFINITY
  for (const w of channel) grid = Math.min(grid, gridOf(w))
  if (grid === Number.POSITIVE_INFINITY) return 1
  const unit = 2 ** grid
  const top = largest(channel) / unit
  if (top <= most) return unit
  if (top > Number.MAX_SAFE_INTEGER) return undefined
  const common = channel.reduce((divisor, w) => commonDivisor(Math.abs(w / unit), divisor), 0)
  const scale = common * unit
  return top / common <= most && Math.fround(scale) === scale ? scale : undefined
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

/**
 * The scale of quantisation-aware training, where weight = f32(integer * scale): the largest weight must be one of 127
 * multiples of it, and the scale that quotient or an f32 next to it.
 */
function trainedScale(channel: Float64Array): number | undefined {
  const top = largest(channel)
  for (let q = MOST_INT8; q >= 1; q--) {
    const quotient = Math.fround(top / q)
    for (const scale of [quotient, neighbour(quotient, 1), neighbour(quotient, -1)]) {
      if (scale > 0 && channel.every((w) => Math.fround(Math.round(w / scale) * scale) === w))
        return scale
    }
  }
  return undefined
}

function roundingScales(channels: Float64Array[], most: number): number[] {
  // An f32, so that what is written to the plan is what was rounded with.
  return channels.map((channel) => Math.fround(largest(channel) / most) || 1)
}

function quantiseTo(bits: 8 | 16, channels: Float64Array[], scales: number[]): Quantised {
  const perOutput = channels[0]!.length
  const integers = new (bits === 8 ? Int8Array : Int16Array)(perOutput * channels.length)
  const most = bits === 8 ? MOST_INT8 : MOST_INT16
  let lossless = true
  let precise = true
  let loss = 0
  channels.forEach((channel, c) => {
    let error = 0
    let power = 0
    channel.forEach((w, i) => {
      const q = Math.max(-most, Math.min(most, Math.round(w / scales[c]!)))
      integers[c * perOutput + i] = q
      const back = Math.fround(q * scales[c]!)
      if (back !== w) lossless = false
      if (q * scales[c]! !== w) precise = false
      error += (back - w) ** 2
      power += w * w
    })
    if (error > 0) loss = Math.max(loss, Math.sqrt(error / power))
  })
  return { bits, integers, scales: Float64Array.from(scales), lossless, precise, loss }
}

function largest(channel: Float64Array): number {
  let most = 0
  for (const w of channel) most = Math.max(most, Math.abs(w))
  return most
}

/** The next f32 up or down from a positive one. */
function neighbour(x: number, step: 1 | -1): number {
  const f32 = Float32Array.of(x)
  new Uint32Array(f32.buffer)[0]! += step
  return f32[0]!
}
