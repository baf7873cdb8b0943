// One reader per ONNX operator: checks inputs, attributes and shapes, and gives a typed node with the shape it makes.
// A new operator is one function and one line in `READERS`.
import { Call, type ReadContext } from './call.js'
import type { GraphNode, Shape } from './graph.js'
import { readNeuron } from './neuron.js'
import type { NodeProto } from './proto.js'
import { describe, refuse } from './values.js'

type Reader = (node: Call) => { node: GraphNode; shape: Shape }

function conv(call: Call) {
  call.arity(2, 3)
  const { name: input, shape } = call.tensor(0)
  const { data: weight, dims } = call.constant(1)
  const groups = call.at.int('group', 1)
  if (!(weight instanceof Float32Array) || dims.length !== 4 || dims.some((n) => n < 1))
    throw call.fail(`has weights of dims [${dims.join(', ')}]; floats OIHW are needed`)
  const [outputs, perGroup, kh, kw] = dims as [number, number, number, number]
  if (groups < 1 || outputs % groups !== 0 || perGroup * groups !== shape.channels)
    throw call.fail(
      `has weights [${dims.join(', ')}] in ${groups} groups, which do not fit ${shape.channels} input channels`,
    )
  const { kernel, stride, pad, height, width } = call.window(shape, [kh, kw])
  if (kernel[0] !== kh || kernel[1] !== kw)
    throw call.fail(`says kernel_shape ${kernel.join(' x ')}, but its weights are ${kh} x ${kw}`)
  const bias = call.has(2) ? call.floats(2, [outputs]) : undefined
  return call.made(
    {
      op: 'conv',
      name: call.name,
      input,
      output: call.output,
      weight,
      weightShape: [outputs, perGroup, kh, kw],
      bias,
      kernel,
      stride,
      pad,
      groups,
    },
    { channels: outputs, height, width, timed: shape.timed },
  )
}

function batchNormalization(call: Call) {
  call.arity(5)
  const { name: input, shape } = call.tensor(0)
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) =>
    call.floats(i, [shape.channels]),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array]
  call.at.only('training_mode', call.at.int('training_mode', 0), 0)
  call.at.take('momentum')
  const epsilon = call.at.float('epsilon', 1e-5)
  if (!variance.every((v) => v + epsilon > 0))
    throw call.fail('has a variance that is not positive')
  return call.made(
    {
      op: 'norm',
      name: call.name,
      input,
      output: call.output,
      gamma,
      beta,
      mean,
      variance,
      epsilon,
    },
    shape,
  )
}

function neuron(call: Call) {
  call.arity(1)
  const { name: input, shape } = call.tensor(0)
  const steps = shape.timed ? call.context.steps : 1
  const settings = readNeuron(call.proto, call.context.functions, steps)
  for (const attribute of call.proto.attribute) call.at.take(attribute.name ?? '')
  return call.made(
    { op: 'neuron', name: call.name, input, output: call.output, ...settings },
    shape,
  )
}

function add(call: Call) {
  call.arity(2)
  const [a, b] = [call.tensor(0), call.tensor(1)]
  if (!sameSize(a.shape, b.shape) || a.shape.channels !== b.shape.channels)
    throw call.fail(`adds ${dimsOf(a.shape)} and ${dimsOf(b.shape)}; sizes must be equal`)
  return call.made(
    { op: 'add', name: call.name, inputs: [a.name, b.name], output: call.output },
    a.shape,
  )
}

function resize(call: Call) {
  call.arity(3, 4)
  const { name: input, shape } = call.tensor(0)
  const at = call.at
  at.only('mode', at.text('mode', 'nearest'), 'nearest')
  const coordinates = at.text('coordinate_transformation_mode', 'half_pixel')
  at.only('coordinate_transformation_mode', coordinates, 'asymmetric')
  at.only('nearest_mode', at.text('nearest_mode', 'round_prefer_floor'), 'floor')
  // Without meaning for nearest; exporters write them all the same.
  for (const name of ['cubic_coeff_a', 'exclude_outside', 'extrapolation_value']) at.take(name)
  const before = [call.context.steps, shape.channels, shape.height, shape.width]
  const scales = call.has(2)
    ? [...call.constant(2).data]
    : [...call.constant(3).data].map((n, i) => n / before[i]!)
  const factor = scales[2] ?? 0
  const whole = Number.isInteger(factor) && factor >= 1 && factor <= 64
  if (!whole || scales.join() !== [1, 1, factor, factor].join())
    throw call.fail(`has scales [${scales.join(', ')}]; [1, 1, f, f] with a whole f is supported`)
  return call.made(
    { op: 'upsample', name: call.name, input, output: call.output, factor },
    { ...shape, height: shape.height * factor, width: shape.width * factor },
  )
}

