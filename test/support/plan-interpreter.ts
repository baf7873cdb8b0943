// A plan run by the letter, one number at a time: an oracle for the engine that shares no code with it. Every f32
// operation is one `fround`, in the order that docs/plan.md gives.
import type {
  ConvOp,
  MaxPoolOp,
  NeuronOp,
  Plan,
  PlanOp,
  PlanTensor,
  RealConvOp,
} from '../../pipeline/detect/plan.js'
import type { Trace } from '../../pipeline/detect/session.js'

type Values = Uint8Array | Float32Array
const f32 = Math.fround

/** Runs one u8 frame [T, C, H, W]; returns all spikes and the head maps. */
export function interpretPlan(plan: Plan, frames: Uint8Array): Trace {
  const values = new Map<number, Values>()
  for (const tensor of plan.tensors) if (tensor.kind === 'input') values.set(tensor.id, frames)
  const spikes: Trace['spikes'] = new Map()
  for (const op of plan.ops) {
    const inputs = ('inputs' in op ? op.inputs : [op.input]).map((id) => values.get(id)!)
    const result = runOp(plan, op, inputs)
    values.set(op.output, result)
    if (op.op === 'neuron') {
      const tensor = plan.tensors[op.output]!
      spikes.set(op.name, { shape: shapeOf(plan, tensor), data: result as Uint8Array })
    }
  }
  const heads = plan.outputs.map((id) => {
    const { name, channels, height, width } = plan.tensors[id]!
    return { name, shape: [channels, height, width], data: values.get(id) as Float32Array }
  })
  return { spikes, heads }
}

function shapeOf(plan: Plan, { timed, channels, height, width }: PlanTensor): number[] {
  return [timed ? plan.window.steps : 1, channels, height, width]
}

function runOp(plan: Plan, op: PlanOp, inputs: Values[]): Values {
  const output = plan.tensors[op.output]!
  const shape = shapeOf(plan, output)
  const steps = shape[0]!
  const plane = output.height * output.width
  const out = new Float32Array(steps * output.channels * plane)
  const [a, b] = inputs as [Values, Values]
  switch (op.op) {
    case 'conv':
      return integerConv(plan, op, a as Uint8Array, out)
    case 'realconv':
      return realConv(plan, op, a, out)
    case 'neuron':
      return neuron(op, a, steps)
    case 'add':
      return out.map((_, i) => f32(a[i]! + b[i]!))
    case 'maxpool':
      return maxPool(plan, op, a, out)
    case 'upsample': {
      const { width } = plan.tensors[op.input]!
      for (let i = 0; i < out.length; i++) {
        const x = Math.floor((i % output.width) / op.factor)
        const row = Math.floor(i / output.width)
        const y = Math.floor((row % output.height) / op.factor)
        const map = Math.floor(row / output.height)
        out[i] = a[(map * (output.height / op.factor) + y) * width + x]!
      }
      return out
    }
    case 'concat': {
      let at = 0
      for (let t = 0; t < steps; t++) {
        for (const input of inputs) {
          const size = input.length / steps
          out.set(input.subarray(t * size, (t + 1) * size), at)
          at += size
        }
      }
      return out
    }
    case 'mean': {
      const total = a.length / out.length
      for (let i = 0; i < out.length; i++) {
        let sum = a[i]!
        for (let t = 1; t < total; t++) sum = f32(sum + a[t * out.length + i]!)
        out[i] = sum / total
      }
      return out
    }
  }
}

