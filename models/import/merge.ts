// Linear chains of a network -> one convolution with a bias, in float64. What the authors' BNAndPad does (normalise, then pad
// with the normalised zero) equals padding with zeros before a normalisation whose constant reaches every pixel alike, so
// a chain's constants meet in one bias without a special border.

/** y[c] = x[c] * factor[c] + constant[c]. */
export interface Affine {
  factor: Float64Array
  constant: Float64Array
}

/** A convolution, OIHW, I = input channels per group. */
export interface MergedConv {
  outputs: number
  perGroup: number
  kernel: [number, number]
  weight: Float64Array
  bias: Float64Array
}

/** BatchNorm2d in eval mode. var + eps is summed in float32, as torch does; the exact networks rest on that sum. */
export function normalisation(
  gamma: Float32Array,
  beta: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  epsilon: number,
): Affine {
  const factor = new Float64Array(gamma.length)
  const constant = new Float64Array(gamma.length)
  for (let c = 0; c < gamma.length; c++) {
    const spread = Math.fround(variance[c]! + Math.fround(epsilon))
    factor[c] = gamma[c]! / Math.sqrt(spread)
    constant[c] = beta[c]! - mean[c]! * factor[c]!
  }
  return { factor, constant }
}

/** The convolution followed by the normalisation. */
export function normalised(conv: MergedConv, { factor, constant }: Affine): MergedConv {
  const perOutput = conv.weight.length / conv.outputs
  const weight = conv.weight.slice()
  for (let c = 0, i = 0; c < conv.outputs; c++)
    for (const end = i + perOutput; i < end; i++) weight[i]! *= factor[c]!
  const bias = conv.bias.map((b, c) => b * factor[c]! + constant[c]!)
  return { ...conv, weight, bias }
}

/** A 1 x 1 convolution that reads its input through a normalisation. */
export function ofNormalised({ factor, constant }: Affine, conv: MergedConv): MergedConv {
  const { outputs, perGroup } = conv
  const weight = conv.weight.map((w, i) => w * factor[i % perGroup]!)
  const bias = Float64Array.from(conv.bias)
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < perGroup; i++) bias[o]! += conv.weight[o * perGroup + i]! * constant[i]!
  return { ...conv, weight, bias }
}

/**
 * A 1 x 1 convolution, its result padded by its bias, then a depthwise one: the same as zero padding before the 1 x 1
 * without a bias, and the bias through all taps of the depthwise one.
 */
export function biasThrough(
  pointwise: MergedConv,
  depthwise: MergedConv,
): [MergedConv, MergedConv] {
  const taps = depthwise.kernel[0] * depthwise.kernel[1]
  const bias = depthwise.bias.map((b, c) => {
    let sum = 0
    for (const w of depthwise.weight.subarray(c * taps, (c + 1) * taps)) sum += w
    return b + sum * pointwise.bias[c]!
  })
  return [
    { ...pointwise, bias: new Float64Array(pointwise.outputs) },
    { ...depthwise, bias },
  ]
}

/** A 1 x 1 convolution without bias, then a depthwise one: one dense convolution. */
export function thenDepthwise(pointwise: MergedConv, depthwise: MergedConv): MergedConv {
  const { outputs, perGroup } = pointwise
  const taps = depthwise.kernel[0] * depthwise.kernel[1]
  const weight = new Float64Array(outputs * perGroup * taps)
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < perGroup; i++)
      for (let k = 0; k < taps; k++)
        weight[(o * perGroup + i) * taps + k] =
          pointwise.weight[o * perGroup + i]! * depthwise.weight[o * taps + k]!
  return { outputs, perGroup, kernel: depthwise.kernel, weight, bias: depthwise.bias }
}
