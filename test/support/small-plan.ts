// A plan small enough to check by hand, and one with all that the engine fuses.
import type { Plan, PlanOp, PlanTensor } from '../../pipeline/detect/plan.js'

type Shape = [channels: number, height: number, width: number]

/** Collects tensors, operators and weights of a plan in the order in which they run. */
export class PlanBuilder {
  readonly tensors: PlanTensor[] = []
  readonly ops: PlanOp[] = []
  readonly weights: Plan['weights'] = new Map()

  constructor(
    readonly steps: number,
    readonly input: Shape,
  ) {
    this.tensor('input', input)
  }

  tensor(kind: PlanTensor['kind'], [channels, height, width]: Shape, timed = true): number {
    const id = this.tensors.length
    this.tensors.push({ id, name: `tensor${id}`, kind, channels, height, width, timed })
    return id
  }

  shape(id: number): Shape {
    const { channels, height, width } = this.tensors[id]!
    return [channels, height, width]
  }

  /** A same-size convolution with weights, scales and biases by index. */
  conv(
    input: number,
    channels: number,
    kernel: number,
    weight: (index: number) => number,
    options: { groups?: number; scale?: number; bias?: (channel: number) => number } = {},
  ): number {
    const [inChannels, height, width] = this.shape(input)
    const output = this.tensor('real', [channels, height, width])
    const name = `conv${this.ops.length}`
    const pad = (kernel - 1) / 2
    const groups = options.groups ?? 1
    this.ops.push({
      op: 'conv',
      name,
      input,
      output,
      kernel: [kernel, kernel],
      stride: [1, 1],
      pad: [pad, pad, pad, pad],
      groups,
      bits: 8,
    })
    const count = (channels * inChannels * kernel * kernel) / groups
    this.weights.set(
      `${name}.weight`,
      Int8Array.from({ length: count }, (_, i) => weight(i)),
    )
    this.weights.set(`${name}.scale`, new Float32Array(channels).fill(options.scale ?? 1))
    this.weights.set(
      `${name}.bias`,
      Float32Array.from({ length: channels }, (_, c) => options.bias?.(c) ?? 0),
    )
    return output
  }

  neuron(input: number, form: 'ilif' | 'tau' = 'ilif', constant = 0.25): number {
    const output = this.tensor('spike', this.shape(input))
    this.ops.push({
      op: 'neuron',
      name: `neuron${this.ops.length}`,
      input,
      output,
      form,
      levels: 4,
      constant,
    })
    return output
  }

  add(a: number, b: number): number {
    const output = this.tensor('real', this.shape(a))
    this.ops.push({ op: 'add', name: `add${this.ops.length}`, inputs: [a, b], output })
    return output
  }

  mean(input: number): number {
    const output = this.tensor('real', this.shape(input), false)
    this.ops.push({ op: 'mean', name: `mean${this.ops.length}`, input, output })
    return output
  }

  plan(outputs: number[], changes: Partial<Plan> = {}): Plan {
    const [channels, height, width] = this.input
    return {
      version: 1,
      name: 'small',
      onnxSha256: '',
      exact: 'yes',
      exactReason: '',
      window: {
        kind: 'count',
        durationUs: 50_000,
        steps: this.steps,
        bins: this.steps,
        clip: 15,
        width,
        height,
        channels,
        timeOrder: 'oldest-first',
        scale: 1,
      },
      head: { type: 'dfl', regMax: 1, strides: outputs.map(() => 1), classes: ['car'] },
      detect: { score: 0.5, iou: 0.5, max: 10, multiLabel: false },
      card: {},
      tensors: this.tensors,
      ops: this.ops,
      outputs,
      weights: this.weights,
      ...changes,
    }
  }
}

/** Two steps; a residual chain, a depthwise convolution and a head of 5 channels: everything an epilogue can carry. */
export function smallPlan(channels = 20, [height, width]: [number, number] = [9, 23]): Plan {
  const mixed = (i: number) => ((i * 37 + (i >> 3) * 11) % 15) - 7
  const build = new PlanBuilder(2, [2, height, width])
  const first = build.conv(0, channels, 3, mixed, { scale: 1 / 16, bias: (c) => (c % 5) / 4 - 0.5 })
  const inner = build.neuron(
    build.conv(build.neuron(first), channels, 7, mixed, { groups: channels, scale: 1 / 32 }),
  )
  const sum = build.add(build.conv(inner, channels, 3, mixed, { scale: 1 / 256 }), first)
  const head = build.conv(build.neuron(sum, 'tau', 2), 5, 1, mixed, { scale: 1 / 8 })
  return build.plan([build.mean(head)])
}

/** A frame of a plan with values 0..15 that look like nothing in particular. */
export function smallFrame(plan: Plan, seed = 1): Uint8Array {
  const { steps, channels, height, width } = plan.window
  let state = seed >>> 0
  return Uint8Array.from({ length: steps * channels * height * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 28
  })
}
