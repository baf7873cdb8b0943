// A state dict by name, for the builder: convolutions and normalisations with the shapes that they must have. It notes what
// was read, so that no tensor is left over unseen.
import { refuse } from '../onnx/values.js'
import type { Checkpoint } from './checkpoint.js'
import { type Affine, type MergedConv, normalisation } from './merge.js'

/** eps that model construction sets on all normalisations; a state dict does not hold it. */
const EPSILON = 1e-3
/** In the file, and without a meaning for the network: counters, and the fixed 0..15 of the head. */
const WITHOUT_MEANING = /(\.num_batches_tracked|^model\.\d+\.dfl\.conv\.weight)$/

/** Shapes and numbers of the state dict. */
export class Weights {
  readonly #read = new Set<string>()
  /** Trained numbers read so far; running statistics are none. */
  parameters = 0

  constructor(readonly checkpoint: Checkpoint) {}

  get names(): Iterable<string> {
    return this.checkpoint.tensors.keys()
  }

  has(name: string): boolean {
    return this.checkpoint.tensors.has(name)
  }

  /** The shape of a tensor that must be there. */
  shape(name: string): readonly number[] {
    const tensor = this.checkpoint.tensors.get(name)
    if (tensor === undefined)
      throw refuse(`it has no tensor "${name}", which SpikeYOLO's layout needs`)
    return tensor.size
  }

  /** A convolution with or without a bias, reading `perGroup` channels per group. */
  conv(module: string, perGroup: number, kernel: number, { bias = false } = {}): MergedConv {
    const name = `${module}.weight`
    const [outputs] = this.shape(name)
    const weight = this.#floats(name, [outputs ?? 0, perGroup, kernel, kernel])
    return {
      outputs: outputs!,
      perGroup,
      kernel: [kernel, kernel],
      weight: new Float64Array(weight),
      bias: bias
        ? new Float64Array(this.#floats(`${module}.bias`, [outputs!]))
        : new Float64Array(outputs!),
    }
  }

  /** A depthwise convolution: one group and one output per channel. */
  depthwise(module: string, channels: number, kernel: number): MergedConv {
    this.#expect(`${module}.weight`, [channels, 1, kernel, kernel])
    return this.conv(module, 1, kernel)
  }

  norm(module: string, channels: number): Affine {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (part) => this.#floats(`${module}.${part}`, [channels]),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const epsilon = this.checkpoint.epsilons.get(module) ?? EPSILON
    if (!variance.every((v) => v + epsilon > 0))
      throw refuse(`the normalisation "${module}" has a variance that is not positive`)
    return normalisation(gamma, beta, mean, variance, epsilon)
  }

  /** The head's fixed weights must be the bins' numbers: decoding takes them for granted. */
  checkBins(module: string, bins: number): void {
    const name = `${module}.weight`
    if (this.has(name) && this.#floats(name, [1, bins, 1, 1]).some((w, i) => w !== i))
      throw refuse(`"${name}" is not 0, 1, …, ${bins - 1}`)
  }

  /** Refuses a file that holds tensors which nobody read: it is another network. */
  checkAllRead(): void {
    const left = [...this.checkpoint.tensors.keys()].filter(
      (name) => !this.#read.has(name) && !WITHOUT_MEANING.test(name),
    )
    if (left.length > 0)
      throw refuse(
        `it has ${left.length} tensors that SpikeYOLO's layout does not have, "${left[0]}" among them`,
      )
  }

  #floats(name: string, wanted: readonly number[]): Float32Array {
    this.#expect(name, wanted)
    const values = this.checkpoint.reader.read(name, this.checkpoint.tensors.get(name)!)
    this.#read.add(name)
    if (!name.includes('.running_')) this.parameters += values.length
    return values
  }

  #expect(name: string, wanted: readonly number[]): void {
    const found = this.shape(name)
    if (found.join() !== wanted.join())
      throw refuse(`"${name}" is [${found.join(', ')}]; [${wanted.join(', ')}] fits its place`)
  }
}
