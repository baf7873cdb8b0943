// Weights that no grid holds -> int8, one scale per output channel. The scale of the largest weight clips nothing; a smaller
// one clips a few and is finer for all others, and where the steps happen to lie matters as much.

/** A convolution on u8 whose weights must be rounded. */
export interface FloatLayer {
  name: string
  /** OIHW, f32 values. */
  weight: Float64Array
  bias: Float64Array
  outputs: number
  groups: number
  /** What 1 of its input means: the window's scale in the first layer, else 1. */
  inputScale: number
}

/** weight = integer * scale of its output channel, nearly. */
export interface RoundedLayer {
  integers: Int8Array
  /** f32 values, one per output channel, without the input's scale. */
  scales: Float64Array
  bias: Float64Array
}

/** A way to round a layer. */
export type RoundLayer = (layer: FloatLayer) => RoundedLayer

/** The largest magnitude that a rounded weight takes. */
export const MOST_INT8 = 127

/** Scales that are tried, as parts of the one at which the largest weight is 127, finest last. */
const PARTS = Array.from({ length: 51 }, (_, i) => 1 - i / 100)
/** Percentiles of the weights' magnitudes that are tried as the largest weight. */
const PERCENTILES = [0.9999, 0.999, 0.995, 0.99]

/** Rounds so that the largest weight of each channel is 127. */
export const roundToLargest: RoundLayer = (layer) =>
  roundEach(layer, (weights) => largestScale(weights))

/** Rounds with the scale of which the squared error of a channel's weights is smallest; the largest weight's wins ties. */
export const roundByError: RoundLayer = (layer) =>
  roundEach(layer, (weights) => bestScale(weights, candidateScales(weights)))

/** The integers nearest to weights at a scale, clipped to int8. */
export function roundWeights(weights: Float64Array, scale: number, integers: Int8Array): void {
  for (let i = 0; i < weights.length; i++)
    integers[i] = Math.max(-MOST_INT8, Math.min(MOST_INT8, Math.round(weights[i]! / scale)))
}

/** Scales to choose from: that of the largest weight, smaller ones and percentiles, each once; f32 values. */
export function candidateScales(weights: Float64Array): number[] {
  const largest = largestScale(weights)
  const sizes = weights.map(Math.abs).sort()
  const percentiles = PERCENTILES.map(
    (part) => sizes[Math.ceil(part * sizes.length) - 1]! / MOST_INT8,
  )
  const scales = [...PARTS.map((part) => part * largest), ...percentiles].map(Math.fround)
  return [...new Set(scales)].filter((scale) => scale > 0)
}

/** An f32, so that what is written to the plan is what was rounded with. */
export function largestScale(weights: Float64Array): number {
  let most = 0
  for (const w of weights) most = Math.max(most, Math.abs(w))
  return Math.fround(most / MOST_INT8) || 1
}

/** The candidate with the smallest squared error, errors weighed by `cost` per weight (default: all alike). */
export function bestScale(
  weights: Float64Array,
  candidates: readonly number[],
  cost?: Float64Array,
): number {
  let best = candidates[0]!
  let least = Number.POSITIVE_INFINITY
  for (const scale of candidates) {
    let error = 0
    for (let i = 0; i < weights.length && error < least; i++) {
      const w = weights[i]!
      const q = Math.max(-MOST_INT8, Math.min(MOST_INT8, Math.round(w / scale)))
      error += (q * scale - w) ** 2 * (cost === undefined ? 1 : cost[i]!)
    }
    if (error < least) {
      best = scale
      least = error
    }
  }
  return best
}

function roundEach(
  { weight, bias, outputs }: FloatLayer,
  scaleOf: (weights: Float64Array) => number,
): RoundedLayer {
  const perOutput = weight.length / outputs
  const integers = new Int8Array(weight.length)
  const scales = new Float64Array(outputs)
  for (let c = 0; c < outputs; c++) {
    const [from, to] = [c * perOutput, (c + 1) * perOutput]
    scales[c] = scaleOf(weight.subarray(from, to))
    roundWeights(weight.subarray(from, to), scales[c]!, integers.subarray(from, to))
  }
  return { integers, scales, bias }
}
