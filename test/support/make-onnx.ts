// Small ONNX models for tests, built as exporters build them; `encode` gives the bytes of the file.
import {
  type AttributeProto,
  encodeModel,
  FLOAT,
  type FunctionProto,
  type GraphProto,
  INT64,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../models/onnx/proto.js'

type AttributeValue = number | { f: number } | string | number[] | TensorProto | GraphProto | Ref
/** A value that is the call's attribute. */
export interface Ref {
  ref: string
}

/** An f32 constant. */
export function floats(dims: number[], data: ArrayLike<number>, name = ''): TensorProto {
  const rawData = new Uint8Array(Float32Array.from(data).buffer)
  return {
    dims,
    dataType: FLOAT,
    name,
    rawData,
    floatData: [],
    int32Data: [],
    int64Data: [],
    externalData: [],
  }
}

/** An int64 constant. */
export function integers(dims: number[], int64Data: number[], name = ''): TensorProto {
  return { dims, dataType: INT64, name, int64Data, floatData: [], int32Data: [], externalData: [] }
}

/** One node; attribute types follow from the values, floats as {f}. */
export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, AttributeValue> = {},
  { domain = '', name = output[0]! } = {},
): NodeProto {
  const attribute = Object.entries(attributes).map(([key, value]): AttributeProto => {
    const base = { name: key, floats: [], ints: [], strings: [] }
    if (typeof value === 'number') return { ...base, i: value, type: 2 }
    if (typeof value === 'string') return { ...base, s: Buffer.from(value), type: 3 }
    if (Array.isArray(value)) return { ...base, ints: value, type: 7 }
    if ('f' in value) return { ...base, f: value.f, type: 1 }
    if ('ref' in value) return { ...base, refAttrName: value.ref, type: 1 }
    if ('dims' in value) return { ...base, t: value, type: 4 }
    return { ...base, g: value, type: 5 }
  })
  return { input, output, opType, domain, name, attribute }
}

const constant = (name: string, value: number | Ref): NodeProto =>
  typeof value === 'number'
    ? node('Constant', [], [name], { value: floats([], [value]) })
    : node('Constant', [], [name], { value_float: value })

function neuronFunction(name: string, attribute: string[], nodes: NodeProto[]): FunctionProto {
  return {
    name,
    domain: 'saccade',
    input: ['X'],
    output: ['S'],
    attribute,
    attributeProto: [],
    node: nodes,
    opsetImport: [{ domain: '', version: 17 }],
  }
}

/** ILIF at T = 1 with levels in the body, as the pilot has it. */
export function clipRound(levels = 4): FunctionProto {
  return neuronFunction(
    'ILIF',
    [],
    [
      constant('low', 0),
      constant('high', levels),
      node('Clip', ['X', 'low', 'high'], ['c']),
      node('Round', ['c'], ['S']),
    ],
  )
}

/** ILIF or ILIFTau unrolled over T steps, settings from the call. */
export function unrolled(name: 'ILIF' | 'ILIFTau', steps: number): FunctionProto {
  const nodes = [constant('low', 0), constant('high', { ref: 'levels' })]
  nodes.push(constant('k', { ref: name === 'ILIF' ? 'decay' : 'tau' }))
  const xs = Array.from({ length: steps }, (_, t) => `x${t}`)
  if (steps === 1) nodes.push(node('Identity', ['X'], ['x0']))
  else nodes.push(node('Split', ['X'], xs, { axis: 0 }))
  const op = (type: string, a: string, b: string, out: string) =>
    nodes.push(node(type, [a, b], [out]))
  for (let t = 0; t < steps; t++) {
    const m = `m${t}`
    if (name === 'ILIF') {
      if (t === 0) nodes.push(node('Identity', ['x0'], [m]))
      else {
        op('Sub', `m${t - 1}`, `s${t - 1}`, `r${t}`)
        op('Mul', `r${t}`, 'k', `d${t}`)
        op('Add', `d${t}`, `x${t}`, m)
      }
    } else if (t === 0) op('Div', 'x0', 'k', m)
    else {
      op('Sub', `x${t}`, `v${t - 1}`, `r${t}`)
      op('Div', `r${t}`, 'k', `d${t}`)
      op('Add', `v${t - 1}`, `d${t}`, m)
    }
    nodes.push(node('Clip', [m, 'low', 'high'], [`c${t}`]))
    nodes.push(node('Round', [`c${t}`], [`s${t}`]))
    if (name === 'ILIFTau') op('Sub', m, `s${t}`, `v${t}`)
  }
  nodes.push(
    node(
      'Concat',
      xs.map((_, t) => `s${t}`),
      ['S'],
      { axis: 0 },
    ),
  )
  return neuronFunction(name, ['levels', name === 'ILIF' ? 'decay' : 'tau'], nodes)
}

