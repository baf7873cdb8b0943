// The part of ONNX's protobuf schema that saccade reads and writes again: field numbers are those of onnx.proto3.
// Everything our models hold is listed, so that a file that was decoded and encoded again is still the same model.
import protobuf from 'protobufjs/light.js'

/** A constant with its numbers, little-endian in `rawData` or as a list. */
export interface TensorProto {
  dims: number[]
  dataType?: number
  floatData: number[]
  int32Data: number[]
  int64Data: number[]
  name?: string
  rawData?: Uint8Array
  externalData: { key: string; value: string }[]
  /** 1: the numbers are in another file. */
  dataLocation?: number
}
export interface AttributeProto {
  name?: string
  f?: number
  i?: number
  s?: Uint8Array
  t?: TensorProto
  g?: GraphProto
  floats: number[]
  ints: number[]
  strings: Uint8Array[]
  type?: number
  /** In the body of a function: the value is that of the call's attribute of this name. */
  refAttrName?: string
}
export interface NodeProto {
  input: string[]
  output: string[]
  name?: string
  opType?: string
  domain?: string
  attribute: AttributeProto[]
}
export interface ValueInfoProto {
  name?: string
  type?: {
    tensorType?: {
      elemType?: number
      shape?: { dim: { dimValue?: number; dimParam?: string }[] }
    }
  }
}
export interface GraphProto {
  node: NodeProto[]
  name?: string
  initializer: TensorProto[]
  input: ValueInfoProto[]
  output: ValueInfoProto[]
  valueInfo: ValueInfoProto[]
  sparseInitializer: unknown[]
}
export interface OperatorSetProto {
  domain?: string
  version?: number
}
export interface FunctionProto {
  name?: string
  input: string[]
  output: string[]
  /** Attributes that a call must give. */
  attribute: string[]
  /** Attributes with their defaults (IR 9 and later). */
  attributeProto: AttributeProto[]
  node: NodeProto[]
  opsetImport: OperatorSetProto[]
  domain?: string
}
export interface ModelProto {
  irVersion?: number
  producerName?: string
  opsetImport: OperatorSetProto[]
  graph?: GraphProto
  metadataProps: { key: string; value: string }[]
  functions: FunctionProto[]
}

/** TensorProto.DataType of the two kinds we read. */
export const FLOAT = 1
export const INT64 = 7
/** TensorProto.DataLocation: numbers in another file. */
export const EXTERNAL = 1

type Field = [type: string, id: number, rule?: 'repeated' | 'packed']

function message(fields: Record<string, Field>): protobuf.IType {
  const described = Object.entries(fields).map(([name, [type, id, rule]]) => [
    name,
    {
      type,
      id,
      ...(rule && { rule: 'repeated' }),
      ...(rule === 'repeated' && { options: { packed: false } }),
      ...(rule === 'packed' && { options: { packed: true } }),
    },
  ])
  return { fields: Object.fromEntries(described) }
}

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: message({
      irVersion: ['int64', 1],
      producerName: ['string', 2],
      producerVersion: ['string', 3],
      domain: ['string', 4],
      modelVersion: ['int64', 5],
      docString: ['string', 6],
      graph: ['GraphProto', 7],
      opsetImport: ['OperatorSetIdProto', 8, 'repeated'],
      metadataProps: ['StringStringEntryProto', 14, 'repeated'],
      functions: ['FunctionProto', 25, 'repeated'],
    }),
    StringStringEntryProto: message({ key: ['string', 1], value: ['string', 2] }),
    OperatorSetIdProto: message({ domain: ['string', 1], version: ['int64', 2] }),
    FunctionProto: message({
      name: ['string', 1],
      input: ['string', 4, 'repeated'],
      output: ['string', 5, 'repeated'],
      attribute: ['string', 6, 'repeated'],
      node: ['NodeProto', 7, 'repeated'],
      docString: ['string', 8],
      opsetImport: ['OperatorSetIdProto', 9, 'repeated'],
      domain: ['string', 10],
      attributeProto: ['AttributeProto', 11, 'repeated'],
      valueInfo: ['ValueInfoProto', 12, 'repeated'],
      overload: ['string', 13],
    }),
    GraphProto: message({
      node: ['NodeProto', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['TensorProto', 5, 'repeated'],
      docString: ['string', 10],
      input: ['ValueInfoProto', 11, 'repeated'],
      output: ['ValueInfoProto', 12, 'repeated'],
      valueInfo: ['ValueInfoProto', 13, 'repeated'],
      sparseInitializer: ['SparseTensorProto', 15, 'repeated'],
    }),
    NodeProto: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['AttributeProto', 5, 'repeated'],
      docString: ['string', 6],
      domain: ['string', 7],
      overload: ['string', 8],
    }),
    AttributeProto: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      t: ['TensorProto', 5],
      g: ['GraphProto', 6],
      floats: ['float', 7, 'repeated'],
      ints: ['int64', 8, 'repeated'],
      strings: ['bytes', 9, 'repeated'],
      docString: ['string', 13],
      type: ['int32', 20],
      refAttrName: ['string', 21],
    }),
    TensorProto: message({
      dims: ['int64', 1, 'repeated'],
      dataType: ['int32', 2],
      floatData: ['float', 4, 'packed'],
      int32Data: ['int32', 5, 'packed'],
      int64Data: ['int64', 7, 'packed'],
      name: ['string', 8],
      rawData: ['bytes', 9],
      docString: ['string', 12],
      externalData: ['StringStringEntryProto', 13, 'repeated'],
      dataLocation: ['int32', 14],
    }),
    SparseTensorProto: message({ values: ['TensorProto', 1] }),
    ValueInfoProto: message({
      name: ['string', 1],
      type: ['TypeProto', 2],
      docString: ['string', 3],
    }),
    TypeProto: message({ tensorType: ['TensorTypeProto', 1], denotation: ['string', 6] }),
    TensorTypeProto: message({ elemType: ['int32', 1], shape: ['TensorShapeProto', 2] }),
    TensorShapeProto: message({ dim: ['DimensionProto', 1, 'repeated'] }),
    DimensionProto: message({
      dimValue: ['int64', 1],
      dimParam: ['string', 2],
      denotation: ['string', 3],
    }),
  },
})
const type = root.lookupType('ModelProto')

/** Decodes the bytes of a .onnx file. Throws protobufjs' errors (and RangeError for endless nesting) on other bytes. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const plain = type.toObject(type.decode(bytes), { longs: Number, arrays: true })
  return plain as unknown as ModelProto
}

/** The bytes of a model, fields in the order of their numbers. */
export function encodeModel(model: ModelProto): Uint8Array {
  return type.encode(type.fromObject(model)).finish()
}
