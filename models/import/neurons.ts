// The two neurons of SpikeYOLO as model-local ONNX functions, unrolled over T: what any runtime computes for them.
import {
  type AttributeProto,
  FLOAT,
  type FunctionProto,
  type NodeProto,
  type TensorProto,
} from '../onnx/proto.js'

/** ONNX AttributeProto.AttributeType. */
const KIND = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const

/** A whole number, a list of them, a text, a float {f}, the value of the call's attribute {ref}, or a tensor. */
export type AttributeValue =
  | number
  | number[]
  | string
  | { f: number }
  | { ref: string }
  | TensorProto

/** A node whose attributes get their types from their values. */
export function makeNode(
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attributes: Record<string, AttributeValue> = {},
  domain = '',
): NodeProto {
  const attribute = Object.entries(attributes).map(([key, value]): AttributeProto => {
    const base = { name: key, floats: [], ints: [], strings: [] }
    if (typeof value === 'number') return { ...base, i: value, type: KIND.int }
    if (typeof value === 'string') return { ...base, s: Buffer.from(value), type: KIND.string }
    if (Array.isArray(value)) return { ...base, ints: value, type: KIND.ints }
    if ('f' in value) return { ...base, f: value.f, type: KIND.float }
    if ('ref' in value) return { ...base, refAttrName: value.ref, type: KIND.float }
    return { ...base, t: value, type: KIND.tensor }
  })
  return { opType, name, input, output, domain, attribute }
}

/** An f32 constant, little-endian. */
export function floatTensor(name: string, dims: number[], values: Float32Array): TensorProto {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const none = { floatData: [], int32Data: [], int64Data: [], externalData: [] }
  return { name, dims, dataType: FLOAT, rawData, ...none }
}

/** ILIF or ILIFTau over `steps` time steps; docs/plan.md section 3 gives the equations. */
export function neuronFunction(name: 'ILIF' | 'ILIFTau', steps: number): FunctionProto {
  const constant = name === 'ILIF' ? 'decay' : 'tau'
  const nodes: NodeProto[] = []
  const put = (opType: string, input: string[], output: string, attributes = {}) => {
    nodes.push(makeNode(opType, '', input, [output], attributes))
  }
  put('Constant', [], 'low', { value: floatTensor('', [], new Float32Array(1)) })
  put('Constant', [], 'high', { value_float: { ref: 'levels' } })
  put('Constant', [], 'k', { value_float: { ref: constant } })
  const numbered = (letter: string) => Array.from({ length: steps }, (_, t) => `${letter}${t}`)
  if (steps === 1) put('Identity', ['X'], 'x0')
  else nodes.push(makeNode('Split', '', ['X'], numbered('x'), { axis: 0 }))
  for (let t = 0; t < steps; t++) {
    const [x, m, s] = [`x${t}`, `m${t}`, `s${t}`]
    if (name === 'ILIF' && t === 0) put('Identity', [x], m)
    else if (name === 'ILIF') {
      put('Sub', [`m${t - 1}`, `s${t - 1}`], `rest${t}`)
      put('Mul', [`rest${t}`, 'k'], `leak${t}`)
      put('Add', [`leak${t}`, x], m)
    } else if (t === 0) put('Div', [x, 'k'], m)
    else {
      put('Sub', [x, `v${t - 1}`], `pull${t}`)
      put('Div', [`pull${t}`, 'k'], `rise${t}`)
      put('Add', [`v${t - 1}`, `rise${t}`], m)
    }
    put('Clip', [m, 'low', 'high'], `c${t}`)
    put('Round', [`c${t}`], s)
    if (name === 'ILIFTau') put('Sub', [m, s], `v${t}`)
  }
  put('Concat', numbered('s'), 'S', { axis: 0 })
  return {
    name,
    domain: 'saccade',
    input: ['X'],
    output: ['S'],
    attribute: ['levels', constant],
    attributeProto: [],
    node: nodes,
    opsetImport: [{ domain: '', version: 17 }],
  }
}
