// A recorded input tensor -> frames of a network.
import type { Plan } from '../detect/plan.js'
import { inputLimit } from '../detect/plan-check.js'
import { SaccadeError } from '../errors.js'
import { describeTensor, type Tensor } from '../tensors/safetensors.js'

/** Relative distance from a whole number at which a float still is one: x / 255 in f32 is off by 2^-24. */
const WHOLE = 1e-5

/**
 * The samples of a tensor, each a u8 frame [T, C, H, W]. Rank 5 is [B, T, C, H, W] in the network's own time order, rank 4
 * [B, C, H, W] a picture that is fed at every step. Floats must be whole multiples of the window's scale.
 * @throws ERR_ARGUMENT when shape or values are not the network's; `name` is used in the sentence
 */
export function samplesOf(tensor: Tensor, name: string, plan: Plan): Uint8Array[] {
  const { steps, channels, height, width, scale } = plan.window
  const wanted = [channels, height, width]
  const timed = tensor.shape.length === 5
  const inner = tensor.shape.slice(timed ? 2 : 1)
  const fits = timed ? tensor.shape[1] === steps : tensor.shape.length === 4
  if (!fits || inner.join() !== wanted.join())
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `"${name}" is ${describeTensor(tensor)}; ${plan.name} takes [B, ${[steps, ...wanted].join(', ')}], or [B, ${wanted.join(', ')}] for the same picture at every step`,
    )
  const values = toCounts(tensor, name, scale, inputLimit(plan.window))
  const picture = channels * height * width
  const size = timed ? steps * picture : picture
  return Array.from({ length: tensor.shape[0]! }, (_, b) => {
    const sample = values.subarray(b * size, (b + 1) * size)
    if (timed) return sample
    const frame = new Uint8Array(steps * picture)
    for (let t = 0; t < steps; t++) frame.set(sample, t * picture)
    return frame
  })
}

function toCounts({ data }: Tensor, name: string, scale: number, limit: number): Uint8Array {
  if (data instanceof Uint8Array) return data
  const unit = data instanceof Float32Array || data instanceof Float64Array ? scale : 1
  const counts = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const count = Number(data[i]) / unit
    const whole = Math.round(count)
    if (!(whole >= 0 && whole <= limit && Math.abs(count - whole) <= WHOLE * Math.max(1, whole)))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `value ${i} of "${name}" is ${data[i]}, no whole multiple of the network's input scale ${scale} from 0 to ${limit * scale}`,
      )
    counts[i] = whole
  }
  return counts
}
