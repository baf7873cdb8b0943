// Small random plans with every kind of operator, for comparing engines: same seed, same plan.
import type { Plan, PlanOp, PlanTensor } from '../../pipeline/detect/plan.js'
import { checkPlan } from '../../pipeline/detect/plan-check.js'

/** Whole numbers from a seed (xorshift32): `next(n)` is 0..n-1. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 1) | 0 || 1
  }

  next(n: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % n
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)]!
  }
}

/** What a random plan should have; the rest follows from the seed. */
export interface PlanWish {
  seed: number
  steps?: number
  bits?: 8 | 16
  form?: 'ilif' | 'tau'
  levels?: number
  width?: number
  height?: number
}

/** Adds operators to a plan one by one; each method returns the id of the tensor it makes. */
export class PlanBuilder {
  readonly tensors: PlanTensor[] = []
  readonly ops: PlanOp[] = []
  readonly weights: Plan['weights'] = new Map()

  constructor(
    readonly random: Random,
    readonly window: Plan['window'],
  ) {
    const { channels, height, width } = window
    this.tensors.push({
      id: 0,
      name: 'frames',
      kind: 'input',
      channels,
      height,
      width,
      timed: true,
    })
  }

  /** A convolution on u8, or on f32 when `input` is real. Pads by half the kernel unless told. */
  conv(
    input: number,
    channels: number,
    options: {
      kernel?: [number, number]
      stride?: [number, number]
      pad?: [number, number, number, number]
      groups?: number
      bits?: 8 | 16
    } = {},
  ): number {
    const { kernel = [3, 3], stride = [1, 1], groups = 1, bits = 8 } = options
    const [ky, kx] = kernel
    const pad = options.pad ?? [ky >> 1, kx >> 1, ky >> 1, kx >> 1]
    const from = this.tensors[input]!
    const real = from.kind === 'real'
    const name = `conv${this.ops.length}`
    const count = (channels * from.channels * ky * kx) / groups
    const weight = real
      ? this.#floats(count, 1 / 64)
      : new (bits === 8 ? Int8Array : Int16Array)(count)
    const most = bits === 8 ? 127 : 32_767
    if (!real)
      for (let i = 0; i < count; i++)
        // Extremes come often, so that a kernel which saturates shows.
        weight[i] = this.random.pick([0, most, -most, this.random.next(2 * most + 1) - most])
    this.weights.set(`${name}.weight`, weight)
    if (!real) {
      const scale = Float32Array.from(
        { length: channels },
        () => (1 + this.random.next(1000)) / 1e3,
      )
      this.weights.set(
        `${name}.scale`,
        scale.map((s) => s * (bits === 8 ? 1 / 256 : 1 / 65_536)),
      )
    }
    this.weights.set(`${name}.bias`, this.#floats(channels, 1 / 32))
    const sliding = { name, input, output: this.tensors.length, kernel, stride, pad, groups }
    this.ops.push(real ? { op: 'realconv', ...sliding } : { op: 'conv', ...sliding, bits })
    const height = Math.floor((from.height + pad[0] + pad[2] - ky) / stride[0]) + 1
    const width = Math.floor((from.width + pad[1] + pad[3] - kx) / stride[1]) + 1
    return this.#make('real', { ...from, channels, height, width })
  }

  neuron(input: number, form: 'ilif' | 'tau' = 'ilif', levels = 4): number {
    const constant = form === 'tau' ? 2 : 0.25
    const output = this.tensors.length
    this.ops.push({
      op: 'neuron',
      name: `n${this.ops.length}`,
      input,
      output,
      form,
      levels,
      constant,
    })
    return this.#make('spike', this.tensors[input]!)
  }

  add(a: number, b: number): number {
    this.ops.push({
      op: 'add',
      name: `add${this.ops.length}`,
      inputs: [a, b],
      output: this.tensors.length,
    })
    return this.#make('real', this.tensors[a]!)
  }

  upsample(input: number, factor = 2): number {
    const from = this.tensors[input]!
    this.ops.push({
      op: 'upsample',
      name: `up${this.ops.length}`,
      input,
      output: this.tensors.length,
      factor,
    })
    return this.#make('real', { ...from, height: from.height * factor, width: from.width * factor })
  }

  /** 5 x 5, stride 1, same size: that of SPPF. */
  maxPool(input: number): number {
    this.ops.push({
      op: 'maxpool',
      name: `pool${this.ops.length}`,
      input,
      output: this.tensors.length,
      kernel: [5, 5],
      stride: [1, 1],
      pad: [2, 2, 2, 2],
    })
    return this.#make('real', this.tensors[input]!)
  }

  concat(...inputs: number[]): number {
    const channels = inputs.reduce((sum, id) => sum + this.tensors[id]!.channels, 0)
    this.ops.push({
      op: 'concat',
      name: `cat${this.ops.length}`,
      inputs,
      output: this.tensors.length,
    })
    return this.#make('real', { ...this.tensors[inputs[0]!]!, channels })
  }

  mean(input: number): number {
    this.ops.push({
      op: 'mean',
      name: `mean${this.ops.length}`,
      input,
      output: this.tensors.length,
    })
    return this.#make('real', { ...this.tensors[input]!, timed: false })
  }

  /** The checked plan with these outputs. */
  finish(outputs: number[], head: Plan['head']): Plan {
    const plan: Plan = {
      version: 1,
      name: 'random',
      onnxSha256: '0'.repeat(64),
      exact: 'no',
      exactReason: 'its weights are random',
      window: this.window,
      head,
      detect: { score: 0.3, iou: 0.6, max: 100, multiLabel: false },
      card: {},
      tensors: this.tensors,
      ops: this.ops,
      outputs,
      weights: this.weights,
    }
    checkPlan(plan)
    return plan
  }

  #make(kind: 'spike' | 'real', shape: Omit<PlanTensor, 'id' | 'name' | 'kind'>): number {
    const id = this.tensors.length
    const { channels, height, width, timed } = shape
    this.tensors.push({ id, name: `t${id}`, kind, channels, height, width, timed })
    return id
  }

