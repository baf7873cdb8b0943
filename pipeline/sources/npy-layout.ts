// How the events of a NumPy array lie: records with named fields, or plain numbers in four columns whose meaning is guessed.
import { COLUMNS, type Column, columnNamed, orderOf } from './event-columns.js'
import type { NpyHeader } from './npy-header.js'
import { numberOf, type RecordField, readerOf, recordsOf } from './npy-records.js'

const SAMPLED_ROWS = 200
/** Seconds of the year 2286: what is larger and has fractions is µs. */
const MOST_SECONDS = 1e10

/** Where an event's numbers are in bytes that begin at the array's first. */
export interface ArrayLayout {
  count: number
  /** Bytes from an event to the next; in columns those of one number. */
  stride: number
  /** Bytes of the whole array. */
  bytes: number
  /** The fields; in columns, offsets are those of the columns' first numbers. */
  fields: Readonly<Record<Column, RecordField>>
  /** Each column lies by itself. */
  inColumns: boolean
  /** False when names said what the columns are. */
  guessed: boolean
  /** The columns in their order, for people. */
  order: string
}

/** The layout of an array without a look at its numbers: `fields` gives the columns of plain numbers by their places. */
type Shape = Omit<ArrayLayout, 'fields' | 'order'> & { columns: readonly RecordField[] }

/** Reads numbers at a place in the array; undefined beyond what is known of it. */
export type Sampler = (field: RecordField, at: number) => number | undefined

/** The layout of an array, by its header and a look at its first events; a sentence's end for what holds no events. */
export function arrayLayout(header: NpyHeader, sample: Sampler): ArrayLayout | string {
  if (Array.isArray(header.descr) || header.descr instanceof Map) return namedLayout(header)
  const shape = plainShape(header)
  if (typeof shape === 'string') return shape
  const { columns, ...rest } = shape
  const rows = Array.from({ length: Math.min(shape.count, SAMPLED_ROWS) }, (_, i) =>
    columns.map((field) => sample(field, i * shape.stride)),
  ).filter((row): row is number[] => !row.includes(undefined))
  if (rows.length === 0) return 'holds no whole event'
  const order = orderOf(rows)
  if (order === undefined) return 'has columns of which one cannot tell what they are'
  const fields = Object.fromEntries(order.map((column, i) => [column, columns[i]!]))
  return { ...rest, fields: fields as ArrayLayout['fields'], order: order.join(' ') }
}

function namedLayout({ descr, shape }: NpyHeader): ArrayLayout | string {
  const records = recordsOf(descr)
  if (typeof records === 'string') return records
  const [count] = shape
  if (shape.length !== 1 || count === undefined)
    return 'is not one list of records: its shape has another number of axes'
  const found = [...records.fields].flatMap(([name, field]) => {
    const column = columnNamed(name)
    return column === undefined ? [] : [[column, field] as const]
  })
  for (const column of COLUMNS) {
    const named = found.filter(([name]) => name === column).length
    if (named !== 1) return `has ${named === 0 ? 'no field' : 'several fields'} for ${column}`
  }
  return {
    count,
    stride: records.recordBytes,
    bytes: count * records.recordBytes,
    fields: Object.fromEntries(found) as ArrayLayout['fields'],
    inColumns: false,
    guessed: false,
    order: found.map(([column]) => column).join(' '),
  }
}

/** N x 4 or 4 x N plain numbers, in either order of their axes. */
function plainShape({ descr, shape, fortran }: NpyHeader): Shape | string {
  const number = numberOf(descr)
  if (number === undefined)
    return typeof descr === 'string' && descr.includes('O')
      ? 'holds Python objects (a pickle), which are not loaded'
      : 'holds numbers of a type that is not known'
  const [rows, columns] = shape
  if (shape.length !== 2 || rows === undefined || (columns !== 4 && rows !== 4))
    return 'is no table of four columns'
  const across = columns !== 4
  const count = across ? columns! : rows
  const inColumns = across !== fortran
  const step = inColumns ? count * number.bytes : number.bytes
  const stride = inColumns ? number.bytes : 4 * number.bytes
  return {
    count,
    stride,
    bytes: 4 * count * number.bytes,
    inColumns,
    guessed: true,
    columns: [0, 1, 2, 3].map((i) => ({ ...number, offset: i * step })),
  }
}

/** True for plain numbers of which each column lies by itself. */
export function isInColumns(header: NpyHeader): boolean {
  const shape = plainShape(header)
  return typeof shape === 'object' && shape.inColumns
}

/** True when stamps of floating-point numbers are seconds: those of a µs clock have no fractions. */
export function inSeconds({ kind }: RecordField, stamps: readonly number[]): boolean {
  return (
    kind === 'f' &&
    stamps.some((stamp) => !Number.isInteger(stamp)) &&
    stamps.every((stamp) => stamp < MOST_SECONDS)
  )
}

/** Reads from bytes that begin at the array's first. */
export function samplerOf(bytes: Uint8Array): Sampler {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (field, at) =>
    at + field.offset + field.bytes <= bytes.length ? readerOf(field)(view, at) : undefined
}

/** The stamps of the first events, as far as they are known. */
export function firstStamps({ fields, count, stride }: ArrayLayout, sample: Sampler): number[] {
  return Array.from({ length: Math.min(count, SAMPLED_ROWS) }, (_, i) =>
    sample(fields.t, i * stride),
  ).filter((stamp) => stamp !== undefined)
}

/** For people, e.g. "columns t x y p (guessed), times in s". */
export function describeLayout({ order, guessed }: ArrayLayout, seconds: boolean): string {
  return `columns ${order}${guessed ? ' (guessed)' : ''}, times in ${seconds ? 's' : 'µs'}`
}
