// safetensors: 8 bytes header length (u64, little-endian), a JSON header, then the tensors end to end. Plans, traces and
// recorded vectors are such files. Lengths, offsets and shapes are checked against the bytes before a number is looked at.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type ErrorCode, SaccadeError } from '../errors.js'

/** Array type of each kind of number, by its name in the header. */
export const TENSOR_TYPES = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
} as const

export type TensorType = keyof typeof TENSOR_TYPES
export type TensorData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array

/** Numbers with a shape, row-major. */
export interface Tensor {
  dtype: TensorType
  shape: readonly number[]
  data: TensorData
}

/** A file's tensors in the order of its header, and the strings of its `__metadata__`. */
export interface TensorFile {
  tensors: Map<string, Tensor>
  metadata: Readonly<Record<string, unknown>>
}

/** What a file is meant to be, for sentences, and the code of their errors. */
export interface Meant {
  what: string
  code: ErrorCode
}

const LONGEST_HEADER = 64 * 1024 * 1024
const GZIP = 0x8b1f

const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(TENSOR_TYPES) as TensorType[]),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
})
type Entry = z.infer<typeof entrySchema>

/**
 * Reads a safetensors file whole. Throws ERR_NOT_FOUND, ERR_IO, or ERR_FORMAT with the file's name and what is wrong in it.
 * @example
 * const { tensors } = await loadTensors('spikes.safetensors')
 * console.log(tensors.get('model.2.Conv.lif1')?.shape) // [2, 1, 32, 80, 80]
 */
export async function loadTensors(path: string): Promise<TensorFile> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new SaccadeError('ERR_NOT_FOUND', `${path}: there is no such file`)
    throw new SaccadeError('ERR_IO', `${path}: ${message}`, undefined, { cause: error })
  }
  try {
    return parseTensors(bytes, { what: 'safetensors file', code: 'ERR_FORMAT' })
  } catch (error) {
    if (!(error instanceof SaccadeError)) throw error
    throw new SaccadeError(error.code, `${path}: ${error.message}`, error.hint, { cause: error })
  }
}

/** Reads the bytes of a safetensors file; tensors are views into them where their alignment allows. */
export function parseTensors(bytes: Uint8Array, meant: Meant): TensorFile {
  const fault = (sentence: string, hint?: string) => new SaccadeError(meant.code, sentence, hint)
  if (bytes.length < 8)
    throw fault(`this is no ${meant.what}: ${bytes.length} bytes, less than a safetensors header`)
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (head.getUint16(0, true) === GZIP)
    throw fault(`this is no ${meant.what}: it is packed with gzip`, 'unpack it with gunzip first')
  const length = Number(head.getBigUint64(0, true))
  if (length > LONGEST_HEADER || length > bytes.length - 8)
    throw fault(
      `this is no ${meant.what}, or it is cut off: it claims a header of ${length} bytes and has ${bytes.length - 8}`,
    )
  const header = parseJson(bytes.subarray(8, 8 + length))
  if (header === undefined)
    throw fault(`this is no ${meant.what}, or it is damaged: the header is not JSON`)
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw fault('the header is not a JSON object')
  const { __metadata__: metadata, ...rest } = header as Record<string, unknown>
  const entries = new Map<string, Entry>()
  for (const [name, value] of Object.entries(rest)) {
    const parsed = entrySchema.safeParse(value)
    const issue = parsed.error?.issues[0]
    if (!parsed.success)
      throw fault(`${[`"${name}"`, ...issue!.path.map(String)].join('.')}: ${issue!.message}`)
    entries.set(name, parsed.data)
  }
  const data = bytes.subarray(8 + length)
  checkOffsets(entries, data.length, fault)
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape, data_offsets }] of entries)
    tensors.set(name, { dtype, shape, data: view(data, dtype, ...data_offsets) })
  const strings = typeof metadata === 'object' && metadata !== null ? metadata : {}
  return { tensors, metadata: strings as Record<string, unknown> }
}

/** Tensors must lie end to end: no gap, no overlap, nothing after the last. */
function checkOffsets(
  entries: Map<string, Entry>,
  length: number,
  fault: (sentence: string, hint?: string) => SaccadeError,
): void {
  // An empty tensor lies where the next one begins.
  const sorted = [...entries].sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  )
  let end = 0
  for (const [name, { dtype, shape, data_offsets }] of sorted) {
    const [from, to] = data_offsets
    const bytes = sizeOf(shape) * TENSOR_TYPES[dtype].BYTES_PER_ELEMENT
    if (from !== end) throw fault(`"${name}" starts at byte ${from} of the data, not at ${end}`)
    if (to - from !== bytes)
      throw fault(
        `"${name}" is ${describeTensor({ dtype, shape })}, ${bytes} bytes, but spans ${to - from}`,
      )
    end = to
  }
  if (end !== length)
    throw fault(
      `it holds ${length} bytes of numbers where its header says ${end}`,
      'copy the file again',
    )
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function view(data: Uint8Array, dtype: TensorType, from: number, to: number): TensorData {
  const Type = TENSOR_TYPES[dtype]
  const start = data.byteOffset + from
  const count = (to - from) / Type.BYTES_PER_ELEMENT
  if (start % Type.BYTES_PER_ELEMENT === 0)
    return new Type(data.buffer as ArrayBuffer, start, count)
  return new Type(data.slice(from, to).buffer, 0, count)
}

/**
 * The bytes of a safetensors file. The same tensors give the same bytes: they are laid out by falling element size, so
 * that each is aligned without gaps, and the header is padded to 8 bytes.
 */
export function encodeTensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = [...tensors].sort(
    ([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT,
  )
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata }
  let length = 0
  for (const [name, { dtype, shape, data }] of entries) {
    const start = length
    length += data.byteLength
    header[name] = { dtype, shape, data_offsets: [start, length] }
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Math.ceil(json.length / 8) * 8
  const bytes = Buffer.alloc(8 + padded + length, ' ')
  bytes.writeBigUInt64LE(BigInt(padded), 0)
  json.copy(bytes, 8)
  let at = 8 + padded
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/** Number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

/** "U8 [2, 1, 32, 80, 80]" */
export function describeTensor({ dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>): string {
  return `${dtype} [${shape.join(', ')}]`
}
