// A plan as an int8 network for onnxruntime: what its two forms, int8-exact.ts and int8-quantised.ts, have in common.
import { neuronFunction } from '../../models/import/neurons.js'
import type {
  AddOp,
  ConcatOp,
  ConvOp,
  MaxPoolOp,
  MeanOp,
  NeuronOp,
  Plan,
  PlanOp,
  RealConvOp,
  UpsampleOp,
} from '../../pipeline/detect/plan.js'
import { OnnxGraph, TYPE } from './onnx-graph.js'

/** Scale and zero point of a u8 tensor. */
export interface Scale {
  scale: number
  zero: number
}

/** A neuron and where it stands in the plan. */
export interface Follower {
  index: number
  op: NeuronOp
}

/** What a QLinearConv is made of. */
export interface QuantisedConv {
  integers: Int8Array
  scale: Float32Array
  bias: Int32Array
  from: Scale
  to: Scale
  output: string
}

/** Spikes and counts as they are. */
export const COUNTS: Scale = { scale: 1, zero: 0 }

/** Goes through a plan; each kind of operator is one method. */
export abstract class Int8Writer {
  protected readonly graph: OnnxGraph
  readonly #readers = new Map<number, number[]>()
  /** Neurons whose spikes the operator before them has made. */
  readonly #fused = new Set<number>()

  constructor(readonly plan: Plan) {
    const { steps, channels, height, width } = plan.window
    const input = plan.tensors.find(({ kind }) => kind === 'input')!
    const functions =
      steps === 1 ? [] : [neuronFunction('ILIF', steps), neuronFunction('ILIFTau', steps)]
    const dims = [steps, channels, height, width]
    this.graph = new OnnxGraph({ name: input.name, type: TYPE.u8, dims }, functions)
    for (const [index, op] of plan.ops.entries())
      for (const id of 'inputs' in op ? op.inputs : [op.input])
        this.#readers.set(id, [...(this.#readers.get(id) ?? []), index])
  }

  /** The bytes of the ONNX file. */
  write(): Uint8Array {
    for (const [index, op] of this.plan.ops.entries())
      if (!this.#fused.has(index)) this.#operator(op)
    for (const id of this.plan.outputs) this.graph.output(this.asFloat(id))
    return this.graph.encode()
  }

  protected abstract conv(op: ConvOp): void
  protected abstract realConv(op: RealConvOp): void
  protected abstract neuron(op: NeuronOp): void
  protected abstract add(op: AddOp): void
  protected abstract concat(op: ConcatOp): void
  /** A name under which a real tensor is float. */
  protected abstract asFloat(id: number): string

  #operator(op: PlanOp): void {
    if (op.op === 'conv') this.conv(op)
    else if (op.op === 'realconv') this.realConv(op)
    else if (op.op === 'neuron') this.neuron(op)
    else if (op.op === 'add') this.add(op)
    else if (op.op === 'concat') this.concat(op)
    else if (op.op === 'mean') this.#mean(op)
    else if (op.op === 'upsample') this.#upsample(op)
    else this.#maxPool(op)
  }

  protected name(id: number): string {
    return this.plan.tensors[id]!.name
  }

  protected pair({ scale, zero }: Scale): string[] {
    return [this.graph.scalar(scale, 'f32'), this.graph.scalar(zero, 'u8')]
  }

  /** The one neuron that reads a tensor, if nothing else does and it has no memory. */
  protected neuronAfter(id: number): Follower | undefined {
    const [index, ...more] = this.#readers.get(id) ?? []
    const op = index === undefined ? undefined : this.plan.ops[index]!
    if (op?.op !== 'neuron' || more.length > 0 || this.plan.window.steps > 1) return undefined
    return { index: index!, op }
  }

  /** Makes the spikes of a neuron from counts that are not limited yet. */
  protected limit({ levels, output }: NeuronOp, counts: string): void {
    const [low, high] = [this.graph.scalar(0, 'u8'), this.graph.scalar(levels, 'u8')]
    this.graph.node('Clip', [counts, low, high], this.name(output))
  }

  /** The same for a neuron that is not written itself. */
  protected limitHere({ index, op }: Follower, counts: string): void {
    this.limit(op, counts)
    this.#fused.add(index)
  }

  /** A neuron with memory, in float. */
  protected neuronOverTime(op: NeuronOp): void {
    const [type, constant] = op.form === 'tau' ? ['ILIFTau', 'tau'] : ['ILIF', 'decay']
    const settings = { levels: { f: op.levels }, [constant!]: { f: op.constant } }
    const current = this.asFloat(op.input)
    const spikes = this.graph.node(type!, [current], `${op.name}:spikes`, settings, 'saccade')
    this.graph.node('Cast', [spikes], this.name(op.output), { to: TYPE.u8 })
  }

  protected dims(op: ConvOp | RealConvOp): number[] {
    const from = this.plan.tensors[op.input]!
    const to = this.plan.tensors[op.output]!
    return [to.channels, from.channels / op.groups, ...op.kernel]
  }

  protected sliding({ groups, kernel, pad, stride }: ConvOp | RealConvOp) {
    return { group: groups, kernel_shape: kernel, pads: pad, strides: stride }
  }

  protected qLinearConv(op: ConvOp | RealConvOp, conv: QuantisedConv): void {
    const { integers, scale, bias, from, to, output } = conv
    const { graph } = this
    const channels = [scale.length]
    const inputs = [
      this.name(op.input),
      ...this.pair(from),
      graph.constant(`${op.name}.weight`, this.dims(op), integers),
      graph.constant(`${op.name}.scale`, channels, scale),
      graph.constant(`${op.name}.zero`, channels, new Int8Array(scale.length)),
      ...this.pair(to),
      graph.constant(`${op.name}.bias`, channels, bias),
    ]
    graph.node('QLinearConv', inputs, output, this.sliding(op))
  }

  #mean({ input, output }: MeanOp): void {
    const settings = { axes: [0], keepdims: 1 }
    this.graph.node('ReduceMean', [this.asFloat(input)], this.name(output), settings)
  }

  #upsample({ input, output, factor }: UpsampleOp): void {
    const factors = Float32Array.of(1, 1, factor, factor)
    const scales = this.graph.constant(`${this.name(output)}.factors`, [4], factors)
    this.graph.node('Resize', [this.name(input), '', scales], this.name(output), {
      coordinate_transformation_mode: 'asymmetric',
      mode: 'nearest',
      nearest_mode: 'floor',
    })
  }

  #maxPool({ input, output, kernel, pad, stride }: MaxPoolOp): void {
    const settings = { kernel_shape: kernel, pads: pad, strides: stride }
    this.graph.node('MaxPool', [this.name(input)], this.name(output), settings)
  }
}

/** Current per spike: a neuron without memory is clip(round(x / step)). */
export function stepOf({ form, constant }: NeuronOp): number {
  return form === 'tau' ? constant : 1
}
