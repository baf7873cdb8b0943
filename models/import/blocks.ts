// The blocks of SpikeYOLO, each from its tensors to ONNX nodes. Neurons keep the authors' module names; a chain of linear
// operators between two neurons becomes one convolution that is named after the first module of the chain.
import {
  type Affine,
  biasThrough,
  type MergedConv,
  normalised,
  ofNormalised,
  thenDepthwise,
} from './merge.js'
import { repConvProduct } from './rep-conv.js'
import type { Weights } from './weights.js'
import type { OnnxWriter, Value } from './writer.js'

/** How a SepRepConv is written. */
export type ChainForm = 'dense' | 'split'

/** What was merged into what. */
export interface Merge {
  name: string
  /** The modules, in their order. */
  modules: string[]
  form: ChainForm
  /** True when all merged weights and biases are f32 values as they stand, so that merging rounded nothing. */
  lossless: boolean
}

/** Builds blocks into a writer. */
export class Blocks {
  readonly merges: Merge[] = []

  constructor(
    readonly weights: Weights,
    readonly out: OnnxWriter,
    /** Chooses how a SepRepConv of `from` to `to` channels is written. */
    readonly chainForm: (from: number, to: number) => ChainForm,
  ) {}

  /** [neuron,] k x k convolution with bias, normalisation. The first one sees the picture, and pads by 2. */
  downSampling(name: string, x: Value, first: boolean): Value {
    const [kernel, stride, pad] = first ? [7, 4, 2] : [3, 2, 1]
    const conv = this.weights.conv(`${name}.encode_conv`, x.channels, kernel, { bias: true })
    const norm = this.weights.norm(`${name}.encode_bn`, conv.outputs)
    const s = first ? x : this.out.fire(`${name}.encode_lif`, x)
    return this.#merged(`${name}.encode_conv`, s, normalised(conv, norm), {
      modules: [`${name}.encode_bn`],
      stride,
      pad,
    })
  }

  /** neuron `lif`, convolution `conv`, normalisation `bn`. */
  standardConv(name: string, x: Value, kernel: number, stride = 1): Value {
    const conv = this.weights.conv(`${name}.conv`, x.channels, kernel)
    const norm = this.weights.norm(`${name}.bn`, conv.outputs)
    const s = this.out.fire(`${name}.lif`, x)
    return this.#merged(`${name}.conv`, s, normalised(conv, norm), {
      modules: [`${name}.bn`],
      stride,
    })
  }

  /** neuron `lif`, 1 x 1 convolution `conv` with bias. */
  lastConv(name: string, x: Value): Value {
    const conv = this.weights.conv(`${name}.conv`, x.channels, 1, { bias: true })
    return this.out.conv(`${name}.conv`, this.out.fire(`${name}.lif`, x), conv)
  }

  /** AllConvBlock or ConvBlock, which their tensors tell apart. */
  block(name: string, x: Value): Value {
    const sum = this.out.add(`${name}.Conv.add`, this.#sepConv(`${name}.Conv`, x), x)
    const inner = this.weights.has(`${name}.conv1.conv.weight`)
      ? this.standardConv(`${name}.conv2`, this.standardConv(`${name}.conv1`, sum, 3), 3)
      : this.#repConv(name, 2, this.#repConv(name, 1, sum))
    return this.out.add(`${name}.add`, sum, inner)
  }

  /** SPPF: 1 x 1, three poolings of what the one before gave, 1 x 1. */
  sppf(name: string, x: Value): Value {
    const first = this.standardConv(`${name}.cv1`, x, 1)
    const parts = [first]
    for (let i = 1; i <= 3; i++) parts.push(this.out.maxPool(`${name}.m${i}`, parts.at(-1)!, 5))
    return this.standardConv(`${name}.cv2`, this.out.concat(`${name}.concat`, parts), 1)
  }

  /** C -> M by 1 x 1, 7 x 7 depthwise, M -> C by SepRepConv, each behind a neuron. */
  #sepConv(name: string, x: Value): Value {
    const { weights, out } = this
    const wide = weights.conv(`${name}.pwconv1`, x.channels, 1)
    const middle = wide.outputs
    const deep = weights.depthwise(`${name}.dwconv2`, middle, 7)
    const s1 = out.fire(`${name}.lif1`, x)
    const y1 = this.#merged(
      `${name}.pwconv1`,
      s1,
      normalised(wide, weights.norm(`${name}.bn1`, middle)),
      { modules: [`${name}.bn1`] },
    )
    const s2 = out.fire(`${name}.lif2`, y1)
    const y2 = this.#merged(
      `${name}.dwconv2`,
      s2,
      normalised(deep, weights.norm(`${name}.bn2`, middle)),
      { modules: [`${name}.bn2`] },
    )
    return this.#sepRepConv(name, out.fire(`${name}.lif3`, y2))
  }

  /**
   * Normalisation and border, 1 x 1, depthwise 3 x 3, normalisation, without a neuron between: one dense 3 x 3, or a 1 x 1
   * on integers whose real result a depthwise 3 x 3 reads.
   */
  #sepRepConv(name: string, s: Value): Value {
    const { weights } = this
    const body = `${name}.pwconv3.body`
    const border = weights.norm(`${body}.0.bn`, s.channels)
    const point = ofNormalised(border, weights.conv(`${body}.1.0`, s.channels, 1))
    const deep = normalised(
      weights.depthwise(`${body}.1.1`, point.outputs, 3),
      weights.norm(`${name}.bn3`, point.outputs),
    )
    const [first, second] = biasThrough(point, deep)
    const form = this.chainForm(s.channels, point.outputs)
    if (form === 'dense')
      return this.#merged(`${name}.pwconv3`, s, thenDepthwise(first, second), {
        modules: [`${body}.0.bn`, `${body}.1.0`, `${body}.1.1`, `${name}.bn3`],
      })
    const y = this.#merged(`${body}.1.0`, s, first, { modules: [`${body}.0.bn`], form })
    return this.#merged(`${body}.1.1`, y, second, { modules: [`${name}.bn3`], form })
  }

  /** neuron, 1 x 1, normalisation and border, depthwise 3 x 3, 1 x 1, two normalisations: one dense 3 x 3. */
  #repConv(block: string, which: 1 | 2, x: Value): Value {
    const { weights } = this
    const name = `${block}.conv${which}`
    const body = `${name}.body`
    const channels = x.channels
    const point = normalised(
      weights.conv(`${body}.0`, channels, 1),
      weights.norm(`${body}.1.bn`, channels),
    )
    const [first, second] = biasThrough(point, weights.depthwise(`${body}.2.0`, channels, 3))
    const last = weights.conv(`${body}.2.1`, channels, 1)
    const norms: Affine[] = [
      weights.norm(`${body}.2.2`, last.outputs),
      weights.norm(`${block}.bn${which}`, last.outputs),
    ]
    const closing = norms.reduce(normalised, last)
    const merged = repConvProduct(first, second, closing)
    return this.#merged(name, this.out.fire(`${block}.lif${which}`, x), merged, {
      modules: [
        ...['0', '1.bn', '2.0', '2.1', '2.2'].map((part) => `${body}.${part}`),
        `${block}.bn${which}`,
      ],
    })
  }

  #merged(
    name: string,
    x: Value,
    conv: MergedConv,
    {
      modules,
      form = 'dense',
      stride,
      pad,
    }: { modules: string[]; form?: ChainForm; stride?: number; pad?: number },
  ): Value {
    const lossless = isFloat32(conv.weight) && isFloat32(conv.bias)
    this.merges.push({ name, modules, form, lossless })
    return this.out.conv(name, x, conv, stride, pad)
  }
}

function isFloat32(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Math.fround(values[i]!) !== values[i]!) return false
  return true
}
