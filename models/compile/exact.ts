// The proof behind `exact: yes`. Every value of a tensor is a whole multiple of 2^unit and at most `bound` in magnitude,
// whatever the input. Float32 holds whole numbers up to 2^24, so while every partial sum stays below 2^24 units no
// addition rounds, the order of summation does not matter, and every correct runtime computes the same bits.
import { SaccadeError } from '../../pipeline/errors.js'
import { gridOf } from './dyadic.js'
import type { ConvLayer, Layer, Layers } from './layers.js'

/** Per channel: exponent of the grid, and the largest magnitude. */
export interface Extent {
  unit: Float64Array
  bound: Float64Array
}

/** What the walk found at one layer. */
export interface LayerExtent {
  name: string
  /** Largest magnitude over all channels, and the same counted in the channel's grid units. */
  bound: number
  units: number
}

/** Result of the walk; `reason` is one sentence. */
export interface Proof {
  exact: boolean
  reason: string
  layers: LayerExtent[]
}

const FLOAT_INTEGERS = 2 ** 24

/** Walks the layers in order. `limit` is the largest frame value, `scale` what one unit of it means, `steps` T. */
export function prove(
  { layers, input, shapes }: Layers,
  limit: number,
  scale: number,
  steps: number,
): Proof {
  const extents = new Map<string, Extent>([
    [input, constantExtent(shapes.get(input)!.channels, gridOf(scale), limit * scale)],
  ])
  const found: LayerExtent[] = []
  let broken: string | undefined
  for (const layer of layers) {
    const extent = extentOf(layer, extents, shapes.get(layer.output)!.channels, steps)
    extents.set(layer.output, extent)
    if (layer.op === 'neuron') continue
    const units = unitsOf(extent)
    found.push({ name: layer.name, bound: max(extent.bound), units })
    broken ??= faultOf(layer, extent, units, steps)
  }
  const top = found.reduce((a, b) => (b.units > a.units ? b : a))
  // Membranes with a past, or divided by another number than 2, 4, …, round; elementwise, so alike in every f32 runtime.
  const roundless = (layer: Layer) =>
    layer.op !== 'neuron' ||
    (steps === 1 && (layer.form === 'ilif' || Number.isInteger(Math.log2(layer.constant))))
  const agree = layers.every(roundless) ? 'float32, float64' : 'every float32 runtime'
  const reason =
    broken ??
    `for every possible input all sums stay below 2^24 grid units (largest: ${millions(top.units)} in ${top.name}), so ${agree} and integers agree to the last bit`
  return { exact: broken === undefined, reason, layers: found }
}

function faultOf(layer: Layer, extent: Extent, units: number, steps: number): string | undefined {
  if (layer.op === 'conv' && layer.merged.length > 0)
    return `${layer.merged.join(', ')} was merged into ${layer.name} in float64, while a float runtime rounds it by itself`
  if (layer.op === 'mean' && !Number.isInteger(Math.log2(steps)))
    return `the mean ${layer.name} divides by ${steps}, which rounds`
  if (units >= FLOAT_INTEGERS)
    return `the sums of ${layer.name} may reach ${millions(units)} grid units, above 2^24, so float32 may round them`
  // Finest step and largest value of f32, with a little air.
  if (extent.unit.some((unit) => unit < -140) || extent.bound.some((bound) => bound > 2 ** 120))
    return `the values of ${layer.name} leave the range of float32`
  return undefined
}

function extentOf(
  layer: Layer,
  extents: Map<string, Extent>,
  channels: number,
  steps: number,
): Extent {
  const inputs = ('inputs' in layer ? layer.inputs : [layer.input]).map((name) => {
    const extent = extents.get(name)
    if (extent === undefined)
      throw new SaccadeError('ERR_MODEL', `${name} is read before it is made`)
    return extent
  })
  const [first] = inputs as [Extent]
  switch (layer.op) {
    case 'conv':
      return convExtent(layer, first)
    case 'neuron':
      return constantExtent(channels, 0, layer.levels)
    case 'add': {
      const second = inputs[1]!
      return {
        unit: first.unit.map((unit, c) => Math.min(unit, second.unit[c]!)),
        bound: first.bound.map((bound, c) => bound + second.bound[c]!),
      }
    }
    case 'concat':
      return {
        unit: Float64Array.from(inputs.flatMap((extent) => [...extent.unit])),
        bound: Float64Array.from(inputs.flatMap((extent) => [...extent.bound])),
      }
    case 'mean':
      // The sum over T before the division is what must be held; in units of the mean both are the same number.
      return {
        unit: first.unit.map((unit) => unit - Math.ceil(Math.log2(steps))),
        bound: first.bound,
      }
    case 'upsample':
    case 'maxpool':
      return first
  }
}

/** Bias included: a runtime may start its sum with it. */
function convExtent(layer: ConvLayer, input: Extent): Extent {
  const { weight, bias, outputs, groups, kernel } = layer
  const taps = kernel[0] * kernel[1]
  const perGroup = weight.length / outputs / taps
  const unit = new Float64Array(outputs)
  const bound = new Float64Array(outputs)
  for (let o = 0; o < outputs; o++) {
    const firstInput = Math.floor(o / (outputs / groups)) * perGroup
    let grid = gridOf(bias[o]!)
    let sum = Math.abs(bias[o]!)
    for (let i = 0; i < perGroup; i++) {
      const from = (o * perGroup + i) * taps
      const channel = firstInput + i
      for (const w of weight.subarray(from, from + taps)) {
        if (w === 0) continue
        grid = Math.min(grid, gridOf(w) + input.unit[channel]!)
        sum += Math.abs(w) * input.bound[channel]!
      }
    }
    unit[o] = grid
    bound[o] = sum
  }
  return { unit, bound }
}

function constantExtent(channels: number, unit: number, bound: number): Extent {
  return {
    unit: new Float64Array(channels).fill(unit),
    bound: new Float64Array(channels).fill(bound),
  }
}

function unitsOf({ unit, bound }: Extent): number {
  return max(bound.map((b, c) => (b === 0 ? 0 : b / 2 ** unit[c]!)))
}

function max(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0)
}

function millions(units: number): string {
  return units < 1e12 ? `${(units / 1e6).toFixed(2)} M` : units.toExponential(1)
}
