// What the columns of a table of events mean, in text and in arrays of numbers: said by their names, else guessed from rows.

/** What a column holds. */
export type Column = 't' | 'x' | 'y' | 'p'

export const COLUMNS: readonly Column[] = ['t', 'x', 'y', 'p']

const NAMES: Readonly<Record<string, Column>> = {
  t: 't',
  ts: 't',
  time: 't',
  timestamp: 't',
  timestamps: 't',
  t_us: 't',
  x: 'x',
  y: 'y',
  p: 'p',
  pol: 'p',
  polarity: 'p',
  on: 'p',
}
/** Orders in use where no names stand: that of the RPG data sets, that of Prophesee's tools, and that of many arrays. */
const ORDERS: readonly (readonly Column[])[] = [
  ['t', 'x', 'y', 'p'],
  ['x', 'y', 'p', 't'],
  ['x', 'y', 't', 'p'],
]

/** What a column of this name holds; undefined for one that is passed over. */
export function columnNamed(name: string): Column | undefined {
  const key = name.toLowerCase()
  // The names are the file's, and "constructor" may be one.
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined
}

/** An order in which polarities are polarities, times do not fall and places are whole; undefined when there is none. */
export function orderOf(rows: readonly (readonly number[])[]): readonly Column[] | undefined {
  return ORDERS.find((order) => {
    const [t, x, y, p] = COLUMNS.map((column) => order.indexOf(column)) as [
      number,
      number,
      number,
      number,
    ]
    return rows.every(
      (row, i) =>
        [-1, 0, 1].includes(row[p]!) &&
        Number.isInteger(row[x]) &&
        Number.isInteger(row[y]) &&
        (i === 0 || row[t]! >= rows[i - 1]![t]!),
    )
  })
}
