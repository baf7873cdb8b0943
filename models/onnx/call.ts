// A node of the main graph while it is read: its inputs, attributes and the size of what it makes, each checked on the way.
import type { GraphNode, Pad, Shape } from './graph.js'
import type { FunctionProto, NodeProto } from './proto.js'
import { Attributes, type Constant, describe, refuse } from './values.js'

/** What a reader may look at. */
export interface ReadContext {
  /** Time steps T of the network. */
  steps: number
  /** Version of the default operator set. */
  opset: number
  functions: readonly FunctionProto[]
  constants: ReadonlyMap<string, Constant>
  shapes: ReadonlyMap<string, Shape>
}

const MOST_SIDE = 16_384
const MOST_CHANNELS = 65_536
/** Numbers one tensor may have over all steps: 2^27, half a gigabyte as f32. */
const MOST_NUMBERS = 2 ** 27

/** A node being read. */
export class Call {
  readonly at: Attributes
  readonly name: string
  readonly output: string

  constructor(
    readonly proto: NodeProto,
    readonly context: ReadContext,
  ) {
    this.at = new Attributes(proto)
    this.name = proto.name || proto.output[0] || ''
    this.output = proto.output[0] ?? ''
    if (this.output === '') throw refuse(`${describe(proto)} has no output`)
  }

  fail(what: string): Error {
    return refuse(`${describe(this.proto)} ${what}`)
  }

  /** Refuses fewer or more inputs than wanted; names left empty count as absent. */
  arity(least: number, most = least): void {
    const n = this.proto.input.length
    if (n < least || n > most)
      throw this.fail(`has ${n} inputs; it takes ${least === most ? least : `${least} to ${most}`}`)
    if (this.proto.output.filter((name) => name !== '').length !== 1)
      throw this.fail('has more than one output')
  }

  /** Name and shape of a tensor input. */
  tensor(i: number): { name: string; shape: Shape } {
    const name = this.proto.input[i] ?? ''
    const shape = this.context.shapes.get(name)
    if (shape !== undefined) return { name, shape }
    if (this.context.constants.has(name))
      throw this.fail(`reads the constant "${name}" where a tensor [T, C, H, W] is expected`)
    throw this.fail(
      `reads "${name}" before any node makes it (an initializer is missing, or the nodes are in a cycle or out of order)`,
    )
  }

  constant(i: number): Constant {
    const name = this.proto.input[i] ?? ''
    const constant = this.context.constants.get(name)
    if (constant !== undefined) return constant
    throw this.fail(`needs the constant "${name}", which is no initializer of the file`)
  }

  has(i: number): boolean {
    return (this.proto.input[i] ?? '') !== ''
  }

  floats(i: number, dims: readonly number[]): Float32Array {
    const { data, dims: found } = this.constant(i)
    if (!(data instanceof Float32Array) || found.join() !== dims.join())
      throw this.fail(
        `has "${this.proto.input[i]}" of dims [${found.join(', ')}]; floats [${dims.join(', ')}] are needed`,
      )
    return data
  }

  /** Kernel, stride and pads of a convolution or pooling, and the size they give. */
  window(input: Shape, kernelSize?: [number, number]) {
    const at = this.at
    at.only('auto_pad', at.text('auto_pad', 'NOTSET'), 'NOTSET')
    at.ints('dilations', 2, 1, 1, [1, 1])
    const kernel = at.ints('kernel_shape', 2, 1, 255, kernelSize) as [number, number]
    const stride = at.ints('strides', 2, 1, 255, [1, 1]) as [number, number]
    const pad = at.ints('pads', 4, 0, 255, [0, 0, 0, 0]) as Pad
    const height = outputSize(input.height + pad[0] + pad[2], kernel[0], stride[0])
    const width = outputSize(input.width + pad[1] + pad[3], kernel[1], stride[1])
    if (height < 1 || width < 1)
      throw this.fail(`has a kernel ${kernel.join(' x ')} larger than its input`)
    return { kernel, stride, pad, height, width }
  }

  made(node: GraphNode, shape: Shape): { node: GraphNode; shape: Shape } {
    this.at.done()
    const { channels, height, width } = shape
    const steps = shape.timed ? this.context.steps : 1
    if (
      channels > MOST_CHANNELS ||
      Math.max(height, width) > MOST_SIDE ||
      steps * channels * height * width > MOST_NUMBERS
    )
      throw this.fail(
        `makes a tensor [${steps}, ${channels}, ${height}, ${width}], which is too large`,
      )
    return { node, shape }
  }
}

function outputSize(padded: number, kernel: number, stride: number): number {
  return Math.floor((padded - kernel) / stride) + 1
}
