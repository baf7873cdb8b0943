// The header of a .npy file of records (a NumPy structured array): which fields lie where. By name, since writers differ in
// order, packing and padding; pickled objects are refused.
import { SaccadeError } from '../errors.js'
import { isCount, NPY_MAGIC, parseNpyHeader } from './npy-header.js'
import type { PythonLiteral } from './python-literal.js'

const MAX_RECORD_BYTES = 65_536
const ALIGNMENT = 64

/** One number of a record. */
export interface RecordField {
  offset: number
  /** i, u, f or b (a byte). */
  kind: string
  bytes: number
  littleEndian: boolean
}

/** What the header of a record array says. */
export interface RecordLayout {
  fields: Map<string, RecordField>
  recordBytes: number
  count: number
  /** Offset of the first record in the file. */
  dataStart: number
}

/** Reads the header at the start of a file. Throws ERR_FORMAT or ERR_TRUNCATED. */
export function parseRecordLayout(head: Uint8Array, path: string): RecordLayout {
  const { descr, shape, dataStart } = parseNpyHeader(head, path)
  const [count] = shape
  if (shape.length !== 1 || count === undefined)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${path} is not one list of records: its shape has another number of axes`,
    )
  const record = recordsOf(descr)
  if (typeof record === 'string') throw new SaccadeError('ERR_FORMAT', `${path} ${record}`)
  return { ...record, count, dataStart }
}

/** Header of a packed or padded record array, version 1.0; room is left so that the count can be patched at the end. */
export function recordHeader(descr: readonly (readonly [string, string])[], count: number): Buffer {
  const list = descr.map(([name, type]) => `('${name}', '${type}')`).join(', ')
  const text = (n: number | string) =>
    `{'descr': [${list}], 'fortran_order': False, 'shape': (${n},), }`
  // 16 digits hold every count below 2^53.
  const longest = 10 + text('9'.repeat(16)).length + 1
  const bytes = Math.ceil(longest / ALIGNMENT) * ALIGNMENT
  const header = Buffer.alloc(bytes, ' ')
  Buffer.from(NPY_MAGIC).copy(header)
  header.writeUInt8(1, 6)
  header.writeUInt8(0, 7)
  header.writeUInt16LE(bytes - 10, 8)
  header.write(text(count), 10, 'latin1')
  header.write('\n', bytes - 1)
  return header
}

/** Reads a field of the record that begins at an offset; NaN for a 64-bit integer beyond 2^53. */
export type FieldReader = (view: DataView, record: number) => number

/** The reader of a field: it makes no objects, whatever the type. */
export function readerOf({ kind, bytes, littleEndian: le, offset }: RecordField): FieldReader {
  switch (`${kind}${bytes}`) {
    case 'i1':
      return (view, record) => view.getInt8(record + offset)
    case 'u1':
    case 'b1':
      return (view, record) => view.getUint8(record + offset)
    case 'i2':
      return (view, record) => view.getInt16(record + offset, le)
    case 'u2':
      return (view, record) => view.getUint16(record + offset, le)
    case 'i4':
      return (view, record) => view.getInt32(record + offset, le)
    case 'u4':
      return (view, record) => view.getUint32(record + offset, le)
    case 'f4':
      return (view, record) => view.getFloat32(record + offset, le)
    case 'f8':
      return (view, record) => view.getFloat64(record + offset, le)
    default: {
      const [low, high] = le ? [offset, offset + 4] : [offset + 4, offset]
      return kind === 'i'
        ? (view, record) =>
            whole(view.getInt32(record + high, le), view.getUint32(record + low, le))
        : (view, record) =>
            whole(view.getUint32(record + high, le), view.getUint32(record + low, le))
    }
  }
}

function whole(high: number, low: number): number {
  const value = high * 2 ** 32 + low
  return Number.isSafeInteger(value) ? value : Number.NaN
}

/** The layout of records with named fields, or why there is none. */
export function recordsOf(descr: PythonLiteral | undefined): Layout {
  if (Array.isArray(descr)) return layoutOfList(descr)
  if (descr instanceof Map) return layoutOfDict(descr)
  return typeof descr === 'string' && descr.includes('O')
    ? 'holds Python objects (a pickle), which are not loaded'
    : 'holds plain numbers, not records with named fields'
}

type Layout = Pick<RecordLayout, 'fields' | 'recordBytes'> | string

/** [('ts', '<u8'), ('x', '<f4'), ('', '|V4'), …]: each field follows the one before. */
function layoutOfList(descr: PythonLiteral[]): Layout {
  const fields = new Map<string, RecordField>()
  let offset = 0
  for (const entry of descr) {
    if (!Array.isArray(entry) || entry.length < 2) return 'has a field without name and type'
    const [title, type] = entry
    if (entry.length > 2) return 'has a field that is an array'
    const error = addField(fields, nameOf(title), type, offset)
    if (typeof error === 'string') return error
    offset += error
    if (offset > MAX_RECORD_BYTES) return 'has records that are too long'
  }
  return { fields, recordBytes: offset }
}

/** {'names': […], 'formats': […], 'offsets': […], 'itemsize': n} */
function layoutOfDict(descr: Map<string, PythonLiteral>): Layout {
  const [names, formats, offsets] = ['names', 'formats', 'offsets'].map((key) => descr.get(key))
  const recordBytes = descr.get('itemsize')
  if (!Array.isArray(names) || !Array.isArray(formats) || !Array.isArray(offsets))
    return 'has a record type without names, formats and offsets'
  if (!isCount(recordBytes) || recordBytes > MAX_RECORD_BYTES)
    return 'has records of no usable length'
  if (formats.length !== names.length || offsets.length !== names.length)
    return 'has names, formats and offsets of different numbers'
  const fields = new Map<string, RecordField>()
  for (const [i, name] of names.entries()) {
    const offset = offsets[i]
    if (!isCount(offset)) return 'has a field without an offset'
    const bytes = addField(fields, nameOf(name), formats[i], offset)
    if (typeof bytes === 'string') return bytes
    if (offset + bytes > recordBytes) return 'has a field that ends beyond its record'
  }
  return { fields, recordBytes }
}

/** Adds a field that can be read as a number and returns its length, or why it cannot be. */
function addField(
  fields: Map<string, RecordField>,
  name: string | undefined,
  type: PythonLiteral | undefined,
  offset: number,
): number | string {
  const match = typeof type === 'string' ? /^([<>|=]?)([a-zA-Z])(\d{1,5})$/.exec(type) : null
  if (name === undefined || match === null) return 'has a field of a type that is not known'
  const [, order, kind, digits] = match
  // U counts characters of four bytes.
  const bytes = Number(digits) * (kind === 'U' ? 4 : 1)
  if (kind === 'O') return 'holds Python objects (a pickle), which are not loaded'
  if (isNumber(kind!, bytes) && name !== '')
    fields.set(name, { offset, kind: kind!, bytes, littleEndian: order !== '>' })
  return bytes
}

function isNumber(kind: string, bytes: number): boolean {
  if (kind === 'i' || kind === 'u') return [1, 2, 4, 8].includes(bytes)
  return kind === 'f' ? bytes === 4 || bytes === 8 : kind === 'b' && bytes === 1
}

/** The type of plain numbers, e.g. "<f8"; undefined when it is none. */
export function numberOf(descr: PythonLiteral | undefined): RecordField | undefined {
  const [, order, kind, bytes] =
    (typeof descr === 'string' && /^([<>|=]?)([a-z])(\d)$/.exec(descr)) || []
  if (kind === undefined || !isNumber(kind, Number(bytes))) return undefined
  return { offset: 0, kind, bytes: Number(bytes), littleEndian: order !== '>' }
}

/** A name, or the name of a (title, name) pair. */
function nameOf(value: PythonLiteral | undefined): string | undefined {
  const name = Array.isArray(value) ? value[1] : value
  return typeof name === 'string' ? name : undefined
}
