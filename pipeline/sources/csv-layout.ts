// What the columns of a text file of events mean: said by a line of names, else guessed from the first lines.
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import { COLUMNS, type Column, columnNamed, orderOf } from './event-columns.js'

const SAMPLED_LINES = 200
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** How a line is to be read. */
export interface CsvLayout {
  /** What the columns hold; undefined for those that are passed over. */
  columns: readonly (Column | undefined)[]
  /** Byte between fields; a space stands for any number of spaces and tabs. */
  separator: number
  /** Times are decimal seconds, else whole µs. */
  seconds: boolean
  /** False when a line of names said what the columns are. */
  guessed: boolean
  geometry: Geometry | undefined
  /** Offset of the first line of numbers. */
  dataStart: number
}

/** The lines before the first one of numbers. */
interface CsvHead {
  names?: readonly string[]
  geometry?: Geometry
  /** Offset behind them. */
  end: number
}

/** True when the bytes name the columns of events and end there. */
export function namesColumnsOnly(head: Uint8Array): boolean {
  const text = textOf(head)
  const { names, end } = headOf(text ?? '')
  return end === text?.length && names !== undefined && columnsOf(names) !== undefined
}

/** The layout of a file by its first bytes; undefined when they are no lines of events. */
export function csvLayoutOf(head: Uint8Array): CsvLayout | undefined {
  const text = textOf(head)
  if (text === undefined) return undefined
  const { names, geometry, end: dataStart } = headOf(text)
  if (dataStart === text.length) return undefined
  if (geometry !== undefined && !isGeometry(geometry)) return undefined
  const lines = text.slice(dataStart).split('\n', SAMPLED_LINES + 1)
  // The last may be cut, but one alone is all there is.
  if (lines.length > 1) lines.pop()
  const rows = lines.map((line) => fieldsOf(line.trim())).filter(([first]) => first !== '')
  const named = names && columnsOf(names)
  const columns = named ?? guess(rows)
  if (columns === undefined) return undefined
  const at = columns.indexOf('t')
  return {
    columns,
    separator: separatorOf(lines[0]!.trim()).charCodeAt(0),
    seconds: rows.some((row) => /[.e]/i.test(row[at] ?? '')),
    guessed: named === undefined,
    geometry,
    dataStart,
  }
}

/** One line for people, e.g. "CSV, columns t x y p (guessed), times in s". */
export function describe({ columns, guessed, seconds }: CsvLayout): string {
  const list = columns.map((column) => column ?? '-').join(' ')
  return `CSV, columns ${list}${guessed ? ' (guessed)' : ''}, times in ${seconds ? 's' : 'µs'}`
}

/** Undefined for bytes that are no text. */
function textOf(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what text does not hold
  return /[\x00-\x08\x0e-\x1f]/.test(text) ? undefined : text
}

function headOf(text: string): CsvHead {
  const head: CsvHead = { end: 0 }
  while (head.end < text.length) {
    const newline = text.indexOf('\n', head.end)
    const next = newline < 0 ? text.length : newline + 1
    const line = text.slice(head.end, next).trim()
    if (NUMBER.test(fieldsOf(line)[0]!)) break
    const size = /geometry\W+(\d+)\D(\d+)/i.exec(line)
    if (size) head.geometry = { width: Number(size[1]), height: Number(size[2]) }
    else if (line !== '' && !/^[#%]\s*$/.test(line))
      head.names = fieldsOf(line.replace(/^[#%]\s*/, ''))
    head.end = next
  }
  return head
}

function separatorOf(line: string): string {
  return [',', ';'].find((separator) => line.includes(separator)) ?? ' '
}

function fieldsOf(line: string): string[] {
  const separator = separatorOf(line)
  return line.split(separator === ' ' ? /[ \t]+/ : separator).map((field) => field.trim())
}

function columnsOf(names: readonly string[]): (Column | undefined)[] | undefined {
  const columns = names.map((name) => columnNamed(name.replace(/["']/g, '')))
  const each = COLUMNS.every(
    (column) =>
      columns.indexOf(column) >= 0 && columns.indexOf(column) === columns.lastIndexOf(column),
  )
  return each ? columns : undefined
}

function guess(rows: readonly string[][]): readonly Column[] | undefined {
  if (!rows.every((row) => row.length === 4 && row.every((field) => NUMBER.test(field))))
    return undefined
  return orderOf(rows.map((row) => row.map(Number)))
}
