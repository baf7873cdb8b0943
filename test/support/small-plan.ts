// Plans for the tests of the engine: one with all that an epilogue carries, and tiny ones with weights by hand.
import type { Plan } from '../../pipeline/detect/plan.js'
import { PlanBuilder, Random } from './make-plan.js'

const head = { type: 'dfl', regMax: 1, strides: [1], classes: ['car'] } as const

/** A builder for frames [steps, channels, height, width] of counts 0..15. */
export function builder(
  steps: number,
  [channels, height, width]: [number, number, number],
  seed = 1,
): PlanBuilder {
  return new PlanBuilder(new Random(seed), {
    kind: 'count',
    durationUs: 50_000,
    steps,
    bins: steps,
    clip: 15,
    width,
    height,
    channels,
    timeOrder: 'oldest-first',
    scale: 1,
  })
}

/** Finishes a plan with one head of 4 + 1 channels at stride 1. */
export function finish(build: PlanBuilder, output: number): Plan {
  return build.finish([output], { ...head, strides: [1], classes: ['car'] })
}

/** Adds a 1 x 1 convolution whose channels all have these constants. */
export function byHand(
  build: PlanBuilder,
  input: number,
  channels: number,
  { weight = 1, scale = 1, bias = 0 },
): number {
  const output = build.conv(input, channels, { kernel: [1, 1] })
  const { name } = build.ops.at(-1)!
  build.weights.get(`${name}.weight`)!.fill(weight)
  build.weights.get(`${name}.scale`)!.fill(scale)
  build.weights.get(`${name}.bias`)!.fill(bias)
  return output
}

/** Two steps; a residual chain, a depthwise convolution, both neurons and one head. Operators 0, 2, 4 and 7 are convolutions. */
export function smallPlan(channels = 20, [height, width]: [number, number] = [9, 23]): Plan {
  const build = builder(2, [2, height, width])
  const first = build.conv(0, channels)
  const depthwise = build.conv(build.neuron(first), channels, { kernel: [7, 7], groups: channels })
  const sum = build.add(build.conv(build.neuron(depthwise), channels), first)
  const output = build.conv(build.neuron(sum, 'tau'), 5, { kernel: [1, 1] })
  return finish(build, build.mean(output))
}
