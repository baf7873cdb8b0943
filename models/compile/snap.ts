// Moves a network onto the grid where float arithmetic is exact: normalisations folded into their convolutions, weights
// int8 * 2^-k with one k per output channel, biases on the layer's grid. The result is an ordinary ONNX file.

import { decodeModel, encodeModel, FLOAT, type NodeProto, type TensorProto } from '../onnx/proto.js'
import { readOnnx } from '../onnx/read.js'
import { type Layer, mergedLayers } from './layers.js'

/** Bits after the binary point of the finest grid. With it, sums of our networks stay below 2^24 units. */
const FINEST_BITS = 12
const MOST_INT8 = 127
const MOST_INT16 = 32_767

/** A snapped model, and how far the weights of each layer moved: root mean square over that of the weights. */
export interface Snapped {
  bytes: Uint8Array
  moved: Map<string, number>
}

/** Snaps an ONNX file. `file` is for sentences. Throws ERR_MODEL for what the reader refuses. */
export function snapToGrid(bytes: Uint8Array, file: string): Snapped {
  const { layers, outputs } = mergedLayers(readOnnx(bytes, file))
  const model = decodeModel(bytes)
  const graph = model.graph!
  const originals = new Map(graph.node.map((node) => [node.name || node.output[0]!, node]))
  const constants = graph.node.filter((node) => node.opType === 'Constant')

  const moved = new Map<string, number>()
  const grids: Record<string, number> = {}
  const weights: TensorProto[] = []
  const nodes = layers.map((layer): NodeProto => {
    if (layer.op !== 'conv') return rewired(originals.get(layer.name)!, layer)
    const bits = gridBits(layer.weight)
    grids[layer.name] = bits
    const before = layer.weight.slice()
    snapWeights(layer.weight, layer.outputs, bits)
    moved.set(layer.name, distance(before, layer.weight))
    for (let c = 0; c < layer.outputs; c++) layer.bias[c] = roundTo(layer.bias[c]!, bits)
    const shape = [
      layer.outputs,
      layer.weight.length / layer.outputs / layer.kernel[0] / layer.kernel[1],
      ...layer.kernel,
    ]
    weights.push(floatTensor(`${layer.name}.weight`, shape, layer.weight))
    weights.push(floatTensor(`${layer.name}.bias`, [layer.outputs], layer.bias))
    return convNode(layer)
  })

  const made = new Set(weights.map((tensor) => tensor.name))
  const read = new Set(nodes.flatMap((node) => node.input))
  graph.node = [...constants.filter((node) => read.has(node.output[0]!)), ...nodes]
  graph.initializer = [
    ...weights,
    ...graph.initializer.filter(({ name }) => read.has(name ?? '') && !made.has(name)),
  ]
  graph.input = graph.input.filter((value) => !made.has(value.name) && read.has(value.name ?? ''))
  graph.output.forEach((value, i) => {
    value.name = outputs[i]!
  })
  graph.valueInfo = []
  model.metadataProps = [
    ...model.metadataProps.filter(({ key }) => key !== 'saccade.grid'),
    { key: 'saccade.grid', value: JSON.stringify(grids) },
  ]
  return { bytes: encodeModel(model), moved }
}

/** The layer's grid 2^-q: the finest up to 12 bits on which the largest weight is still an int16. */
function gridBits(weight: Float64Array): number {
  const top = weight.reduce((most, w) => Math.max(most, Math.abs(w)), 0)
  return top === 0 ? FINEST_BITS : Math.min(FINEST_BITS, Math.floor(Math.log2(MOST_INT16 / top)))
}

function snapWeights(weight: Float64Array, outputs: number, bits: number): void {
  const perOutput = weight.length / outputs
  for (let c = 0; c < outputs; c++) {
    const channel = weight.subarray(c * perOutput, (c + 1) * perOutput)
    const top = channel.reduce((most, w) => Math.max(most, Math.abs(w)), 0)
    const k = top === 0 ? bits : Math.min(bits, Math.floor(Math.log2(MOST_INT8 / top)))
    channel.forEach((w, i) => {
      channel[i] = roundTo(w, k)
    })
  }
}

/** The nearest multiple of 2^-bits; ties away from 0, so that a mirrored weight stays one. */
function roundTo(x: number, bits: number): number {
  return (Math.sign(x) * Math.round(Math.abs(x) * 2 ** bits)) / 2 ** bits
}

function distance(before: Float64Array, after: Float64Array): number {
  let error = 0
  let power = 0
  before.forEach((w, i) => {
    error += (after[i]! - w) ** 2
    power += w * w
  })
  return power === 0 ? 0 : Math.sqrt(error / power)
}

function floatTensor(name: string, dims: number[], values: Float64Array): TensorProto {
  return {
    name,
    dims,
    dataType: FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
    floatData: [],
    int32Data: [],
    int64Data: [],
    externalData: [],
  }
}

/** A node as it was, reading what is left of the graph. Constants keep their places behind the tensors. */
function rewired(node: NodeProto, layer: Exclude<Layer, { op: 'conv' }>): NodeProto {
  const tensors = 'inputs' in layer ? layer.inputs : [layer.input]
  return { ...node, input: node.input.map((name, i) => tensors[i] ?? name) }
}

function convNode(layer: Extract<Layer, { op: 'conv' }>): NodeProto {
  const ints = (name: string, values: number[]) => ({
    name,
    type: 7,
    ints: values,
    floats: [],
    strings: [],
  })
  return {
    opType: 'Conv',
    name: layer.name,
    input: [layer.input, `${layer.name}.weight`, `${layer.name}.bias`],
    output: [layer.output],
    attribute: [
      ints('dilations', [1, 1]),
      { name: 'group', type: 2, i: layer.groups, ints: [], floats: [], strings: [] },
      ints('kernel_shape', layer.kernel),
      ints('pads', layer.pad),
      ints('strides', layer.stride),
    ],
  }
}
