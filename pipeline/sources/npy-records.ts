// The header of a .npy file of records (a NumPy structured array): which fields lie where. By name, since writers differ in
// order, packing and padding; pickled objects are refused.
import { SaccadeError } from '../errors.js'
import { type PythonLiteral, parsePythonLiteral } from './python-literal.js'

/** Headers in use have some 250 bytes. */
export const MAX_NPY_HEADER = 65_536
const MAX_RECORD_BYTES = 65_536
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
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
  const refuse = (why: string): never => {
    throw new SaccadeError('ERR_FORMAT', `${path} ${why}`)
  }
  const short = MAGIC.slice(0, head.length)
  if (!short.every((byte, i) => head[i] === byte))
    refuse('is no NumPy file: its first bytes differ')
  if (head.length < 12) throw truncated(path, head.length)
  const major = head[6]!
  if (major < 1 || major > 3) refuse(`is of NumPy format version ${major}; 1, 2 and 3 are known`)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const textStart = major === 1 ? 10 : 12
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_NPY_HEADER) refuse(`claims a header of ${length} bytes`)
  if (textStart + length > head.length) throw truncated(path, head.length)
  const text = Buffer.from(head.subarray(textStart, textStart + length)).toString('utf8')
  const header = parsePythonLiteral(text)
  if (!(header instanceof Map)) return refuse('has a header that is no NumPy dictionary')
  const shape = header.get('shape')
  if (!Array.isArray(shape) || shape.length !== 1 || !isCount(shape[0]))
    return refuse('is not one list of records: its shape has another number of axes')
  const record = layoutOf(header.get('descr'))
  if (typeof record === 'string') return refuse(record)
  return { ...record, count: shape[0], dataStart: textStart + length }
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
  Buffer.from(MAGIC).copy(header)
  header.writeUInt8(1, 6)
  header.writeUInt8(0, 7)
  header.writeUInt16LE(bytes - 10, 8)
  header.write(text(count), 10, 'latin1')
  header.write('\n', bytes - 1)
  return header
}

/** The number that a field holds in a record; NaN for a 64-bit integer beyond 2^53. */
export function fieldValue(view: DataView, record: number, field: RecordField): number {
  const at = record + field.offset
  const le = field.littleEndian
  switch (`${field.kind}${field.bytes}`) {
    case 'i1':
      return view.getInt8(at)
    case 'u1':
    case 'b1':
      return view.getUint8(at)
    case 'i2':
      return view.getInt16(at, le)
    case 'u2':
      return view.getUint16(at, le)
    case 'i4':
      return view.getInt32(at, le)
    case 'u4':
      return view.getUint32(at, le)
    case 'f4':
      return view.getFloat32(at, le)
    case 'f8':
      return view.getFloat64(at, le)
    default: {
      const value = Number(
        field.kind === 'i' ? view.getBigInt64(at, le) : view.getBigUint64(at, le),
      )
      return Number.isSafeInteger(value) ? value : Number.NaN
    }
  }
}

/** The records' layout, or why there is none. */
function layoutOf(descr: PythonLiteral | undefined) {
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
  const number =
    (/[iu]/.test(kind!) && [1, 2, 4, 8].includes(bytes)) ||
    (kind === 'f' && [4, 8].includes(bytes)) ||
    (kind === 'b' && bytes === 1)
  if (number && name !== '')
    fields.set(name, { offset, kind: kind!, bytes, littleEndian: order !== '>' })
  return bytes
}

/** A name, or the name of a (title, name) pair. */
function nameOf(value: PythonLiteral | undefined): string | undefined {
  const name = Array.isArray(value) ? value[1] : value
  return typeof name === 'string' ? name : undefined
}

function isCount(value: PythonLiteral | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function truncated(path: string, bytes: number): SaccadeError {
  return new SaccadeError(
    'ERR_TRUNCATED',
    `${path} ends inside its header, at byte ${bytes}`,
    'copy the file again',
  )
}
