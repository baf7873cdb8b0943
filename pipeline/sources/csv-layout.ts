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

/** The layout of a file by its first bytes; undefined when they are no lines of events. */
export function csvLayoutOf(head: Uint8Array): CsvLayout | undefined {
  const text = Buffer.from(head).toString('latin1')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what text does not hold
  if (/[\x00-\x08\x0e-\x1f]/.test(text)) return undefined
  let geometry: Geometry | undefined
  let dataStart = 0
  let names: readonly string[] | undefined
  for (;;) {
    const end = text.indexOf('\n', dataStart)
    const line = text.slice(dataStart, end < 0 ? undefined : end).trim()
    if (NUMBER.test(fieldsOf(line)[0]!)) break
    if (end < 0) return undefined
    const size = /geometry\W+(\d+)\D(\d+)/i.exec(line)
    if (size) geometry = { width: Number(size[1]), height: Number(size[2]) }
    else if (line !== '' && !/^[#%]\s*$/.test(line)) names = fieldsOf(line.replace(/^[#%]\s*/, ''))
    dataStart = end + 1
  }
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
