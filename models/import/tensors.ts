// The numbers of a checkpoint's tensors, out of the storages of its archive. Sizes, offsets and strides are compared with
// the bytes that are there before memory is taken.
import { refuse } from '../onnx/values.js'
import type { TensorRef } from './pickle.js'
import type { StoredZip } from './zip.js'

/** Bytes of an element, by torch's storage class. */
const WIDTHS: Record<string, number> = { FloatStorage: 4, HalfStorage: 2 }

/** Reads tensors as f32, row-major, whatever their strides. `folder` is the archive's top folder. */
export class TensorReader {
  #bytesRead = 0

  constructor(
    readonly archive: StoredZip,
    readonly folder: string,
  ) {}

  /** Throws ERR_MODEL when the tensor is not of float32 or float16, reaches out of its storage, or holds NaN or infinity. */
  read(name: string, { storage, offset, size, stride }: TensorRef): Float32Array {
    const width = WIDTHS[storage.type]
    if (width === undefined)
      throw refuse(`"${name}" is of torch.${storage.type}; float32 and float16 are read`)
    const bytes = this.archive.read(`${this.folder}/data/${storage.key}`)
    if (bytes.length !== storage.elements * width)
      throw refuse(
        `storage "${storage.key}" claims ${storage.elements} elements of ${width} bytes but holds ${bytes.length} bytes`,
      )
    const count = size.reduce((product, n) => product * n, 1)
    const last = size.reduce((at, n, i) => at + (n - 1) * stride[i]!, offset)
    // A stride of 0 would let a small file claim a large tensor; no weight is stored so.
    if (count === 0 || count > storage.elements || last >= storage.elements)
      throw refuse(
        `"${name}" [${size.join(', ')}] does not fit its storage of ${storage.elements} elements`,
      )
    // Merging makes up to 18 numbers of one, so a storage that many weights share would make a small file a large network.
    this.#bytesRead += count * width
    if (this.#bytesRead > this.archive.size)
      throw refuse('its tensors share their storages: together they are larger than the file')
    const values = new Float32Array(count)
    const whole = isRowMajor(size, stride) ? bytes.subarray(offset * width) : undefined
    if (whole !== undefined && width === 4)
      new Uint8Array(values.buffer).set(whole.subarray(0, 4 * count))
    else {
      // The stride of an axis of one means nothing, and may be anything.
      const steps = stride.map((step, axis) => (size[axis] === 1 ? 0 : step))
      gather(values, bytes, width, offset, size, steps)
    }
    for (let i = 0; i < count; i++)
      if (!Number.isFinite(values[i])) throw refuse(`"${name}" holds NaN or infinity`)
    return values
  }
}

function isRowMajor(size: readonly number[], stride: readonly number[]): boolean {
  let step = 1
  for (let i = size.length - 1; i >= 0; i--) {
    if (size[i] !== 1 && stride[i] !== step) return false
    step *= size[i]!
  }
  return true
}

/** Counts through the indices like a mileage meter; `at` is the element's place in the storage. */
function gather(
  values: Float32Array,
  bytes: Uint8Array,
  width: number,
  offset: number,
  size: readonly number[],
  stride: readonly number[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const index = size.map(() => 0)
  let at = offset
  for (let i = 0; i < values.length; i++) {
    values[i] =
      width === 4 ? view.getFloat32(4 * at, true) : halfToFloat(view.getUint16(2 * at, true))
    for (let axis = size.length - 1; axis >= 0; axis--) {
      at += stride[axis]!
      index[axis]!++
      if (index[axis]! < size[axis]!) break
      at -= size[axis]! * stride[axis]!
      index[axis] = 0
    }
  }
}

/** The value of an IEEE half; all of them are f32 values. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
