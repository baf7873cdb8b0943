// A plan as an int8 network for onnxruntime without float between input and heads. Currents are u8 with a scale and a zero point
// from what they were on sample windows, residuals are QLinearAdd, poolings and upsamplings work on u8. Fewer conversions
// than the exact form, but the rounding of the currents changes spikes: it is another network, close to the first.
import type {
  AddOp,
  ConcatOp,
  ConvOp,
  NeuronOp,
  Plan,
  PlanOp,
  RealConvOp,
} from '../../pipeline/detect/plan.js'
import { COUNTS, Int8Writer, type Scale, stepOf } from './int8-writer.js'

/** Smallest and largest value of each real tensor, by its name. */
export type Ranges = ReadonlyMap<string, readonly [low: number, high: number]>

const MOST_INT8 = 127
const MICROSOFT = 'com.microsoft'

/** The plan as ONNX. Tensors that pooling or upsampling makes may be missing in `ranges`. */
export function quantisedNetwork(plan: Plan, ranges: Ranges): Uint8Array {
  return new QuantisedWriter(plan, ranges).write()
}

class QuantisedWriter extends Int8Writer {
  /** Tensors that are there as float, too. */
  readonly #floats = new Set<number>()

  constructor(
    plan: Plan,
    readonly ranges: Ranges,
  ) {
    super(plan)
  }

  protected conv(op: ConvOp): void {
    const weight = this.plan.weights.get(`${op.name}.weight`)!
    const given = this.plan.weights.get(`${op.name}.scale`)! as Float32Array
    // No kernel holds s16 weights: they are rounded once more.
    const { integers, scale } =
      weight instanceof Int8Array
        ? { integers: weight, scale: given }
        : toInt8(weight, given.length, given)
    this.#conv(op, integers, scale, COUNTS)
  }

  protected realConv(op: RealConvOp): void {
    const weight = this.plan.weights.get(`${op.name}.weight`)!
    const { integers, scale } = toInt8(weight, this.plan.tensors[op.output]!.channels)
    this.#conv(op, integers, scale, this.#scaleOf(op.input))
  }

  protected neuron(op: NeuronOp): void {
    if (this.plan.window.steps > 1) {
      this.neuronOverTime(op)
      return
    }
    // Of one tensor this is no concatenation but a table of 256 entries.
    const counts = `${op.name}:counts`
    const to = this.pair({ scale: stepOf(op), zero: 0 })
    const inputs = [...to, ...this.#quantised(op.input)]
    this.graph.node('QLinearConcat', inputs, counts, { axis: 1 }, MICROSOFT)
    this.limit(op, counts)
  }

  protected add({ inputs, output }: AddOp): void {
    const after = this.neuronAfter(output)
    const to = after ? { scale: stepOf(after.op), zero: 0 } : this.#scaleOf(output)
    const name = after ? `${after.op.name}:counts` : this.name(output)
    const parts = inputs.flatMap((id) => this.#quantised(id))
    this.graph.node('QLinearAdd', [...parts, ...this.pair(to)], name, {}, MICROSOFT)
    if (after) this.limitHere(after, name)
  }

  protected concat({ inputs, output }: ConcatOp): void {
    const parts = inputs.flatMap((id) => this.#quantised(id))
    const to = this.pair(this.#scaleOf(output))
    const name = this.name(output)
    this.graph.node('QLinearConcat', [...to, ...parts], name, { axis: 1 }, MICROSOFT)
  }

  protected asFloat(id: number): string {
    if (this.#maker(id).op === 'mean') return this.name(id)
    const float = `${this.name(id)}:float`
    if (!this.#floats.has(id)) this.graph.node('DequantizeLinear', this.#quantised(id), float)
    this.#floats.add(id)
    return float
  }

  #conv(op: ConvOp | RealConvOp, integers: Int8Array, scale: Float32Array, from: Scale): void {
    const after = this.neuronAfter(op.output)
    const floats = this.plan.weights.get(`${op.name}.bias`)!
    const bias = Int32Array.from(floats, (b, c) => Math.round(b / (scale[c]! * from.scale)))
    const to = after ? { scale: stepOf(after.op), zero: 0 } : this.#scaleOf(op.output)
    const output = after ? `${op.name}:counts` : this.name(op.output)
    this.qLinearConv(op, { integers, scale, bias, from, to, output })
    if (after) this.limitHere(after, output)
  }

  /** A real tensor with its scale and zero point. */
  #quantised(id: number): string[] {
    return [this.name(id), ...this.pair(this.#scaleOf(id))]
  }

  #scaleOf(id: number): Scale {
    const maker = this.#maker(id)
    // They move values, and do not change them.
    if (maker.op === 'maxpool' || maker.op === 'upsample') return this.#scaleOf(maker.input)
    const [low, high] = this.ranges.get(this.name(id))!
    const [from, to] = [Math.min(0, low), Math.max(0, high)]
    const scale = Math.fround((to - from) / 255) || 1
    return { scale, zero: Math.round(-from / scale) }
  }

  #maker(id: number): PlanOp {
    return this.plan.ops.find(({ output }) => output === id)!
  }
}

/** The largest weight of a channel becomes 127, the others are rounded. */
function toInt8(
  weight: Float32Array | Int16Array | Int8Array,
  channels: number,
  given?: Float32Array,
): { integers: Int8Array; scale: Float32Array } {
  const taps = weight.length / channels
  const scale = new Float32Array(channels)
  const integers = new Int8Array(weight.length)
  for (let c = 0; c < channels; c++) {
    let most = 0
    for (let i = c * taps; i < (c + 1) * taps; i++) most = Math.max(most, Math.abs(weight[i]!))
    const factor = most / MOST_INT8 || 1
    for (let i = c * taps; i < (c + 1) * taps; i++) integers[i] = Math.round(weight[i]! / factor)
    scale[c] = factor * (given?.[c] ?? 1)
  }
  return { integers, scale }
}
