// A plan as an int8 network for onnxruntime, in the forms that its users would choose from.
//
// `exact`: a convolution that one neuron follows is a QLinearConv whose output is the spikes themselves (scale 1, zero point
// 0; its rounding is the neuron's, a Clip to the levels does the rest). Whatever else reads a current gets it as float:
// ConvInteger, Cast, Mul, Add. The spikes are those of the plan, all of them. Its weights are u8 around 128: onnxruntime
// 1.30 takes 81 ms for the default model with s8 weights there, 9 ms with these.
//
// `quantised`: no float between input and heads. Currents are u8 with a scale and a zero point from what they were on
// sample windows, residuals are QLinearAdd, poolings and upsamplings work on u8. Fewer conversions, but the rounding of
// the currents changes spikes: it is another network, close to the first.
import { neuronFunction } from '../../models/import/neurons.js'
import type { ConvOp, NeuronOp, Plan, PlanTensor, RealConvOp } from '../../pipeline/detect/plan.js'
import { OnnxGraph, TYPE } from './onnx-graph.js'

/** Smallest and largest value of each real tensor, by its name. */
export type Ranges = ReadonlyMap<string, readonly [low: number, high: number]>

/** Names of the real tensors of a plan that an exact network computes as float. */
export interface Int8Network {
  onnx: Uint8Array
  floats: string[]
}

const MOST_INT8 = 127
/** What an s8 weight of 0 is as u8. */
const ZERO = 128

/** A step beyond a tie, far below the step of any sum: see `biasInteger`. */
const NUDGE = 2 ** -20

/** The plan as ONNX; with `ranges` quantised throughout, without exact. */
export function int8Network(plan: Plan, ranges?: Ranges): Int8Network {
  return new Int8Writer(plan, ranges).write()
}

interface Scale {
  scale: number
  zero: number
}

class Int8Writer {
  readonly #graph: OnnxGraph
  readonly #readers = new Map<number, number[]>()
  readonly #floats: string[] = []
  /** Neurons whose spikes a convolution or an addition before them has made. */
  readonly #fused = new Set<number>()

  constructor(
    readonly plan: Plan,
    readonly ranges: Ranges | undefined,
  ) {
    const { steps, channels, height, width } = plan.window
    const input = plan.tensors.find(({ kind }) => kind === 'input')!
    const functions =
      steps === 1 ? [] : [neuronFunction('ILIF', steps), neuronFunction('ILIFTau', steps)]
    const dims = [steps, channels, height, width]
    this.#graph = new OnnxGraph({ name: input.name, type: TYPE.u8, dims }, functions)
    for (const [index, op] of plan.ops.entries())
      for (const id of 'inputs' in op ? op.inputs : [op.input])
        this.#readers.set(id, [...(this.#readers.get(id) ?? []), index])
  }

  write(): Int8Network {
    const { plan } = this
    for (const [index, op] of plan.ops.entries()) {
      const made = plan.tensors[op.output]!
      if (made.kind === 'real' && !(op.op === 'conv' && this.#neuronAfter(op.output)))
        this.#floats.push(made.name)
      if (op.op === 'conv') this.#conv(op)
      else if (op.op === 'realconv') this.#realConv(op)
      else if (op.op === 'neuron') {
        if (!this.#fused.has(index)) this.#neuron(op)
      } else if (op.op === 'add') this.#add(op.inputs, op.output)
      else if (op.op === 'concat') this.#concat(op.inputs, op.output)
      else if (op.op === 'mean') this.#mean(op.input, op.output)
      else if (op.op === 'upsample') this.#upsample(op.input, op.output, op.factor)
      else
        this.#graph.node('MaxPool', [this.#name(op.input)], this.#name(op.output), {
          kernel_shape: op.kernel,
          pads: op.pad,
          strides: op.stride,
        })
    }
    for (const id of plan.outputs) this.#graph.output(this.#asFloat(id))
    const floats = this.ranges === undefined ? this.#floats : []
    return { onnx: this.#graph.encode(), floats }
  }

  #name(id: number): string {
    return this.plan.tensors[id]!.name
  }

  #scaleOf({ name }: PlanTensor): Scale {
    const [low, high] = this.ranges!.get(name)!
    const [from, to] = [Math.min(0, low), Math.max(0, high)]
    const scale = Math.fround((to - from) / 255) || 1
    return { scale, zero: Math.round(-from / scale) }
  }