/** Every value of the input that is not 0 is spread over the outputs it reaches: sums of integers know no order. */
function integerConv(plan: Plan, op: ConvOp, input: Uint8Array, out: Float32Array): Float32Array {
  const weight = plan.weights.get(`${op.name}.weight`)!
  const scale = plan.weights.get(`${op.name}.scale`)!
  const bias = plan.weights.get(`${op.name}.bias`)!
  const from = plan.tensors[op.input]!
  const to = plan.tensors[op.output]!
  const [kh, kw] = op.kernel
  const perGroup = from.channels / op.groups
  const outputsPerGroup = to.channels / op.groups
  const sums = new Int32Array(out.length)
  for (let at = 0; at < input.length; at++) {
    const value = input[at]!
    if (value === 0) continue
    const column = at % from.width
    const row = Math.floor(at / from.width) % from.height
    const map = Math.floor(at / (from.width * from.height))
    const channel = map % from.channels
    const t = Math.floor(map / from.channels)
    const firstOutput = Math.floor(channel / perGroup) * outputsPerGroup
    for (let ky = 0; ky < kh; ky++) {
      const y = (row + op.pad[0] - ky) / op.stride[0]
      if (!Number.isInteger(y) || y < 0 || y >= to.height) continue
      for (let kx = 0; kx < kw; kx++) {
        const x = (column + op.pad[1] - kx) / op.stride[1]
        if (!Number.isInteger(x) || x < 0 || x >= to.width) continue
        for (let o = firstOutput; o < firstOutput + outputsPerGroup; o++) {
          const w = ((o * perGroup + (channel % perGroup)) * kh + ky) * kw + kx
          const target = ((t * to.channels + o) * to.height + y) * to.width + x
          sums[target]! += value * weight[w]!
        }
      }
    }
  }
  const plane = to.height * to.width
  return out.map((_, i) => {
    const c = Math.floor(i / plane) % to.channels
    return f32(f32(f32(sums[i]!) * scale[c]!) + bias[c]!)
  })
}

/** Taps in row-major order (input channel, row, column), each product and each sum rounded; then the bias. */
function realConv(plan: Plan, op: RealConvOp, input: Values, out: Float32Array): Float32Array {
  const weight = plan.weights.get(`${op.name}.weight`)!
  const bias = plan.weights.get(`${op.name}.bias`)!
  const from = plan.tensors[op.input]!
  const to = plan.tensors[op.output]!
  const [kh, kw] = op.kernel
  const perGroup = from.channels / op.groups
  const outputsPerGroup = to.channels / op.groups
  return out.map((_, at) => {
    const x = at % to.width
    const y = Math.floor(at / to.width) % to.height
    const map = Math.floor(at / (to.width * to.height))
    const o = map % to.channels
    const t = Math.floor(map / to.channels)
    let sum = 0
    for (let i = 0; i < perGroup; i++) {
      const channel = t * from.channels + Math.floor(o / outputsPerGroup) * perGroup + i
      for (let ky = 0; ky < kh; ky++) {
        const row = y * op.stride[0] - op.pad[0] + ky
        if (row < 0 || row >= from.height) continue
        for (let kx = 0; kx < kw; kx++) {
          const column = x * op.stride[1] - op.pad[1] + kx
          if (column < 0 || column >= from.width) continue
          const w = weight[((o * perGroup + i) * kh + ky) * kw + kx]!
          sum = f32(sum + f32(input[(channel * from.height + row) * from.width + column]! * w))
        }
      }
    }
    return f32(sum + bias[o]!)
  })
}

function maxPool(plan: Plan, op: MaxPoolOp, input: Values, out: Float32Array): Float32Array {
  const from = plan.tensors[op.input]!
  const to = plan.tensors[op.output]!
  for (let at = 0; at < out.length; at++) {
    const x = at % to.width
    const y = Math.floor(at / to.width) % to.height
    const map = Math.floor(at / (to.width * to.height))
    let most = Number.NEGATIVE_INFINITY
    for (let ky = 0; ky < op.kernel[0]; ky++) {
      const row = y * op.stride[0] - op.pad[0] + ky
      if (row < 0 || row >= from.height) continue
      for (let kx = 0; kx < op.kernel[1]; kx++) {
        const column = x * op.stride[1] - op.pad[1] + kx
        if (column < 0 || column >= from.width) continue
        most = Math.max(most, input[(map * from.height + row) * from.width + column]!)
      }
    }
    out[at] = most
  }
  return out
}

function neuron(op: NeuronOp, input: Values, steps: number): Uint8Array {
  const spikes = new Uint8Array(input.length)
  const size = input.length / steps
  const constant = f32(op.constant)
  for (let i = 0; i < size; i++) {
    let m = 0
    for (let t = 0; t < steps; t++) {
      const at = t * size + i
      const x = input[at]!
      if (op.form === 'tau') m = f32(m + f32(f32(x - m) / constant))
      else if (t === 0) m = x
      else m = f32(f32(f32(m - spikes[at - size]!) * constant) + x)
      spikes[at] = roundHalfEven(Math.min(Math.max(m, 0), op.levels))
      if (op.form === 'tau') m = f32(m - spikes[at]!)
    }
  }
  return spikes
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}
