// Tables of measurements in a document, each between two marks, so that a command can write them again in place.

/** A table and what stands around it. */
export interface MarkdownTable {
  /** Name of its block, e.g. "engine car". */
  name: string
  /** A sentence or two above it. */
  about: string
  columns: readonly string[]
  rows: readonly (readonly string[])[]
  /** Sentences below it. */
  notes?: readonly string[]
  /** Which network it is of: name, digest, multiplications. */
  network?: string
  /** Why it must not go into a document, as a sentence. */
  unfit?: string
}

/** The table as text; columns whose cells all begin with a digit are set to the right. */
export function markdownTable({ about, columns, rows, notes = [] }: MarkdownTable): string {
  const widths = columns.map((column, i) =>
    Math.max(3, column.length, ...rows.map((row) => row[i]!.length)),
  )
  const right = columns.map((_, i) => rows.every((row) => /^[-–\d]/.test(row[i]!)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (right[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`
  const below = notes.map((note) => `- ${note}`)
  return [
    about,
    '',
    line(columns),
    rule,
    ...rows.map(line),
    ...(below.length > 0 ? ['', ...below] : []),
  ].join('\n')
}

/**
 * The document with `body` between the marks of the block `name`; where it has none yet, the block goes before the mark
 * `<!-- bench: end -->`.
 * @throws Error when there is neither
 */
export function replaceBlock(document: string, name: string, body: string): string {
  const begin = `<!-- bench ${name}: written by npm run bench -->`
  const end = `<!-- bench ${name}: end -->`
  const block = `${begin}\n\n${body}\n\n${end}`
  const from = document.indexOf(begin)
  const to = document.indexOf(end, from)
  if (from >= 0 && to >= 0) return document.slice(0, from) + block + document.slice(to + end.length)
  const last = document.indexOf(LAST)
  if (from >= 0 || last < 0)
    throw new Error(`the document has no whole block "${name}", and no ${LAST} to put it before`)
  return `${document.slice(0, last)}${block}\n\n${document.slice(last)}`
}

const LAST = '<!-- bench: end -->'
