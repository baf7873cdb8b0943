// int8 weights whose layer gives, on real inputs, nearly what the float layer gives. An error of a weight counts by what it
// meets: nothing where the input never fires, and two errors may cancel where their inputs fire together. With the second
// moments C of the input the error of a channel's output is d' C d, d the errors of its weights.
import {
  bestScale,
  candidateScales,
  type FloatLayer,
  MOST_INT8,
  type RoundedLayer,
  roundByError,
  roundToLargest,
  roundWeights,
} from '../models/index.js'
import type { LayerInputs, Patches } from './layer-inputs.js'

/** How one layer was rounded: output channels by what was best for them on windows that took no part in the choice. */
export interface RoundingChoice {
  layer: string
  /** By inputs: scale, direction of each rounding and bias. */
  byInputs: number
  /** By the weights alone. */
  byWeights: number
  /** Nothing was better than the scale of the largest weight. */
  byLargest: number
  /** Squared error of the output on the windows that took no part, over that of scales of the largest weight. */
  errorRatio: number
}

/** Pairs under a larger kernel cost more time than the gain is worth; such a layer is rounded by its weights. */
const MOST_SIZE = 1024
/** Added to the diagonal of C as a part of its mean: inputs that never fired here may fire elsewhere. */
const UNSEEN = 0.02
/** Passes over the weights; most channels are at rest after four. */
const PASSES = 8

type Rule = 'byInputs' | 'byWeights' | 'byLargest'

/** A rounding of one channel, and what it does to the output's mean. */
interface Channel {
  integers: Int8Array
  scale: number
  bias: number
}

/**
 * Rounds a layer by what it reads: chosen on `seen`, judged channel by channel on `unseen`, so that no channel is worse there
 * than with the scale of its largest weight.
 */
export function roundByInputs(
  layer: FloatLayer,
  seen: LayerInputs,
  unseen: LayerInputs,
): { rounded: RoundedLayer; choice: RoundingChoice } {
  const { outputs, groups, weight, inputScale } = layer
  const size = weight.length / outputs
  const plain = { byLargest: roundToLargest(layer), byWeights: roundByError(layer) }
  const rounded: RoundedLayer = {
    integers: new Int8Array(weight.length),
    scales: new Float64Array(outputs),
    bias: layer.bias.slice(),
  }
  const choice = { layer: layer.name, byInputs: 0, byWeights: 0, byLargest: 0, errorRatio: 1 }
  const errors = { largest: 0, chosen: 0 }
  for (let group = 0; group < groups; group++) {
    const chooser = size <= MOST_SIZE ? new Chooser(seen.group(group)) : undefined
    const judge = unseen.group(group)
    for (let c = (group * outputs) / groups; c < ((group + 1) * outputs) / groups; c++) {
      const [from, to] = [c * size, (c + 1) * size]
      const weights = weight.subarray(from, to)
      const channel = ({ integers, scales }: RoundedLayer): Channel => ({
        integers: integers.subarray(from, to),
        scale: scales[c]!,
        bias: 0,
      })
      const largest = { rule: 'byLargest' as const, ...channel(plain.byLargest) }
      const ofWeights = { rule: 'byWeights' as const, ...channel(plain.byWeights) }
      const others = chooser
        ? [ofWeights, { rule: 'byInputs' as const, ...chooser.round(weights) }]
        : [ofWeights]
      const least = outputError(weights, largest, judge)
      // Where nothing was heard all are alike, and the error of the weights decides.
      const start = least === 0 ? ofWeights : largest
      let best: Channel & { rule: Rule; error: number } = { ...start, error: least }
      for (const other of others) {
        const error = outputError(weights, other, judge)
        if (error < best.error) best = { ...other, error }
      }
      errors.largest += least
      errors.chosen += best.error
      choice[best.rule] += 1
      rounded.integers.set(best.integers, from)
      rounded.scales[c] = best.scale
      rounded.bias[c] = Math.fround(layer.bias[c]! + best.bias * inputScale)
    }
  }
  if (errors.largest > 0) choice.errorRatio = errors.chosen / errors.largest
  return { rounded, choice }
}

/** Rounds channels that read the same inputs. */
class Chooser {
  readonly #patches: Patches
  readonly #mean: Float64Array
  /** Covariance, row-major: the mean error is taken back by the bias, so only what varies counts. */
  readonly #products: Float64Array
  readonly #diagonal: Float64Array
  readonly #unseen: number

  constructor(patches: Patches) {
    const { size } = patches
    this.#patches = patches
    this.#mean = patches.means(new Float64Array(patches.count).fill(1))
    this.#products = patches.products()
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        this.#products[i * size + j]! -= this.#mean[i]! * this.#mean[j]!
    this.#diagonal = new Float64Array(size)
    for (let i = 0; i < size; i++) this.#diagonal[i] = this.#products[i * size + i]!
    this.#unseen = (UNSEEN * this.#diagonal.reduce((a, b) => a + b, 0)) / size
    for (let i = 0; i < size; i++) {
      this.#diagonal[i]! += this.#unseen
      this.#products[i * size + i] = this.#diagonal[i]!
    }
  }

  round(weights: Float64Array): Channel {
    const scale = bestScale(weights, candidateScales(weights), this.#diagonal)
    const integers = new Int8Array(weights.length)
    roundWeights(weights, scale, integers)
    const errors = weights.map((w, i) => integers[i]! * scale - w)
    this.#turn(integers, errors, scale)
    return { integers, scale, bias: -dot(errors, this.#mean) }
  }

  /** Rounds single weights the other way while that makes the output's error smaller. */
  #turn(integers: Int8Array, errors: Float64Array, scale: number): void {
    const { size } = this.#patches
    const products = this.#products
    const slope = this.#slope(errors)
    for (let pass = 0; pass < PASSES; pass++) {
      let turned = 0
      for (let i = 0; i < size; i++) {
        // The other neighbour on the grid; a clipped weight has none.
        const step = errors[i]! > 0 ? -1 : 1
        const change = step * scale
        const growth = 2 * change * slope[i]! + change * change * this.#diagonal[i]!
        if (!(growth < 0) || Math.abs(errors[i]!) > scale) continue
        if (Math.abs(integers[i]! + step) > MOST_INT8) continue
        integers[i]! += step
        errors[i]! += change
        turned += 1
        const row = i * size
        for (let j = 0; j < size; j++) slope[j]! += change * products[row + j]!
      }
      if (turned === 0) return
    }
  }

  /** products x errors, by way of the patches: they are sparse. */
  #slope(errors: Float64Array): Float64Array {
    const slope = this.#patches.means(this.#patches.sums(errors))
    const average = dot(errors, this.#mean)
    for (let i = 0; i < slope.length; i++)
      slope[i]! += this.#unseen * errors[i]! - average * this.#mean[i]!
    return slope
  }
}

/** Mean squared error of the output over patches. */
function outputError(
  weights: Float64Array,
  { integers, scale, bias }: Channel,
  patches: Patches,
): number {
  const sums = patches.sums(weights.map((w, i) => integers[i]! * scale - w))
  return sums.reduce((total, sum) => total + (sum + bias) ** 2, 0) / patches.count
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0)
}
