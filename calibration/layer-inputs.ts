// What a convolution reads on real windows, as patches: the values under its kernel at sampled places, without their zeros.
import { SaccadeError } from '../pipeline/errors.js'
import type { ConvOp, Plan } from '../pipeline/index.js'

/** Values that are kept of a layer and window, and places that are looked at: 16 windows of 60 layers take 80 MB. */
const MOST_VALUES = 16_384
const MOST_PLACES = 1024
/** Steps of this part of a range visit all of it evenly, however many are taken. */
const GOLDEN = 0.618_033_988_749_895

/** Patches of one layer, collected over windows. */
export class LayerInputs {
  readonly #groups: Patches[]
  readonly #shape: {
    steps: number
    channels: number
    height: number
    width: number
    rows: number
    columns: number
  }

  constructor(
    plan: Plan,
    readonly op: ConvOp,
  ) {
    const input = plan.tensors[op.input]!
    const output = plan.tensors[op.output]!
    const { channels, height, width, timed } = input
    const steps = timed ? plan.window.steps : 1
    this.#shape = { steps, channels, height, width, rows: output.height, columns: output.width }
    const size = (channels / op.groups) * op.kernel[0] * op.kernel[1]
    this.#groups = Array.from({ length: op.groups }, () => new Patches(size))
  }

  /** Takes a sample of one window: u8 [T, C, H, W], the frame or what a neuron fired. */
  add(values: Uint8Array): void {
    const { steps, channels, height, width, rows, columns } = this.#shape
    if (values.length !== steps * channels * height * width)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${this.op.name} reads ${steps * channels * height * width} values, not ${values.length}`,
      )
    const places = steps * rows * columns
    let kept = 0
    for (let n = 0; n < Math.min(places, MOST_PLACES) && kept < MOST_VALUES; n++) {
      // Every place once where all are taken; else spread over time steps, rows and columns alike.
      const place = places <= MOST_PLACES ? n : Math.floor(((n * GOLDEN) % 1) * places)
      const step = Math.floor(place / (rows * columns))
      const inStep = place % (rows * columns)
      kept += this.#takePatch(values, step, Math.floor(inStep / columns), inStep % columns)
    }
  }

  /** The patches of one group of channels. */
  group(index: number): Patches {
    return this.#groups[index]!
  }

  /** Returns how many values it kept. */
  #takePatch(values: Uint8Array, step: number, row: number, column: number): number {
    const { channels, height, width } = this.#shape
    const { kernel, stride, pad, groups } = this.op
    const perGroup = channels / groups
    const top = row * stride[0] - pad[0]
    const left = column * stride[1] - pad[1]
    let kept = 0
    for (let group = 0; group < groups; group++) {
      const patches = this.#groups[group]!
      for (let i = 0; i < perGroup; i++) {
        const map = (step * channels + group * perGroup + i) * height
        for (let ky = Math.max(0, -top); ky < kernel[0] && top + ky < height; ky++) {
          const line = (map + top + ky) * width + left
          for (let kx = Math.max(0, -left); kx < kernel[1] && left + kx < width; kx++) {
            const value = values[line + kx]!
            if (value === 0) continue
            patches.push((i * kernel[0] + ky) * kernel[1] + kx, value)
            kept += 1
          }
        }
      }
      patches.end()
    }
    return kept
  }
}

/** Rows of a sparse matrix, one per patch: indices and values of all behind each other, and where each patch ends. */
export class Patches {
  #indices = new Uint32Array(256)
  #values = new Uint8Array(256)
  #kept = 0
  readonly #ends: number[] = []

  /** @param size values under the kernel: input channels of the group x rows x columns, as in OIHW weights */
  constructor(readonly size: number) {}

  /** Patches so far. */
  get count(): number {
    return this.#ends.length
  }

  push(index: number, value: number): void {
    if (this.#kept === this.#values.length) {
      this.#indices = grown(this.#indices, new Uint32Array(this.#kept * 2))
      this.#values = grown(this.#values, new Uint8Array(this.#kept * 2))
    }
    this.#indices[this.#kept] = index
    this.#values[this.#kept] = value
    this.#kept += 1
  }

  end(): void {
    this.#ends.push(this.#kept)
  }

  /** The sum under `weights` at each patch. */
  sums(weights: Float64Array): Float64Array {
    const sums = new Float64Array(this.count)
    let at = 0
    this.#ends.forEach((end, patch) => {
      let sum = 0
      for (; at < end; at++) sum += this.#values[at]! * weights[this.#indices[at]!]!
      sums[patch] = sum
    })
    return sums
  }

  /** The mean of patch x `factor` of the patch, for each value under the kernel. */
  means(factors: Float64Array): Float64Array {
    const means = new Float64Array(this.size)
    let at = 0
    this.#ends.forEach((end, patch) => {
      const factor = factors[patch]! / this.count
      for (; at < end; at++) means[this.#indices[at]!]! += this.#values[at]! * factor
    })
    return means
  }

  /** The mean of the product of each two values under the kernel, [size, size]. */
  products(): Float64Array {
    const { size, count } = this
    const products = new Float64Array(size * size)
    let from = 0
    for (const end of this.#ends) {
      for (let a = from; a < end; a++) {
        const value = this.#values[a]! / count
        const row = this.#indices[a]! * size
        for (let b = from; b < end; b++)
          products[row + this.#indices[b]!]! += value * this.#values[b]!
      }
      from = end
    }
    return products
  }
}

function grown<A extends Uint8Array | Uint32Array>(from: A, to: A): A {
  to.set(from)
  return to
}
