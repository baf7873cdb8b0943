import test from 'ava'
import { LayerInputs } from '../../calibration/layer-inputs.js'
import { roundByInputs } from '../../calibration/output-rounding.js'
import {
  type FloatLayer,
  type RoundedLayer,
  roundByError,
  roundToLargest,
} from '../../models/index.js'
import type { ConvOp, Plan } from '../../pipeline/index.js'

const HEIGHT = 12
const WIDTH = 10

/** A plan of which only what a convolution reads and makes matters. */
function convolution(channels: number, outputs: number, groups = 1): { plan: Plan; op: ConvOp } {
  const tensor = (id: number, count: number, kind: 'input' | 'real') => ({
    id,
    name: `t${id}`,
    kind,
    channels: count,
    height: HEIGHT,
    width: WIDTH,
    timed: true,
  })
  const plan = {
    window: { steps: 2 },
    tensors: [tensor(0, channels, 'input'), tensor(1, outputs, 'real')],
  } as unknown as Plan
  const op: ConvOp = {
    op: 'conv',
    name: 'conv',
    input: 0,
    output: 1,
    kernel: [3, 3],
    stride: [1, 1],
    pad: [1, 1, 1, 1],
    groups,
    bits: 8,
  }
  return { plan, op }
}

/** Whole numbers that look random; the same for the same seed. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Spikes of which neighbouring channels fire together; the last channel never fires. */
function spikes(channels: number, seed: number): Uint8Array {
  const next = noise(seed)
  const map = HEIGHT * WIDTH
  const values = new Uint8Array(2 * channels * map)
  for (let t = 0; t < 2; t++)
    for (let at = 0; at < map; at++) {
      const level = next() < 0.3 ? 1 + Math.floor(next() * 4) : 0
      for (let c = 0; c < channels - 1; c++)
        if (next() < 0.8) values[(t * channels + c) * map + at] = level
    }
  return values
}

function floatLayer(channels: number, outputs: number, groups = 1): FloatLayer {
  const next = noise(7)
  const weight = Float64Array.from({ length: (outputs * channels * 9) / groups }, () =>
    Math.fround(next() + next() + next() - 1.5),
  )
  return {
    name: 'conv',
    weight,
    bias: new Float64Array(outputs).fill(0.25),
    outputs,
    groups,
    inputScale: 0.5,
  }
}

/** Mean squared error of every output, computed directly on all places of all windows. */
function outputErrors(
  layer: FloatLayer,
  { integers, scales, bias }: RoundedLayer,
  frames: readonly Uint8Array[],
  channels: number,
): number[] {
  const { outputs, groups, weight, inputScale } = layer
  const perGroup = channels / groups
  return Array.from({ length: outputs }, (_, o) => {
    const first = Math.floor(o / (outputs / groups)) * perGroup
    let total = 0
    for (const frame of frames)
      for (let t = 0; t < 2; t++)
        for (let y = 0; y < HEIGHT; y++)
          for (let x = 0; x < WIDTH; x++) {
            let sum = bias[o]! - layer.bias[o]!
            for (let i = 0; i < perGroup; i++)
              for (let k = 0; k < 9; k++) {
                const [row, column] = [y + Math.floor(k / 3) - 1, x + (k % 3) - 1]
                if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH) continue
                const at = (o * perGroup + i) * 9 + k
                const value = frame[((t * channels + first + i) * HEIGHT + row) * WIDTH + column]!
                sum += (integers[at]! * scales[o]! - weight[at]!) * value * inputScale
              }
            total += sum * sum
          }
    return total / (frames.length * 2 * HEIGHT * WIDTH)
  })
}

for (const [channels, outputs, groups, most] of [
  [8, 6, 1, 0.5],
  // Nine weights leave little choice.
  [6, 6, 6, 0.95],
] as const)
  test(`${channels} channels in ${groups} groups: no output is worse on windows that took no part, and all together are better`, (t) => {
    const { plan, op } = convolution(channels, outputs, groups)
    const layer = floatLayer(channels, outputs, groups)
    const collect = (frames: readonly Uint8Array[]) => {
      const inputs = new LayerInputs(plan, op)
      for (const frame of frames) inputs.add(frame)
      return inputs
    }
    const [seen, unseen] = [
      [1, 2, 3].map((seed) => spikes(channels, seed)),
      [4, 5, 6].map((seed) => spikes(channels, seed)),
    ]
    const { rounded, choice } = roundByInputs(layer, collect(seen), collect(unseen))
    const before = outputErrors(layer, roundToLargest(layer), unseen, channels)
    const after = outputErrors(layer, rounded, unseen, channels)
    const sum = (errors: number[]) => errors.reduce((a, b) => a + b)
    t.true(after.every((error, o) => error <= before[o]! * (1 + 1e-9)))
    t.log(`error of the outputs: ${(sum(after) / sum(before)).toFixed(3)} of that of plain scales`)
    // All places were looked at, so what the choice says of itself is what a direct computation finds.
    t.true(Math.abs(choice.errorRatio - sum(after) / sum(before)) < 1e-6)
    t.true(choice.errorRatio < most, `${choice.errorRatio}`)
    t.is(choice.byInputs + choice.byWeights + choice.byLargest, outputs)
    t.true(rounded.scales.every((scale) => Math.fround(scale) === scale))
    t.true(rounded.bias.every((bias) => Math.fround(bias) === bias))
  })

test('where nothing was ever heard the weights decide, and the bias stays', (t) => {
  const { plan, op } = convolution(4, 3)
  const layer = floatLayer(4, 3)
  const silent = () => {
    const inputs = new LayerInputs(plan, op)
    inputs.add(new Uint8Array(2 * 4 * HEIGHT * WIDTH))
    return inputs
  }
  const { rounded, choice } = roundByInputs(layer, silent(), silent())
  t.deepEqual(rounded, roundByError(layer))
  t.deepEqual([choice.byWeights, choice.errorRatio], [3, 1])
})