function maxPool(call: Call) {
  call.arity(1)
  const { name: input, shape } = call.tensor(0)
  call.at.only('ceil_mode', call.at.int('ceil_mode', 0), 0)
  call.at.only('storage_order', call.at.int('storage_order', 0), 0)
  const { kernel, stride, pad, height, width } = call.window(shape)
  // A window that lies in the padding alone would have no maximum.
  if (Math.max(pad[0], pad[2]) >= kernel[0] || Math.max(pad[1], pad[3]) >= kernel[1])
    throw call.fail(`pads by [${pad.join(', ')}], which is not less than its kernel`)
  return call.made(
    { op: 'maxpool', name: call.name, input, output: call.output, kernel, stride, pad },
    { ...shape, height, width },
  )
}

function concat(call: Call) {
  call.arity(1, 64)
  const axis = call.at.int('axis', 0)
  if (axis !== 1 && axis !== -3) throw call.at.wrong('axis', String(axis), '1')
  const parts = call.proto.input.map((_, i) => call.tensor(i))
  const first = parts[0]!.shape
  const odd = parts.find((part) => !sameSize(part.shape, first))
  if (odd !== undefined)
    throw call.fail(`joins ${dimsOf(first)} and ${dimsOf(odd.shape)}; sizes must be equal`)
  const channels = parts.reduce((sum, part) => sum + part.shape.channels, 0)
  const inputs = parts.map((part) => part.name)
  return call.made(
    { op: 'concat', name: call.name, inputs, output: call.output },
    { ...first, channels },
  )
}

function reduceMean(call: Call) {
  // Axes became an input in opset 18.
  call.arity(1, 2)
  const { name: input, shape } = call.tensor(0)
  const axes = call.has(1) ? [...call.constant(1).data] : call.at.ints('axes', 1, -4, 3, undefined)
  call.at.take('noop_with_empty_axes')
  if (axes.length !== 1 || (axes[0] !== 0 && axes[0] !== -4))
    throw call.fail(
      `is over axes [${axes.join(', ')}]; only the mean over time (axis 0) is supported`,
    )
  call.at.only('keepdims', call.at.int('keepdims', 1), 1)
  if (!shape.timed) throw call.fail('follows another mean over time')
  return call.made(
    { op: 'mean', name: call.name, input, output: call.output },
    { ...shape, timed: false },
  )
}

function identity(call: Call) {
  call.arity(1)
  const { name: input, shape } = call.tensor(0)
  return call.made({ op: 'identity', name: call.name, input, output: call.output }, shape)
}

const READERS: Record<string, Reader> = {
  Conv: conv,
  BatchNormalization: batchNormalization,
  Add: add,
  Resize: resize,
  MaxPool: maxPool,
  Concat: concat,
  ReduceMean: reduceMean,
  Identity: identity,
}

/** Reads one node of the main graph. */
export function readNode(
  proto: NodeProto,
  context: ReadContext,
): { node: GraphNode; shape: Shape } {
  const domain = proto.domain ?? ''
  if (domain === 'saccade') return neuron(new Call(proto, context))
  const reader = domain === '' || domain === 'ai.onnx' ? READERS[proto.opType ?? ''] : undefined
  if (reader === undefined)
    throw refuse(
      `${describe(proto)}${domain === '' ? '' : ` of ${domain}`} is not supported; a plan can hold ${Object.keys(READERS).join(', ')}, ILIF and ILIFTau`,
    )
  return reader(new Call(proto, context))
}

function sameSize(a: Shape, b: Shape): boolean {
  return a.height === b.height && a.width === b.width && a.timed === b.timed
}

function dimsOf({ channels, height, width, timed }: Shape): string {
  return `[${timed ? 'T' : '1'}, ${channels}, ${height}, ${width}]`
}
