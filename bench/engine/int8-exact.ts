// A plan as an int8 network for onnxruntime whose spikes are those of the plan, all of them. A convolution that one neuron
// follows is a QLinearConv that gives the spikes themselves (scale 1, zero point 0; its rounding is the neuron's, a Clip to the
// levels does the rest). Whatever else reads a current gets it as float.
import type {
  AddOp,
  ConcatOp,
  ConvOp,
  NeuronOp,
  Plan,
  RealConvOp,
} from '../../pipeline/detect/plan.js'
import { COUNTS, type Follower, Int8Writer, stepOf } from './int8-writer.js'
import { TYPE } from './onnx-graph.js'

/** What an s8 weight of 0 is as u8. */
const ZERO = 128
/** A step beyond a tie, far below the step of any sum: see `biasInteger`. */
const NUDGE = 2 ** -20

/** The plan as ONNX, and the names of its float values. */
export function exactNetwork(plan: Plan): { onnx: Uint8Array; floats: string[] } {
  const writer = new ExactWriter(plan)
  return { onnx: writer.write(), floats: writer.floats }
}

class ExactWriter extends Int8Writer {
  readonly floats: string[] = []

  protected conv(op: ConvOp): void {
    const after = this.#spikesOf(op)
    const weight = this.plan.weights.get(`${op.name}.weight`)!
    const scale = this.plan.weights.get(`${op.name}.scale`)! as Float32Array
    const bias = this.plan.weights.get(`${op.name}.bias`)! as Float32Array
    if (after !== undefined) {
      const output = `${op.name}:counts`
      const integers = weight as Int8Array
      const pairs = Array.from(bias, (b, c) => biasInteger(b, scale[c]!))
      this.qLinearConv(op, {
        integers,
        bias: Int32Array.from(pairs, ([whole]) => whole),
        scale: Float32Array.from(pairs, ([, nudged]) => nudged),
        from: COUNTS,
        to: { scale: stepOf(after.op), zero: 0 },
        output,
      })
      this.limitHere(after, output)
    } else if (weight instanceof Int8Array) this.#convInteger(op, weight, scale, bias)
    else {
      // No int8 kernel holds s16 weights.
      const taps = weight.length / scale.length
      const floats = Float32Array.from(weight, (w, i) => w * scale[Math.floor(i / taps)]!)
      const to = { to: TYPE.f32 }
      const spikes = this.graph.node('Cast', [this.name(op.input)], `${op.name}:spikes`, to)
      this.#floatConv(op, spikes, floats)
    }
  }

  protected realConv(op: RealConvOp): void {
    const weight = this.plan.weights.get(`${op.name}.weight`)! as Float32Array
    this.#floatConv(op, this.name(op.input), weight)
  }

  protected neuron(op: NeuronOp): void {
    if (this.plan.window.steps > 1) {
      this.neuronOverTime(op)
      return
    }
    const counts = `${op.name}:counts`
    const to = this.pair({ scale: stepOf(op), zero: 0 })
    this.graph.node('QuantizeLinear', [this.name(op.input), ...to], counts)
    this.limit(op, counts)
  }

  protected add({ inputs, output }: AddOp): void {
    const names = inputs.map((id) => this.name(id))
    this.graph.node('Add', names, this.#float(output))
  }

  protected concat({ inputs, output }: ConcatOp): void {
    const names = inputs.map((id) => this.name(id))
    this.graph.node('Concat', names, this.#float(output), { axis: 1 })
  }

  protected asFloat(id: number): string {
    return this.name(id)
  }

  /** Its weights are u8 around 128: onnxruntime 1.30 takes 81 ms for the default model with s8 weights here, 9 ms with these. */
  #convInteger(op: ConvOp, integers: Int8Array, scale: Float32Array, bias: Float32Array): void {
    const { graph } = this
    const perChannel = [1, scale.length, 1, 1]
    const unsigned = Uint8Array.from(integers, (w) => w + ZERO)
    const weight = graph.constant(`${op.name}.weight`, this.dims(op), unsigned)
    const inputs = [this.name(op.input), weight, graph.scalar(0, 'u8'), graph.scalar(ZERO, 'u8')]
    const sums = graph.node('ConvInteger', inputs, `${op.name}:sums`, this.sliding(op))
    const floats = graph.node('Cast', [sums], `${op.name}:floats`, { to: TYPE.f32 })
    const scales = graph.constant(`${op.name}.scale`, perChannel, scale)
    const scaled = graph.node('Mul', [floats, scales], `${op.name}:scaled`)
    const biases = graph.constant(`${op.name}.bias`, perChannel, bias)
    graph.node('Add', [scaled, biases], this.#float(op.output))
  }

  #floatConv(op: ConvOp | RealConvOp, input: string, weight: Float32Array): void {
    const bias = this.plan.weights.get(`${op.name}.bias`)! as Float32Array
    const constants = [
      this.graph.constant(`${op.name}.weight`, this.dims(op), weight),
      this.graph.constant(`${op.name}.bias`, [bias.length], bias),
    ]
    this.graph.node('Conv', [input, ...constants], this.#float(op.output), this.sliding(op))
  }

  /** The neuron whose spikes a convolution makes itself, where they come out exact. */
  #spikesOf(op: ConvOp): Follower | undefined {
    const after = this.neuronAfter(op.output)
    if (after === undefined || op.bits === 16) return undefined
    const scales = this.plan.weights.get(`${op.name}.scale`)!
    const bias = this.plan.weights.get(`${op.name}.bias`)!
    return bias.every((b, c) => fitsInteger(b, scales[c]!, stepOf(after.op))) ? after : undefined
  }

  #float(id: number): string {
    const name = this.name(id)
    this.floats.push(name)
    return name
  }
}

/** True where spikes that come every `step` are exact with the bias as a whole number of sums (`biasInteger`). */
export function fitsInteger(bias: number, scale: number, step: number): boolean {
  return Number.isInteger(bias / scale) || Number.isInteger(step / 2 / scale)
}

/**
 * The bias as a whole number of sums, and the scale. A bias that is no multiple of the scale is rounded down, and the scale made
 * larger by 2^-20: where the thresholds are multiples of the scale, only a sum that then lies on one could come out otherwise,
 * and the true one, a little above it, rounds up as the nudged one does.
 */
export function biasInteger(bias: number, scale: number): [bias: number, scale: number] {
  const steps = bias / scale
  const whole = Math.floor(steps)
  return [whole, whole === steps ? scale : Math.fround(scale * (1 + NUDGE))]
}
