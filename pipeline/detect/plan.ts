// A plan: what the compiler (models/compile) makes of an ONNX file and the native engine runs. On disk it is a safetensors
// file; weights are its tensors, the rest is JSON in its metadata under "saccade.plan". docs/plan.md is its specification.
import type { WindowSpec } from '../windows/spec.js'

/** Shape per time step. `spike`: u8 counts 0..levels; `real`: f32; `input`: the u8 window. T is the plan's. */
export interface PlanTensor {
  id: number
  name: string
  kind: 'input' | 'spike' | 'real'
  channels: number
  height: number
  width: number
  /** False after the mean over time: one step only. */
  timed: boolean
}

/** Convolution on u8 (spikes or the input) with integer weights: y = float(acc) * scale[c]; y = y + bias[c]. */
export interface ConvOp {
  op: 'conv'
  name: string
  input: number
  output: number
  kernel: [number, number]
  stride: [number, number]
  /** top, left, bottom, right; zeros. */
  pad: [number, number, number, number]
  groups: number
  /** int8 or int16 weights, OIHW, tensor "<name>.weight"; f32 "<name>.scale" and "<name>.bias" per output channel. */
  bits: 8 | 16
}

/** Depthwise or dense convolution on f32 with f32 weights "<name>.weight" and "<name>.bias"; taps summed in row-major order. */
export interface RealConvOp {
  op: 'realconv'
  name: string
  input: number
  output: number
  kernel: [number, number]
  stride: [number, number]
  pad: [number, number, number, number]
  groups: number
}

/** I-LIF over time (design section 6). `ilif`: m=(m-s)*decay+x; `tau`: v=v+(x-v)/tau, then v-=s. */
export interface NeuronOp {
  op: 'neuron'
  name: string
  input: number
  output: number
  form: 'ilif' | 'tau'
  levels: number
  /** decay or tau. */
  constant: number
}

export interface AddOp {
  op: 'add'
  name: string
  inputs: [number, number]
  output: number
}
/** Nearest neighbour, whole factor, H and W. */
export interface UpsampleOp {
  op: 'upsample'
  name: string
  input: number
  output: number
  factor: number
}
/** Maximum over real values; padding never wins. */
export interface MaxPoolOp {
  op: 'maxpool'
  name: string
  input: number
  output: number
  kernel: [number, number]
  stride: [number, number]
  pad: [number, number, number, number]
}
/** On channels, in order. */
export interface ConcatOp {
  op: 'concat'
  name: string
  inputs: number[]
  output: number
}
/** Mean over time, f32, summed in time order, then divided by T. */
export interface MeanOp {
  op: 'mean'
  name: string
  input: number
  output: number
}
export type PlanOp =
  | ConvOp
  | RealConvOp
  | NeuronOp
  | AddOp
  | UpsampleOp
  | MaxPoolOp
  | ConcatOp
  | MeanOp

/** Settings of the head: reg_max bins per side, one stride per output. */
export interface HeadSpec {
  type: 'dfl'
  regMax: number
  strides: number[]
  classes: string[]
}
/** Candidate and NMS settings. score is strict (>). */
export interface DetectSpec {
  score: number
  iou: number
  max: number
  multiLabel: boolean
}

/** The whole of a plan; operators in an order in which they can run. */
export interface Plan {
  version: 1
  name: string
  /** sha256 of the ONNX file, hex. */
  onnxSha256: string
  exact: 'yes' | 'no'
  /** One sentence: what was proved, or why not. */
  exactReason: string
  window: WindowSpec
  head: HeadSpec
  detect: DetectSpec
  card: Record<string, string>
  tensors: PlanTensor[]
  ops: PlanOp[]
  /** Tensor ids in the order of strides. */
  outputs: number[]
  weights: Map<string, Int8Array | Int16Array | Float32Array>
}
