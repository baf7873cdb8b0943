// A network under a teacher, for an ordinary runtime: what neurons make and take is read from further inputs of the graph
// by everything behind them, so that each layer is computed from recorded values and an error stays where it arises.
import { taughtInput } from '../../pipeline/detect/onnx.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { decodeModel, encodeModel, FLOAT, type NodeProto, type ValueInfoProto } from './proto.js'

/** A neuron: names of the value it makes and of the one it takes, and the shape [T, C, H, W] of both. */
export interface TaughtNeuron {
  spikes: string
  current: string
  shape: readonly number[]
}

/**
 * The same model with inputs named by `taughtInput` and every neuron's output and input as outputs after its own. Neurons
 * still take the computed values; all else takes the recorded ones. Throws ERR_MODEL when the bytes are no ONNX model.
 */
export function teach(bytes: Uint8Array, neurons: readonly TaughtNeuron[]): Uint8Array {
  const model = decodeModel(bytes)
  const { graph } = model
  if (graph === undefined) throw new SaccadeError('ERR_MODEL', 'the ONNX file holds no graph')
  const spikes = new Map(neurons.map((neuron) => [neuron.spikes, neuron.shape]))
  const currents = new Map(neurons.map((neuron) => [neuron.current, neuron.shape]))
  // A value behind Identity is the value before it.
  const origins = new Map<string, string>()
  const origin = (name: string) => origins.get(name) ?? name
  const used = new Map<string, readonly number[]>()
  for (const node of graph.node) {
    if (isIdentity(node)) {
      origins.set(node.output[0]!, origin(node.input[0]!))
      continue
    }
    node.input = node.input.map((name) => {
      const value = origin(name)
      const shape = spikes.get(value) ?? (isNeuron(node) ? undefined : currents.get(value))
      if (shape === undefined) return name
      used.set(value, shape)
      return taughtInput(value)
    })
  }
  for (const [value, shape] of used) graph.input.push(floats(taughtInput(value), shape))
  const present = new Set(graph.output.map(({ name }) => name))
  for (const name of new Set([...spikes.keys(), ...currents.keys()]))
    if (!present.has(name)) graph.output.push({ name, type: { tensorType: { elemType: FLOAT } } })
  return encodeModel(model)
}

function isNeuron({ domain }: NodeProto): boolean {
  return domain === 'saccade'
}

function isIdentity({ domain = '', opType }: NodeProto): boolean {
  return domain === '' && opType === 'Identity'
}

function floats(name: string, shape: readonly number[]): ValueInfoProto {
  const dim = shape.map((dimValue) => ({ dimValue }))
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } }
}
