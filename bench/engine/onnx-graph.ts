// A small writer of ONNX graphs for the rivals: nodes, constants of any type, one input, outputs.

import { type AttributeValue, makeNode } from '../../models/import/neurons.js'
import {
  encodeModel,
  FLOAT,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../../models/onnx/proto.js'

/** TensorProto.DataType. */
export const TYPE = { f32: FLOAT, u8: 2, s8: 3, s32: 6 } as const

type Numbers = Float32Array | Uint8Array | Int8Array | Int32Array

/** Collects the parts of a model. */
export class OnnxGraph {
  readonly #nodes: NodeProto[] = []
  readonly #constants: TensorProto[] = []
  readonly #known = new Map<string, string>()
  readonly #outputs: string[] = []

  constructor(
    readonly input: { name: string; type: number; dims: number[] },
    readonly functions: FunctionProto[] = [],
  ) {}

  /** A node with one output, whose name it returns. */
  node(
    opType: string,
    inputs: string[],
    output: string,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): string {
    this.#nodes.push(makeNode(opType, `${opType} ${output}`, inputs, [output], attributes, domain))
    return output
  }

  constant(name: string, dims: number[], data: Numbers): string {
    const dataType =
      data instanceof Float32Array
        ? TYPE.f32
        : data instanceof Uint8Array
          ? TYPE.u8
          : data instanceof Int8Array
            ? TYPE.s8
            : TYPE.s32
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const none = { floatData: [], int32Data: [], int64Data: [], externalData: [] }
    this.#constants.push({ name, dims, dataType, rawData, ...none })
    return name
  }

  /** A number as a tensor without dimensions; equal ones are one. */
  scalar(value: number, type: 'f32' | 'u8' | 's8'): string {
    const key = `${type} ${value}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const data = { f32: Float32Array, u8: Uint8Array, s8: Int8Array }[type].of(value)
    const name = this.constant(`scalar ${key}`, [], data)
    this.#known.set(key, name)
    return name
  }

  output(name: string): void {
    this.#outputs.push(name)
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    const value = (name: string, elemType: number, dims?: number[]) => ({
      name,
      type: {
        tensorType: {
          elemType,
          ...(dims && { shape: { dim: dims.map((dimValue) => ({ dimValue })) } }),
        },
      },
    })
    const { name, type, dims } = this.input
    const graph: GraphProto = {
      name: 'rival',
      node: this.#nodes,
      initializer: this.#constants,
      input: [value(name, type, dims)],
      output: this.#outputs.map((output) => value(output, TYPE.f32)),
      valueInfo: [],
      sparseInitializer: [],
    }
    return encodeModel({
      irVersion: 8,
      producerName: 'saccade bench',
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'com.microsoft', version: 1 },
        { domain: 'saccade', version: 1 },
      ],
      graph,
      functions: this.functions,
      metadataProps: [],
    })
  }
}