/** ILIF as a Scan over axis 0; its state is the membrane after reset, and starts at x - x. */
export function scanned(): FunctionProto {
  const value = (name: string) => ({ name, type: { tensorType: { elemType: FLOAT } } })
  const body: GraphProto = {
    name: 'step',
    input: [value('rest'), value('x')],
    output: [value('next'), value('s')],
    initializer: [],
    valueInfo: [],
    sparseInitializer: [],
    node: [
      node('Mul', ['rest', 'k'], ['leak']),
      node('Add', ['leak', 'x'], ['m']),
      node('Clip', ['m', 'low', 'high'], ['c']),
      node('Round', ['c'], ['s']),
      node('Sub', ['m', 's'], ['next']),
    ],
  }
  return neuronFunction(
    'ILIF',
    ['levels', 'decay'],
    [
      constant('low', 0),
      constant('high', { ref: 'levels' }),
      constant('k', { ref: 'decay' }),
      node('Constant', [], ['first'], { value: integers([], [0]) }),
      node('Gather', ['X', 'first'], ['x0'], { axis: 0 }),
      node('Sub', ['x0', 'x0'], ['zero']),
      node('Scan', ['zero', 'X'], ['last', 'S'], { body, num_scan_inputs: 1 }),
    ],
  )
}

/** A model under construction; `frames` is its input. */
export class OnnxBuilder {
  readonly model: ModelProto
  readonly graph: GraphProto
  readonly metadata: Record<string, string>

  constructor({ steps = 1, channels = 2, height = 16, width = 24, input = {}, head = {} } = {}) {
    this.graph = {
      name: 'test',
      node: [],
      initializer: [],
      input: [tensorInfo('frames', [steps, channels, height, width])],
      output: [],
      valueInfo: [],
      sparseInitializer: [],
    }
    this.metadata = {
      'saccade.format': '1',
      'saccade.input': JSON.stringify({
        window: 'count',
        duration_us: 50_000,
        bins: (steps * channels) / 2,
        steps,
        clip: 15,
        scale: 0.25,
        width,
        height,
        channels,
        ...input,
      }),
      'saccade.head': JSON.stringify({
        type: 'dfl',
        reg_max: 2,
        strides: [8],
        classes: ['car', 'person'],
        ...head,
      }),
    }
    this.model = {
      irVersion: 8,
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'saccade', version: 1 },
      ],
      graph: this.graph,
      metadataProps: [],
      functions: [],
    }
  }

  add(...args: Parameters<typeof node>): string {
    this.graph.node.push(node(...args))
    return args[2][0]!
  }

  constant(name: string, tensor: TensorProto): string {
    this.graph.initializer.push({ ...tensor, name })
    return name
  }

  /** A convolution padded by half its kernel; `make` gives weight i of it. */
  conv(
    input: string,
    name: string,
    [o, i, ky, kx]: [number, number, number, number],
    make: (index: number) => number,
    { stride = 1, group = 1, bias = true } = {},
  ): string {
    const size = o * i * ky * kx
    const inputs = [
      input,
      this.constant(
        `${name}.w`,
        floats(
          [o, i, ky, kx],
          Array.from({ length: size }, (_, n) => make(n)),
        ),
      ),
    ]
    if (bias)
      inputs.push(
        this.constant(
          `${name}.b`,
          floats(
            [o],
            Array.from({ length: o }, (_, n) => (n % 7) / 16),
          ),
        ),
      )
    const pads = [ky >> 1, kx >> 1, ky >> 1, kx >> 1]
    return this.add(
      'Conv',
      inputs,
      [`${name}:out`],
      { strides: [stride, stride], pads, group },
      { name },
    )
  }

  neuron(
    input: string,
    name: string,
    attributes: Record<string, AttributeValue> = {},
    type = 'ILIF',
  ): string {
    return this.add(type, [input], [`${name}:s`], attributes, { domain: 'saccade', name })
  }

  output(name: string): this {
    this.graph.output.push({ name, type: { tensorType: { elemType: FLOAT } } })
    return this
  }

  encode(): Uint8Array {
    this.model.metadataProps = Object.entries(this.metadata).map(([key, value]) => ({ key, value }))
    return encodeModel(this.model)
  }
}

function tensorInfo(name: string, dims: number[]) {
  const dim = dims.map((dimValue) => ({ dimValue }))
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } }
}

/** The smallest network: one convolution to stride 8, a neuron, and a head of 10 channels. */
export function tinyModel(wish: ConstructorParameters<typeof OnnxBuilder>[0] = {}): OnnxBuilder {
  const b = new OnnxBuilder(wish)
  b.model.functions.push(clipRound())
  const channels = wish.channels ?? 2
  const stem = b.conv('frames', 'stem', [4, channels, 7, 7], (i) => ((i % 9) - 4) / 32, {
    stride: 8,
  })
  const head = b.conv(b.neuron(stem, 'n'), 'head', [10, 4, 1, 1], (i) => ((i % 5) - 2) / 8)
  b.output(head)
  return b
}
