// Reads a safetensors file of the shared data: name -> shape and numbers.
import { readFileSync } from 'node:fs'

const TYPES = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array } as const

export interface SharedTensor {
  shape: number[]
  data: Float32Array | Uint8Array | Uint16Array | Uint32Array
}

/** All tensors of a file that is trusted. */
export function readSafetensors(path: string): Map<string, SharedTensor> {
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: keyof typeof TYPES; shape: number[]; data_offsets: [number, number] }
  >
  const tensors = new Map<string, SharedTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const [from, to] = entry.data_offsets.map((offset) => 8 + length + offset) as [number, number]
    const data = new TYPES[entry.dtype](Uint8Array.from(bytes.subarray(from, to)).buffer)
    tensors.set(name, { shape: entry.shape, data })
  }
  return tensors
}
