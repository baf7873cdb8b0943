// Graph -> the layers of a plan, still in float64: identities and dead ends are gone, normalisations are merged into the
// convolutions before them, and what an f32 operator reads is f32.
import type { ConvNode, Graph, GraphNode, NormNode, Pad, Shape } from '../onnx/graph.js'
import { inputsOf } from '../onnx/graph.js'

/** A convolution with its merged weights (OIHW) and bias in float64. */
export interface ConvLayer {
  op: 'conv'
  name: string
  input: string
  output: string
  weight: Float64Array
  bias: Float64Array
  outputs: number
  kernel: [number, number]
  stride: [number, number]
  pad: Pad
  groups: number
  /** Normalisations that were merged in, by name. */
  merged: string[]
}

export type Layer = ConvLayer | Exclude<GraphNode, { op: 'conv' | 'norm' | 'identity' }>

/** The layers in an order in which they can run, with the shapes and kinds of all values. */
export interface Layers {
  layers: Layer[]
  input: string
  outputs: string[]
  shapes: Map<string, Shape>
  /** Values that are u8: the input and the neurons' outputs. */
  integers: Set<string>
}

/** Lowers a graph. */
export function lower(graph: Graph): Layers {
  const { layers, outputs } = mergedLayers(graph)
  return asReal(layers, graph, outputs)
}

/** The layers with all normalisations merged, before anything is added for a plan; outputs as they are named then. */
export function mergedLayers(graph: Graph): { layers: Layer[]; outputs: string[] } {
  const { nodes, outputs } = withoutIdentities(graph)
  const live = withoutDeadEnds(nodes, outputs)
  return { layers: mergeNorms(live, graph.shapes, outputs), outputs }
}

function withoutIdentities(graph: Graph): { nodes: GraphNode[]; outputs: string[] } {
  const source = new Map<string, string>()
  const real = (name: string) => source.get(name) ?? name
  const nodes: GraphNode[] = []
  for (const node of graph.nodes) {
    if (node.op === 'identity') {
      source.set(node.output, real(node.input))
    } else if ('inputs' in node) {
      nodes.push({ ...node, inputs: node.inputs.map(real) } as GraphNode)
    } else {
      nodes.push({ ...node, input: real(node.input) })
    }
  }
  return { nodes, outputs: graph.outputs.map(real) }
}

/** Nodes that no output depends on would only cost time. */
function withoutDeadEnds(nodes: GraphNode[], outputs: readonly string[]): GraphNode[] {
  const needed = new Set(outputs)
  const live: GraphNode[] = []
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.output)) continue
    live.push(node)
    for (const name of inputsOf(node)) needed.add(name)
  }
  return live.reverse()
}

function mergeNorms(
  nodes: GraphNode[],
  shapes: Map<string, Shape>,
  outputs: readonly string[],
): Layer[] {
  const readers = new Map<string, number>()
  for (const name of [...nodes.flatMap(inputsOf), ...outputs])
    readers.set(name, (readers.get(name) ?? 0) + 1)
  const makers = new Map<string, ConvLayer>()
  const layers: Layer[] = []
  for (const node of nodes) {
    if (node.op === 'identity') continue
    if (node.op === 'norm') {
      const before = makers.get(node.input)
      if (before !== undefined && readers.get(node.input) === 1) {
        scaleInto(before, node)
        makers.set(node.output, before)
        continue
      }
      const layer = depthwise(node, shapes.get(node.output)!.channels)
      makers.set(node.output, layer)
      layers.push(layer)
    } else if (node.op === 'conv') {
      const layer = convLayer(node)
      makers.set(node.output, layer)
      layers.push(layer)
    } else {
      layers.push(node)
    }
  }
  return layers
}

function convLayer({
  op,
  name,
  input,
  output,
  kernel,
  stride,
  pad,
  groups,
  ...node
}: ConvNode): ConvLayer {
  const weight = Float64Array.from(node.weight)
  const perOutput = node.weightShape[1]! * kernel[0] * kernel[1]
  const outputs = weight.length / perOutput
  const bias = node.bias ? Float64Array.from(node.bias) : new Float64Array(outputs)
  return { op, name, input, output, weight, bias, outputs, kernel, stride, pad, groups, merged: [] }
}

/** y = (x - mean) * gamma / sqrt(var + eps) + beta, folded into the convolution that makes x. */
function scaleInto(layer: ConvLayer, norm: NormNode): void {
  const perOutput = layer.weight.length / layer.outputs
  for (let c = 0; c < layer.outputs; c++) {
    const alpha = norm.gamma[c]! / Math.sqrt(norm.variance[c]! + norm.epsilon)
    for (let i = c * perOutput; i < (c + 1) * perOutput; i++) layer.weight[i]! *= alpha
    layer.bias[c] = (layer.bias[c]! - norm.mean[c]!) * alpha + norm.beta[c]!
  }
  layer.output = norm.output
  layer.merged.push(norm.name)
}

/** One weight per channel, 1 x 1. */
function pointwise(name: string, input: string, output: string, channels: number): ConvLayer {
  return {
    op: 'conv',
    name,
    input,
    output,
    weight: new Float64Array(channels).fill(1),
    bias: new Float64Array(channels),
    outputs: channels,
    kernel: [1, 1],
    stride: [1, 1],
    pad: [0, 0, 0, 0],
    groups: channels,
    merged: [],
  }
}

function depthwise(norm: NormNode, channels: number): ConvLayer {
  const layer = pointwise(norm.name, norm.input, norm.output, channels)
  scaleInto(layer, norm)
  return layer
}

/** Only a convolution reads u8. What else reads spikes or the input gets them through a convolution with weight 1. */
function asReal(layers: Layer[], graph: Graph, outputs: string[]): Layers {
  const shapes = new Map(graph.shapes)
  const integers = new Set([graph.input])
  const casts = new Map<string, string>()
  const result: Layer[] = []
  const real = (name: string): string => {
    if (!integers.has(name)) return name
    let cast = casts.get(name)
    if (cast === undefined) {
      cast = `${name}.real`
      casts.set(name, cast)
      const shape = shapes.get(name)!
      shapes.set(cast, shape)
      result.push(pointwise(cast, name, cast, shape.channels))
    }
    return cast
  }
  for (const layer of layers) {
    if (layer.op === 'conv') result.push(layer)
    else if ('inputs' in layer) result.push({ ...layer, inputs: layer.inputs.map(real) } as Layer)
    else result.push({ ...layer, input: real(layer.input) })
    if (layer.op === 'neuron') integers.add(layer.output)
  }
  return { layers: result, input: graph.input, outputs: outputs.map(real), shapes, integers }
}