  #floats(count: number, step: number): Float32Array {
    return Float32Array.from({ length: count }, () => (this.random.next(129) - 64) * step)
  }
}

/** A network of two heads (strides 4 and 8) with every operator; odd sizes on purpose. */
export function randomPlan(wish: PlanWish): Plan {
  const { seed, steps = 1, bits = 8, form = 'ilif', levels = 4, width = 40, height = 24 } = wish
  const random = new Random(seed)
  const b = new PlanBuilder(random, {
    kind: 'count',
    durationUs: 50_000,
    hopUs: 50_000,
    steps,
    bins: steps,
    clip: 15,
    width,
    height,
    channels: 2,
    timeOrder: 'oldest-first',
    scale: 0.25,
  })
  const head = { type: 'dfl', regMax: 4, strides: [4, 8], classes: ['car', 'person'] } as const
  const fire = (id: number) => b.neuron(id, form, levels)
  const channels = random.pick([5, 8, 16, 19])
  const stem = b.conv(0, channels, { kernel: [7, 7], stride: [4, 4], pad: [3, 3, 3, 3], bits })
  const inner = fire(b.conv(fire(stem), 2 * channels, { kernel: [1, 1], bits }))
  const deep = b.conv(inner, 2 * channels, { kernel: [7, 7], groups: 2 * channels, bits })
  const back = b.conv(fire(deep), channels, {
    kernel: random.pick([
      [1, 1],
      [3, 3],
    ]),
    bits,
  })
  const p2 = b.add(stem, back)
  const down = b.conv(fire(p2), 2 * channels, { stride: [2, 2], bits })
  // A re-parameterised chain that was not merged: depthwise on real values.
  const rep = b.conv(down, 2 * channels, { groups: 2 * channels })
  const pool = b.maxPool(rep)
  const join = fire(b.concat(rep, pool, b.maxPool(pool)))
  const p3 = b.conv(join, channels, { kernel: [1, 1], groups: 1, bits })
  const merged = b.concat(b.upsample(p3), p2)
  const outputs = [merged, p3].map((id) => b.mean(b.conv(fire(id), 18, { kernel: [1, 1], bits })))
  return b.finish(outputs, { ...head, strides: [...head.strides], classes: [...head.classes] })
}

/** A random frame for a plan, about a tenth of its values not 0. */
export function randomFrame(plan: Plan, seed: number): Uint8Array {
  const random = new Random(seed)
  const { steps, channels, height, width, clip } = plan.window
  return Uint8Array.from({ length: steps * channels * height * width }, () =>
    random.next(10) === 0 ? random.next(clip + 1) : 0,
  )
}
