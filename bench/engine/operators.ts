// A network operator by operator in float, T = 1: for setting it up, not for its speed. onnxruntime computes convolutions.
import type { ConvOp, NeuronOp, Plan, PlanOp, RealConvOp } from '../../pipeline/detect/plan.js'
import { loadOnnxRuntime, type Runtime } from './contestants.js'
import { OnnxGraph, TYPE } from './onnx-graph.js'

type Neighbours = Extract<PlanOp, { op: 'maxpool' }>

/** Values of a plan's tensors, [C, H, W] each, as far as they are computed. */
export class Operators {
  readonly #values = new Map<number, Float32Array>()

  private constructor(
    readonly plan: Plan,
    readonly runtime: Runtime,
  ) {}

  /** Throws without onnxruntime-node, and for more than one time step. */
  static async load(plan: Plan, frame: Uint8Array): Promise<Operators> {
    const runtime = await loadOnnxRuntime()
    if (runtime === undefined)
      throw new Error('a network of a wanted density needs onnxruntime-node')
    if (plan.window.steps !== 1) throw new Error('a network of a wanted density has one time step')
    const operators = new Operators(plan, runtime)
    const input = plan.tensors.find(({ kind }) => kind === 'input')!
    operators.set(input.id, Float32Array.from(frame))
    return operators
  }

  value(tensor: number): Float32Array {
    return this.#values.get(tensor)!
  }

  set(tensor: number, values: Float32Array): void {
    this.#values.set(tensor, values)
  }

  /** Adds to all values of one channel. */
  shift(tensor: number, channel: number, by: number): void {
    const values = this.value(tensor)
    const { height, width } = this.plan.tensors[tensor]!
    const from = channel * height * width
    for (let i = from; i < from + height * width; i++) values[i]! += by
  }

  /** Everything but a neuron. */
  async run(op: Exclude<PlanOp, NeuronOp>): Promise<void> {
    this.set(op.output, await this.#result(op))
  }

  async #result(op: Exclude<PlanOp, NeuronOp>): Promise<Float32Array> {
    switch (op.op) {
      case 'conv':
      case 'realconv':
        return this.#convolution(op)
      case 'add': {
        const [a, b] = op.inputs.map((id) => this.value(id)) as [Float32Array, Float32Array]
        return a.map((value, i) => value + b[i]!)
      }
      case 'concat':
        return Float32Array.from(op.inputs.flatMap((id) => [...this.value(id)]))
      case 'mean':
        return this.value(op.input).slice()
      case 'upsample':
        return this.#upsampled(op.input, op.factor)
      case 'maxpool':
        return this.#pooled(op)
    }
  }

  async #convolution(op: ConvOp | RealConvOp): Promise<Float32Array> {
    const { plan, runtime } = this
    const from = plan.tensors[op.input]!
    const { channels } = plan.tensors[op.output]!
    const integers = plan.weights.get(`${op.name}.weight`)!
    const scale = plan.weights.get(`${op.name}.scale`)
    const taps = integers.length / channels
    const weight = Float32Array.from(integers, (w, i) => w * (scale?.[Math.floor(i / taps)] ?? 1))
    const bias = plan.weights.get(`${op.name}.bias`) as Float32Array
    const dims = [1, from.channels, from.height, from.width]
    const graph = new OnnxGraph({ name: 'x', type: TYPE.f32, dims })
    const constants = [
      graph.constant('weight', [channels, from.channels / op.groups, ...op.kernel], weight),
      graph.constant('bias', [channels], bias),
    ]
    const sliding = { group: op.groups, kernel_shape: op.kernel, pads: op.pad, strides: op.stride }
    graph.output(graph.node('Conv', ['x', ...constants], 'y', sliding))
    const session = await runtime.InferenceSession.create(graph.encode(), { logSeverityLevel: 3 })
    const { y } = await session.run({
      x: new runtime.Tensor('float32', this.value(op.input), dims),
    })
    const values = y!.data.slice()
    await session.release()
    return values
  }

  #upsampled(input: number, factor: number): Float32Array {
    const { channels, height, width } = this.plan.tensors[input]!
    const values = this.value(input)
    const wide = width * factor
    return new Float32Array(channels * height * factor * wide).map((_, i) => {
      const [row, x] = [Math.floor(i / wide), i % wide]
      const [channel, y] = [Math.floor(row / (height * factor)), row % (height * factor)]
      const at = (channel * height + Math.floor(y / factor)) * width
      return values[at + Math.floor(x / factor)]!
    })
  }

  #pooled({ input, output, kernel, stride, pad }: Neighbours): Float32Array {
    const from = this.plan.tensors[input]!
    const to = this.plan.tensors[output]!
    const values = this.value(input)
    return new Float32Array(to.channels * to.height * to.width).map((_, i) => {
      const [row, x] = [Math.floor(i / to.width), i % to.width]
      const [channel, y] = [Math.floor(row / to.height), row % to.height]
      const [top, left] = [y * stride[0] - pad[0], x * stride[1] - pad[1]]
      let most = Number.NEGATIVE_INFINITY
      for (let r = Math.max(0, top); r < Math.min(from.height, top + kernel[0]); r++)
        for (let c = Math.max(0, left); c < Math.min(from.width, left + kernel[1]); c++)
          most = Math.max(most, values[(channel * from.height + r) * from.width + c]!)
      return most
    })
  }
}

/** Spikes of a neuron without memory: clipped, then rounded half to even. */
export function spikesOf(
  { form, constant, levels }: NeuronOp,
  current: Float32Array,
): Float32Array {
  return current.map((x) => {
    const m = Math.max(0, Math.min(levels, form === 'tau' ? x / constant : x))
    const low = Math.floor(m)
    const up = m - low > 0.5 || (m - low === 0.5 && low % 2 === 1)
    return up ? low + 1 : low
  })
}
