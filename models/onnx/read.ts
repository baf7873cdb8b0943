// Bytes of a .onnx file -> checked graph. Nothing of the file is believed: every count, shape and name is compared with
// what is there, and whatever a plan cannot hold is refused with a sentence.
import { SaccadeError } from '../../pipeline/errors.js'
import type { Graph, GraphNode, Shape } from './graph.js'
import { readMetadata } from './metadata.js'
import { readNode } from './nodes.js'
import {
  decodeModel,
  FLOAT,
  type GraphProto,
  type ModelProto,
  type ValueInfoProto,
} from './proto.js'
import { type Constant, readConstant, refuse } from './values.js'

const LEAST_OPSET = 17
const MOST_NODES = 20_000

/**
 * Reads an ONNX model. `file` is only used in sentences.
 * Throws ERR_MODEL ("FILE: …") for whatever is not a network that saccade can run.
 * @example
 * const graph = readOnnx(await readFile('model.onnx'), 'model.onnx')
 */
export function readOnnx(bytes: Uint8Array, file: string): Graph {
  try {
    return graphOf(decode(bytes))
  } catch (error) {
    if (!(error instanceof SaccadeError)) throw error
    throw new SaccadeError(error.code, `${file}: ${error.message}`, error.hint, { cause: error })
  }
}

function decode(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw refuse('the file is empty')
  try {
    return decodeModel(bytes)
  } catch (error) {
    throw refuse(
      `this is no ONNX model, or it is cut off (${(error as Error).message})`,
      'an ONNX file is one protobuf message; copy or export it again',
    )
  }
}

function graphOf(model: ModelProto): Graph {
  const proto = model.graph
  if (proto === undefined || proto.node.length === 0)
    throw refuse('this is no ONNX model: it holds no graph')
  const opset = checkOpsets(model)
  if (proto.node.length > MOST_NODES)
    throw refuse(`it has ${proto.node.length} nodes; ${MOST_NODES} are allowed`)
  if (proto.sparseInitializer.length > 0) throw refuse('sparse initializers are not supported')

  const metadata = readMetadata(model.metadataProps)
  const { window, head } = metadata
  const constants = constantsOf(proto)
  const input = inputOf(proto, constants)
  const inputShape = {
    channels: window.channels,
    height: window.height,
    width: window.width,
    timed: true,
  }
  checkDims(input, [window.steps, window.channels, window.height, window.width])

  const shapes = new Map<string, Shape>([[input.name!, inputShape]])
  const nodes: GraphNode[] = []
  const names = new Set<string>()
  for (const call of proto.node) {
    if (call.opType === 'Constant' && (call.domain ?? '') === '') continue
    const { node, shape } = readNode(call, {
      steps: window.steps,
      opset,
      functions: model.functions,
      constants,
      shapes,
    })
    if (shapes.has(node.output) || constants.has(node.output))
      throw refuse(`"${node.output}" is made twice`)
    if (names.has(node.name))
      throw refuse(
        `two nodes are named "${node.name}"`,
        'a name is a layer: give each node its own',
      )
    names.add(node.name)
    shapes.set(node.output, shape)
    nodes.push(node)
  }
  return {
    ...metadata,
    input: input.name!,
    outputs: outputsOf(proto, shapes, window.steps, head),
    nodes,
    shapes,
  }
}

function checkOpsets(model: ModelProto): number {
  const version = (domain: string) =>
    model.opsetImport.find((set) => (set.domain ?? '') === domain)?.version ?? 0
  const opset = Math.max(version(''), version('ai.onnx'))
  if (opset < LEAST_OPSET)
    throw refuse(
      `it is written for opset ${opset}; ${LEAST_OPSET} or later is needed`,
      'export it again with opset_version=17',
    )
  const neurons = version('saccade')
  if (neurons > 1)
    throw refuse(`it uses version ${neurons} of the saccade neurons; this version knows 1`)
  return opset
}

/** Initializers and the outputs of Constant nodes. */
function constantsOf(proto: GraphProto): Map<string, Constant> {
  const constants = new Map<string, Constant>()
  const put = (name: string, constant: Constant) => {
    if (constants.has(name)) throw refuse(`there are two initializers named "${name}"`)
    constants.set(name, constant)
  }
  for (const tensor of proto.initializer) put(tensor.name ?? '', readConstant(tensor))
  for (const node of proto.node) {
    if (node.opType !== 'Constant' || (node.domain ?? '') !== '') continue
    const value = node.attribute.find((attribute) => attribute.name === 'value')?.t
    if (value === undefined) throw refuse(`Constant "${node.output[0]}" holds no tensor`)
    put(node.output[0] ?? '', readConstant(value))
  }
  return constants
}

/** The one graph input that is not an initializer. */
function inputOf(proto: GraphProto, constants: Map<string, Constant>): ValueInfoProto {
  const inputs = proto.input.filter((value) => !constants.has(value.name ?? ''))
  const [input] = inputs
  if (input === undefined || inputs.length !== 1 || !input.name)
    throw refuse(`it has ${inputs.length} inputs; one, the frames, is expected`)
  return input
}

function checkDims(value: ValueInfoProto, wanted: number[]): void {
  const tensor = value.type?.tensorType
  const dims = tensor?.shape?.dim.map((dim) => dim.dimValue ?? dim.dimParam ?? '?') ?? []
  if (tensor?.elemType !== FLOAT || dims.join() !== wanted.join())
    throw refuse(
      `"${value.name}" is declared as [${dims.join(', ')}] of type ${tensor?.elemType ?? 'none'}; the metadata say float [${wanted.join(', ')}]`,
    )
}

function outputsOf(
  proto: GraphProto,
  shapes: Map<string, Shape>,
  steps: number,
  head: Graph['head'],
): string[] {
  const { strides, regMax, classes } = head
  if (proto.output.length !== strides.length)
    throw refuse(`it has ${proto.output.length} outputs for ${strides.length} strides`)
  return proto.output.map((value, i) => {
    const name = value.name ?? ''
    const shape = shapes.get(name)
    if (shape === undefined) throw refuse(`no node makes the output "${name}"`)
    if (shape.timed && steps > 1)
      throw refuse(
        `the output "${name}" still has ${steps} time steps; the mean over time belongs into the graph`,
      )
    const channels = 4 * regMax + classes.length
    if (shape.channels !== channels)
      throw refuse(
        `the output "${name}" has ${shape.channels} channels; 4 x ${regMax} bins and ${classes.length} classes are ${channels}`,
      )
    const input = shapes.values().next().value!
    const fits = (size: number, whole: number) => Math.abs(size * strides[i]! - whole) < strides[i]!
    if (!fits(shape.height, input.height) || !fits(shape.width, input.width))
      throw refuse(
        `the output "${name}" is ${shape.width} x ${shape.height}, which is not ${input.width} x ${input.height} at stride ${strides[i]}`,
      )
    return name
  })
}
