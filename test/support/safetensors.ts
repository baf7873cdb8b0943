// Reads a safetensors file of the shared data: name -> shape and numbers.
import { readFileSync } from 'node:fs'

const TYPES = {
  F32: Float32Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  I64: BigInt64Array,
} as const

export interface SharedTensor {
  shape: number[]
  data: Float32Array | Uint8Array | Uint16Array | Uint32Array
}

/** int64 stamps as numbers, by their low halves: the vectors' lie below 2^32. */
function lowHalves(bytes: Uint32Array): Uint32Array {
  return bytes.filter((_, i) => i % 2 === 0)
}

/** All tensors of a file that is trusted. */
export function readSafetensors(path: string): Map<string, SharedTensor> {
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: keyof typeof TYPES | 'I64'; shape: number[]; data_offsets: [number, number] }
  >
  const tensors = new Map<string, SharedTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const [from, to] = entry.data_offsets.map((offset) => 8 + length + offset) as [number, number]
    const raw = Uint8Array.from(bytes.subarray(from, to)).buffer
    const data =
      entry.dtype === 'I64' ? lowHalves(new Uint32Array(raw)) : new TYPES[entry.dtype](raw)
    tensors.set(name, { shape: entry.shape, data })
  }
  return tensors
}
