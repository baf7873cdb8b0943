// Weights of one layer -> integers with one scale per output channel. Lossless where an int8 or int16 grid holds every
// weight exactly; else rounded to int8, or to int16 where int8 would lose too much.
import { gridOf } from './dyadic.js'
import {
  type FloatLayer,
  MOST_INT8,
  type RoundedLayer,
  type RoundLayer,
  roundByError,
  roundToLargest,
  roundWeights,
} from './rounding.js'

/** Integers and scales: weight = integer * scale of its output channel. */
export interface Quantised {
  bits: 8 | 16
  integers: Int8Array | Int16Array
  /** One per output channel, f64 until the input's scale is folded in. */
  scales: Float64Array
  /** The layer's, moved where rounding the weights moved its sums. */
  bias: Float64Array
  /** True when integer * scale, rounded to f32, is every weight exactly. */
  lossless: boolean
  /** True when no such rounding is needed: then a sum of integers times the scale is the sum of the weights. */
  precise: boolean
  /** Root mean square of the rounding errors over that of the weights: the largest of all channels. */
  loss: number
}

const MOST_INT16 = 32_767
/**
 * Relative error of a channel above which int8 gives way to int16. Bell-shaped weights lose 0.6 to 0.9 % in int8; a
 * channel with one weight 40 times the others' size loses a third.
 */
const LOSS_OF_INT8 = 0.02

/** How weights are rounded that no grid holds. */
export interface RoundingOptions {
  /** The width there, or, for 8, always; without it the loss decides. */
  bits?: 8 | 16
  /** To int8. Default: the scales with the smallest error of the weights. */
  round?: RoundLayer
}

/** Quantises the weights of a layer. `fits` says whether sums of such integers stay within int32. */
export function quantise(
  layer: FloatLayer,
  fits: (integers: Int8Array | Int16Array) => boolean,
  { bits, round = roundByError }: RoundingOptions = {},
): Quantised {
  const { weight, outputs, bias } = layer
  const perOutput = weight.length / outputs
  const channels = Array.from({ length: outputs }, (_, c) =>
    weight.subarray(c * perOutput, (c + 1) * perOutput),
  )
  const small = channels.map((channel) => preciseScale(channel, MOST_INT8))
  if (allFound(small)) return quantiseTo(8, channels, small, bias)
  const wide = channels.map((channel) => preciseScale(channel, MOST_INT16))
  if (bits !== 8 && allFound(wide)) {
    const exact = quantiseTo(16, channels, wide, bias)
    if (fits(exact.integers)) return exact
  }
  const trained = channels.map((channel, c) => small[c] ?? trainedScale(channel))
  if (allFound(trained)) return quantiseTo(8, channels, trained, bias)
  if (bits !== 8) {
    // The width must not depend on how int8 would be rounded: then recordings could only make a layer better.
    const { loss } = judge(8, channels, roundToLargest(layer))
    const finer = quantiseTo(16, channels, roundingScales(channels, MOST_INT16), bias)
    if ((bits === 16 || loss > LOSS_OF_INT8) && fits(finer.integers)) return finer
  }
  return judge(8, channels, keepLossless(round(layer), channels, trained, bias))
}

/** Channels that lose nothing at a scale of their own keep it, whatever their neighbours need. */
function keepLossless(
  rounded: RoundedLayer,
  channels: Float64Array[],
  own: readonly (number | undefined)[],
  given: Float64Array,
): RoundedLayer {
  const integers = rounded.integers.slice()
  const scales = rounded.scales.slice()
  const bias = rounded.bias.slice()
  channels.forEach((channel, c) => {
    const scale = own[c]
    if (scale === undefined) return
    scales[c] = scale
    roundWeights(channel, scale, integers.subarray(c * channel.length, (c + 1) * channel.length))
    bias[c] = given[c]!
  })
  return { integers, scales, bias }
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

function quantiseTo(
  bits: 8 | 16,
  channels: Float64Array[],
  scales: number[],
  bias: Float64Array,
): Quantised {
  const perOutput = channels[0]!.length
  const integers = new (bits === 8 ? Int8Array : Int16Array)(perOutput * channels.length)
  const most = bits === 8 ? MOST_INT8 : MOST_INT16
  channels.forEach((channel, c) => {
    channel.forEach((w, i) => {
      integers[c * perOutput + i] = Math.max(-most, Math.min(most, Math.round(w / scales[c]!)))
    })
  })
  return judge(bits, channels, { integers, scales: Float64Array.from(scales), bias })
}

/** What integers and scales lose of the weights. */
function judge(
  bits: 8 | 16,
  channels: Float64Array[],
  { integers, scales, bias }: Pick<Quantised, 'integers' | 'scales' | 'bias'>,
): Quantised {
  const perOutput = channels[0]!.length
  let lossless = true
  let precise = true
  let loss = 0
  channels.forEach((channel, c) => {
    let error = 0
    let power = 0
    channel.forEach((w, i) => {
      const product = integers[c * perOutput + i]! * scales[c]!
      const back = Math.fround(product)
      if (back !== w) lossless = false
      if (product !== w) precise = false
      error += (back - w) ** 2
      power += w * w
    })
    if (error > 0) loss = Math.max(loss, Math.sqrt(error / power))
  })
  return { bits, integers, scales, bias, lossless, precise, loss }
}

function largest(channel: Float64Array): number {
  let most = 0
  for (const w of channel) most = Math.max(most, Math.abs(w))
  return most
}

/** The next f32 up or down from a positive one. */
function neighbour(x: number, step: 1 | -1): number {
  single[0] = x
  singleBits[0]! += step
  return single[0]!
}

/** One f32 and its bits; made once, since a channel asks for 254 neighbours. */
const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)
