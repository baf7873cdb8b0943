// Writes an ONNX file node by node. Every value is named after the node that makes it, and knows its size.
import { SaccadeError } from '../../pipeline/errors.js'
import { encodeModel, FLOAT, type GraphProto, type ModelProto } from '../onnx/proto.js'
import type { MergedConv } from './merge.js'
import { type AttributeValue, floatTensor, makeNode, neuronFunction } from './neurons.js'

/** A tensor [T, channels, height, width] of the graph. */
export interface Value {
  name: string
  channels: number
  height: number
  width: number
}

/** The neuron of all layers. */
export interface Neuron {
  function: 'ILIF' | 'ILIFTau'
  /** decay or tau. */
  constant: number
  levels: number
}

/** Protobuf cannot hold more than 2 GiB in one message. */
const MOST_WEIGHTS = (2 ** 31 - 2 ** 24) / 4

/** An ONNX graph under construction. */
export class OnnxWriter {
  readonly #graph: GraphProto
  #weights = 0
  readonly input: Value

  constructor(
    readonly steps: number,
    readonly neuron: Neuron,
    frame: Omit<Value, 'name'>,
  ) {
    this.input = { name: 'frames', ...frame }
    this.#graph = {
      name: 'spikeyolo',
      node: [],
      initializer: [],
      input: [declare(this.input.name, [steps, frame.channels, frame.height, frame.width])],
      output: [],
      valueInfo: [],
      sparseInitializer: [],
    }
  }

  /** A convolution padded by `pad` zeros on all sides; weights and biases are rounded to f32 here. */
  conv(name: string, x: Value, conv: MergedConv, stride = 1, pad = conv.kernel[0] >> 1): Value {
    const { outputs, perGroup, kernel } = conv
    const size = (side: number, k: number) => Math.floor((side + 2 * pad - k) / stride) + 1
    this.#constant(`${name}.weight`, [outputs, perGroup, ...kernel], conv.weight)
    this.#constant(`${name}.bias`, [outputs], conv.bias)
    return this.#node(
      'Conv',
      name,
      [x.name, `${name}.weight`, `${name}.bias`],
      {
        channels: outputs,
        height: size(x.height, kernel[0]),
        width: size(x.width, kernel[1]),
      },
      {
        group: x.channels / perGroup,
        kernel_shape: kernel,
        pads: [pad, pad, pad, pad],
        strides: [stride, stride],
      },
    )
  }

  fire(name: string, x: Value): Value {
    const { function: type, constant, levels } = this.neuron
    const settings = { levels: { f: levels }, [type === 'ILIF' ? 'decay' : 'tau']: { f: constant } }
    return this.#node(type, name, [x.name], x, settings, 'saccade')
  }

  add(name: string, a: Value, b: Value): Value {
    if (a.channels !== b.channels)
      throw new SaccadeError(
        'ERR_MODEL',
        `the branch "${a.name}" has ${a.channels} channels where ${b.channels} are added`,
      )
    return this.#node('Add', name, [a.name, b.name], a)
  }

  concat(name: string, parts: readonly Value[]): Value {
    const channels = parts.reduce((sum, part) => sum + part.channels, 0)
    const names = parts.map((part) => part.name)
    return this.#node('Concat', name, names, { ...parts[0]!, channels }, { axis: 1 })
  }

  /** Nearest neighbour, twice the height and width. */
  upsample(name: string, x: Value): Value {
    this.#constant(`${name}.scales`, [4], [1, 1, 2, 2])
    return this.#node(
      'Resize',
      name,
      [x.name, '', `${name}.scales`],
      { ...x, height: 2 * x.height, width: 2 * x.width },
      {
        coordinate_transformation_mode: 'asymmetric',
        mode: 'nearest',
        nearest_mode: 'floor',
      },
    )
  }

  /** Maximum over k x k at stride 1, the size kept. */
  maxPool(name: string, x: Value, k: number): Value {
    const pad = k >> 1
    return this.#node('MaxPool', name, [x.name], x, {
      kernel_shape: [k, k],
      pads: [pad, pad, pad, pad],
      strides: [1, 1],
    })
  }

  /** The mean over time, an output of the graph. */
  output(name: string, x: Value): void {
    this.#node('ReduceMean', name, [x.name], x, { axes: [0], keepdims: 1 })
    this.#graph.output.push(declare(name, [1, x.channels, x.height, x.width]))
  }

  /** The bytes of the file, with `saccade.*` metadata as JSON. */
  encode(metadata: Record<string, unknown>): Uint8Array {
    const model: ModelProto = {
      irVersion: 8,
      producerName: 'saccade',
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'saccade', version: 1 },
      ],
      graph: this.#graph,
      functions: [neuronFunction(this.neuron.function, this.steps)],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({
        key,
        value: typeof value === 'string' ? value : JSON.stringify(value),
      })),
    }
    return encodeModel(model)
  }

  #constant(name: string, dims: number[], values: number[] | Float64Array): void {
    this.#weights += values.length
    if (this.#weights > MOST_WEIGHTS)
      throw new SaccadeError(
        'ERR_MODEL',
        `its ${this.#weights} weights and more do not fit one ONNX file of 2 GiB`,
      )
    const rounded = new Float32Array(values)
    if (!allFinite(rounded))
      throw new SaccadeError('ERR_MODEL', `"${name}" leaves the range of float32 when it is merged`)
    this.#graph.initializer.push(floatTensor(name, dims, rounded))
  }

  #node(
    opType: string,
    name: string,
    inputs: string[],
    made: Omit<Value, 'name'>,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): Value {
    this.#graph.node.push(makeNode(opType, name, inputs, [name], attributes, domain))
    const { channels, height, width } = made
    return { name, channels, height, width }
  }
}

function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false
  return true
}

function declare(name: string, dims: number[]) {
  const dim = dims.map((dimValue) => ({ dimValue }))
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } }
}
