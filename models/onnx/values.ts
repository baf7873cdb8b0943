// Constants and attributes of an ONNX file, checked before memory is taken: a tensor's dims must agree with the bytes
// that are there, and every attribute that is present must be one that the operator's reader asks for.
import { SaccadeError } from '../../pipeline/errors.js'
import {
  type AttributeProto,
  EXTERNAL,
  FLOAT,
  INT64,
  type NodeProto,
  type TensorProto,
} from './proto.js'

/** A refusal without the file's name; `readOnnx` puts that before it. */
export function refuse(what: string, hint?: string): SaccadeError {
  return new SaccadeError('ERR_MODEL', what, hint)
}

/** Numbers of a constant: f32 or int64 (as doubles, exact up to 2^53). */
export interface Constant {
  dims: number[]
  data: Float32Array | number[]
}

/** Checks and unpacks a constant. Throws ERR_MODEL for other types, external data and counts that do not agree. */
export function readConstant(tensor: TensorProto): Constant {
  const name = tensor.name || 'a constant'
  if (tensor.dataLocation === EXTERNAL || tensor.externalData.length > 0)
    throw refuse(
      `the numbers of "${name}" are in another file (external data)`,
      'save the model as one file',
    )
  if (tensor.dataType !== FLOAT && tensor.dataType !== INT64)
    throw refuse(`"${name}" has data type ${tensor.dataType}; FLOAT and INT64 are read`)
  if (tensor.dims.length > 8 || !tensor.dims.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw refuse(`"${name}" has impossible dims [${tensor.dims.join(', ')}]`)
  const wanted = tensor.dims.reduce((product, n) => product * n, 1)
  const data = tensor.dataType === FLOAT ? floats(tensor) : integers(tensor)
  if (data.length !== wanted)
    throw refuse(
      `"${name}" claims dims [${tensor.dims.join(', ')}] = ${wanted} numbers but holds ${data.length}`,
    )
  if (!allFinite(data)) throw refuse(`"${name}" holds NaN or infinity`)
  return { dims: tensor.dims, data }
}

function allFinite(data: Constant['data']): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false
  return true
}

function floats(tensor: TensorProto): Float32Array {
  const raw = tensor.rawData
  if (raw === undefined || raw.length === 0) return Float32Array.from(tensor.floatData)
  if (raw.length % 4 !== 0)
    throw refuse(`"${tensor.name}" holds ${raw.length} bytes, which are not whole floats`)
  return new Float32Array(new Uint8Array(raw).buffer)
}

function integers(tensor: TensorProto): number[] {
  const raw = tensor.rawData
  if (raw === undefined || raw.length === 0) return tensor.int64Data
  if (raw.length % 8 !== 0)
    throw refuse(`"${tensor.name}" holds ${raw.length} bytes, which are not whole 64-bit integers`)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length)
  return Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)))
}

/** What to call a node in a sentence. */
export function describe(node: NodeProto): string {
  const name = node.name || node.output[0] || '?'
  return `${node.opType || 'a node without type'} "${name}"`
}

/** The attributes of one node; `done` refuses those that nobody asked for. */
export class Attributes {
  readonly #rest = new Map<string, AttributeProto>()

  constructor(readonly node: NodeProto) {
    for (const attribute of node.attribute) {
      const name = attribute.name ?? ''
      if (this.#rest.has(name)) throw refuse(`${describe(node)} has attribute "${name}" twice`)
      this.#rest.set(name, attribute)
    }
  }

  /** Takes an attribute out, or undefined. */
  take(name: string): AttributeProto | undefined {
    const attribute = this.#rest.get(name)
    this.#rest.delete(name)
    return attribute
  }

  int(name: string, fallback: number): number {
    const value = this.take(name)
    if (value === undefined) return fallback
    const i = value.i ?? 0
    if (!Number.isSafeInteger(i)) throw this.wrong(name, String(i))
    return i
  }

  float(name: string, fallback: number): number {
    const value = this.take(name)
    if (value === undefined) return fallback
    const f = value.f ?? 0
    if (!Number.isFinite(f)) throw this.wrong(name, String(f))
    return f
  }

  text(name: string, fallback: string): string {
    const value = this.take(name)
    return value === undefined ? fallback : new TextDecoder().decode(value.s ?? new Uint8Array())
  }

  /** A list of `length` integers in min..max. */
  ints(name: string, length: number, min: number, max: number, fallback?: number[]): number[] {
    const list = this.take(name)?.ints ?? fallback
    if (list === undefined) throw refuse(`${describe(this.node)} has no ${name}`)
    const fits = (n: number) => Number.isSafeInteger(n) && n >= min && n <= max
    if (list.length !== length || !list.every(fits)) throw this.wrong(name, `[${list.join(', ')}]`)
    return list
  }

  /** Refuses any value but the given one; the attribute may be absent when that is its default. */
  only(name: string, found: number | string, wanted: number | string): void {
    if (found !== wanted) throw this.wrong(name, String(found), String(wanted))
  }

  done(): void {
    const [name] = this.#rest.keys()
    if (name !== undefined)
      throw refuse(`${describe(this.node)} has attribute "${name}", which is not supported`)
  }

  wrong(name: string, found: string, wanted?: string): SaccadeError {
    const only = wanted === undefined ? 'is not supported' : `is not supported, only ${wanted}`
    return refuse(`${describe(this.node)}: ${name} = ${found} ${only}`)
  }
}