  #pair({ scale, zero }: Scale): string[] {
    return [this.#graph.scalar(scale, 'f32'), this.#graph.scalar(zero, 'u8')]
  }

  /** The one neuron that reads a tensor, if nothing else does and it has no memory. */
  #neuronAfter(id: number): { index: number; op: NeuronOp } | undefined {
    const [index, ...more] = this.#readers.get(id) ?? []
    const op = index === undefined ? undefined : this.plan.ops[index]!
    if (op?.op !== 'neuron' || more.length > 0 || this.plan.window.steps > 1) return undefined
    return { index: index!, op }
  }

  /** Current per spike: a neuron without memory is clip(round(x / step)). */
  #step({ form, constant }: NeuronOp): number {
    return form === 'tau' ? constant : 1
  }

  #clip({ levels, output }: NeuronOp, counts: string): void {
    const [low, high] = [this.#graph.scalar(0, 'u8'), this.#graph.scalar(levels, 'u8')]
    this.#graph.node('Clip', [counts, low, high], this.#name(output))
  }

  #weights(op: ConvOp): { integers: Int8Array; scale: Float32Array; dims: number[] } {
    const weights = this.plan.weights.get(`${op.name}.weight`)! as Int8Array | Int16Array
    const scale = Float32Array.from(this.plan.weights.get(`${op.name}.scale`)!)
    const dims = this.#dims(op)
    let integers = weights as Int8Array
    if (!(weights instanceof Int8Array)) {
      // No runtime takes int16 weights: the largest of a channel becomes 127, the others are rounded.
      const taps = weights.length / scale.length
      integers = new Int8Array(weights.length)
      for (let c = 0; c < scale.length; c++) {
        const row = weights.subarray(c * taps, (c + 1) * taps)
        const factor = row.reduce((most, w) => Math.max(most, Math.abs(w)), 1) / MOST_INT8
        for (const [i, w] of row.entries()) integers[c * taps + i] = Math.round(w / factor)
        scale[c]! *= factor
      }
    }
    return { integers, scale, dims }
  }

  #dims(op: ConvOp | RealConvOp): number[] {
    const from = this.plan.tensors[op.input]!
    const to = this.plan.tensors[op.output]!
    return [to.channels, from.channels / op.groups, ...op.kernel]
  }

  #sliding({ groups, kernel, pad, stride }: ConvOp | RealConvOp) {
    return { group: groups, kernel_shape: kernel, pads: pad, strides: stride }
  }

  #conv(op: ConvOp): void {
    const after = this.#neuronAfter(op.output)
    const { integers, scale, dims } = this.#weights(op)
    const bias = this.plan.weights.get(`${op.name}.bias`)! as Float32Array
    const counts: Scale = { scale: 1, zero: 0 }
    if (after !== undefined) {
      const raw = `${op.name}:counts`
      const to = { scale: this.#step(after.op), zero: 0 }
      this.#qLinearConv(op, { integers, scale, bias, from: counts, to, output: raw })
      this.#clip(after.op, raw)
      this.#fused.add(after.index)
    } else if (this.ranges !== undefined) {
      const to = this.#scaleOf(this.plan.tensors[op.output]!)
      this.#qLinearConv(op, {
        integers,
        scale,
        bias,
        from: counts,
        to,
        output: this.#name(op.output),
      })
    } else {
      const graph = this.#graph
      const shape = [1, scale.length, 1, 1]
      const around = graph.constant(
        `${op.name}.unsigned`,
        dims,
        Uint8Array.from(integers, (w) => w + ZERO),
      )
      const inputs = [this.#name(op.input), around, graph.scalar(0, 'u8'), graph.scalar(ZERO, 'u8')]
      const sums = graph.node('ConvInteger', inputs, `${op.name}:sums`, this.#sliding(op))
      const floats = graph.node('Cast', [sums], `${op.name}:floats`, { to: TYPE.f32 })
      const scaled = graph.node(
        'Mul',
        [floats, graph.constant(`${op.name}.scale`, shape, scale)],
        `${op.name}:scaled`,
      )
      graph.node(
        'Add',
        [scaled, graph.constant(`${op.name}.bias`, shape, bias)],
        this.#name(op.output),
      )
    }
  }

  #qLinearConv(
    op: ConvOp | RealConvOp,
    conv: {
      integers: Int8Array
      scale: Float32Array
      bias: Float32Array
      from: Scale
      to: Scale
      output: string
    },
  ): void {
    const graph = this.#graph
    const { from, to, output } = conv
    const scale = conv.scale.slice()
    const bias = new Int32Array(scale.length)
    for (let c = 0; c < scale.length; c++)
      [bias[c], scale[c]] = biasInteger(
        conv.bias[c]!,
        scale[c]!,
        from.scale,
        this.ranges === undefined,
      )
    const inputs = [
      this.#name(op.input),
      ...this.#pair(from),
      graph.constant(`${op.name}.weight`, this.#dims(op), conv.integers),
      graph.constant(`${op.name}.scale`, [scale.length], scale),
      graph.constant(`${op.name}.zero`, [scale.length], new Int8Array(scale.length)),
      ...this.#pair(to),
      graph.constant(`${op.name}.bias`, [scale.length], bias),
    ]
    graph.node('QLinearConv', inputs, output, this.#sliding(op))
  }

  #realConv(op: RealConvOp): void {
    const { name } = op
    const floats = this.plan.weights.get(`${name}.weight`)! as Float32Array
    const bias = this.plan.weights.get(`${name}.bias`)! as Float32Array
    const dims = this.#dims(op)
    const graph = this.#graph
    if (this.ranges === undefined) {
      const constants = [
        graph.constant(`${name}.weight`, dims, floats),
        graph.constant(`${name}.bias`, [bias.length], bias),
      ]
      graph.node(
        'Conv',
        [this.#name(op.input), ...constants],
        this.#name(op.output),
        this.#sliding(op),
      )
      return
    }
    const taps = floats.length / bias.length
    const scale = new Float32Array(bias.length)
    const integers = new Int8Array(floats.length)
    for (let c = 0; c < bias.length; c++) {
      const row = floats.subarray(c * taps, (c + 1) * taps)
      scale[c] = row.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / MOST_INT8 || 1
      for (const [i, w] of row.entries()) integers[c * taps + i] = Math.round(w / scale[c]!)
    }
    const from = this.#scaleOf(this.plan.tensors[op.input]!)
    const after = this.#neuronAfter(op.output)
    const to = after
      ? { scale: this.#step(after.op), zero: 0 }
      : this.#scaleOf(this.plan.tensors[op.output]!)
    const output = after ? `${name}:counts` : this.#name(op.output)
    this.#qLinearConv(op, { integers, scale, bias, from, to, output })
    if (after) {
      this.#clip(after.op, output)
      this.#fused.add(after.index)
    }
  }

  #neuron(op: NeuronOp): void {
    const graph = this.#graph
    const from = this.plan.tensors[op.input]!
    const { steps } = this.plan.window
    const counts = `${op.name}:counts`
    if (steps === 1 && this.ranges === undefined) {
      graph.node(
        'QuantizeLinear',
        [from.name, ...this.#pair({ scale: this.#step(op), zero: 0 })],
        counts,
      )
      this.#clip(op, counts)
    } else if (steps === 1) {
      // Of one tensor this is no concatenation but a table of 256 entries.
      const inputs = [
        ...this.#pair({ scale: this.#step(op), zero: 0 }),
        from.name,
        ...this.#pair(this.#scaleOf(from)),
      ]
      graph.node('QLinearConcat', inputs, counts, { axis: 1 }, 'com.microsoft')
      this.#clip(op, counts)
    } else {
      const real = this.#asFloat(op.input)
      const [type, constant] = op.form === 'tau' ? ['ILIFTau', 'tau'] : ['ILIF', 'decay']
      const settings = { levels: { f: op.levels }, [constant!]: { f: op.constant } }
      const spikes = graph.node(type!, [real], `${op.name}:spikes`, settings, 'saccade')
      graph.node('Cast', [spikes], this.#name(op.output), { to: TYPE.u8 })
    }
  }

  #add(inputs: readonly number[], output: number): void {
    const names = inputs.map((id) => this.#name(id))
    if (this.ranges === undefined) {
      this.#graph.node('Add', names, this.#name(output))
      return
    }
    const parts = inputs.flatMap((id) => [
      this.#name(id),
      ...this.#pair(this.#scaleOf(this.plan.tensors[id]!)),
    ])
    const after = this.#neuronAfter(output)
    const to = after
      ? { scale: this.#step(after.op), zero: 0 }
      : this.#scaleOf(this.plan.tensors[output]!)
    const name = after ? `${after.op.name}:counts` : this.#name(output)
    this.#graph.node('QLinearAdd', [...parts, ...this.#pair(to)], name, {}, 'com.microsoft')
    if (after) {
      this.#clip(after.op, name)
      this.#fused.add(after.index)
    }
  }

  #concat(inputs: readonly number[], output: number): void {
    if (this.ranges === undefined) {
      this.#graph.node(
        'Concat',
        inputs.map((id) => this.#name(id)),
        this.#name(output),
        { axis: 1 },
      )
      return
    }
    const parts = inputs.flatMap((id) => [
      this.#name(id),
      ...this.#pair(this.#scaleOf(this.plan.tensors[id]!)),
    ])
    const to = this.#pair(this.#scaleOf(this.plan.tensors[output]!))
    this.#graph.node(
      'QLinearConcat',
      [...to, ...parts],
      this.#name(output),
      { axis: 1 },
      'com.microsoft',
    )
  }

  /** A mean is float in both forms. */
  #mean(input: number, output: number): void {
    this.#graph.node('ReduceMean', [this.#asFloat(input)], this.#name(output), {
      axes: [0],
      keepdims: 1,
    })
  }

  #asFloat(id: number): string {
    const from = this.plan.tensors[id]!
    const maker = this.plan.ops.find(({ output }) => output === id)!
    if (this.ranges === undefined || maker.op === 'mean') return from.name
    return this.#graph.node(
      'DequantizeLinear',
      [from.name, ...this.#pair(this.#scaleOf(from))],
      `${from.name}:float`,
    )
  }

  #upsample(input: number, output: number, factor: number): void {
    const scales = this.#graph.constant(
      `${this.#name(output)}.factors`,
      [4],
      Float32Array.of(1, 1, factor, factor),
    )
    this.#graph.node('Resize', [this.#name(input), '', scales], this.#name(output), {
      coordinate_transformation_mode: 'asymmetric',
      mode: 'nearest',
      nearest_mode: 'floor',
    })
  }
}

/**
 * The bias as a whole number of sums, and the scale. Where the bias is no multiple of the scale, `exact` rounds it down and
 * makes the scale larger by 2^-20: for sums of whole steps 2^-k, k >= 1, only a sum that then lies on a tie k + 0.5 could
 * come out otherwise, and the true one, a little above it, rounds up as the nudged one does.
 */
export function biasInteger(
  bias: number,
  scale: number,
  inputScale: number,
  exact: boolean,
): [bias: number, scale: number] {
  const steps = bias / (scale * inputScale)
  const whole = exact ? Math.floor(steps) : Math.round(steps)
  return [whole, exact && whole !== steps ? Math.fround(scale * (1 + NUDGE)) : scale]
}
