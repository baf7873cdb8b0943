// What the reader makes of an ONNX file: every shape known, every constant checked, only operators that a plan can hold.
import type { DetectSpec, HeadSpec } from '../../pipeline/detect/plan.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'

/** Shape of one time step; `timed` is false after the mean over time. */
export interface Shape {
  channels: number
  height: number
  width: number
  timed: boolean
}

/** Top, left, bottom, right. */
export type Pad = [number, number, number, number]

export interface ConvNode {
  op: 'conv'
  name: string
  input: string
  output: string
  /** OIHW. */
  weight: Float32Array
  weightShape: [number, number, number, number]
  bias: Float32Array | undefined
  kernel: [number, number]
  stride: [number, number]
  pad: Pad
  groups: number
}
export interface NormNode {
  op: 'norm'
  name: string
  input: string
  output: string
  gamma: Float32Array
  beta: Float32Array
  mean: Float32Array
  variance: Float32Array
  epsilon: number
}
export interface NeuronNode {
  op: 'neuron'
  name: string
  input: string
  output: string
  form: 'ilif' | 'tau'
  levels: number
  /** decay or tau. */
  constant: number
}
export interface AddNode {
  op: 'add'
  name: string
  inputs: [string, string]
  output: string
}
export interface UpsampleNode {
  op: 'upsample'
  name: string
  input: string
  output: string
  factor: number
}
export interface MaxPoolNode {
  op: 'maxpool'
  name: string
  input: string
  output: string
  kernel: [number, number]
  stride: [number, number]
  pad: Pad
}
export interface ConcatNode {
  op: 'concat'
  name: string
  inputs: string[]
  output: string
}
export interface MeanNode {
  op: 'mean'
  name: string
  input: string
  output: string
}
export interface IdentityNode {
  op: 'identity'
  name: string
  input: string
  output: string
}
export type GraphNode =
  | ConvNode
  | NormNode
  | NeuronNode
  | AddNode
  | UpsampleNode
  | MaxPoolNode
  | ConcatNode
  | MeanNode
  | IdentityNode

/** A checked network; nodes in an order in which they can run. */
export interface Graph {
  window: WindowSpec
  head: HeadSpec
  detect: DetectSpec
  card: Record<string, string>
  /** Name of the graph's one input. */
  input: string
  /** Names in the order of strides. */
  outputs: string[]
  nodes: GraphNode[]
  shapes: Map<string, Shape>
}

/** Names of the values a node reads. */
export function inputsOf(node: GraphNode): readonly string[] {
  return 'inputs' in node ? node.inputs : [node.input]
}
