// npm run bench -- [NAME…] [--json] [--markdown FILE] [--quick] [--only PART,…]: runs the named benchmarks, by default all.
// A number without its machine is none, so the machine, the date and the instruction set come first.
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { writeWhole } from '../models/compile/spike-file.js'
import { kernelInfo } from '../pipeline/detect/native.js'
import type { Benchmark, BenchResult, Measurement } from './bench.js'
import { decodeBenchmark } from './decode.js'
import { engineBenchmark } from './engine.js'
import { eventsBenchmark } from './events.js'
import { isaBenchmark } from './isa.js'
import { kernelsBenchmark } from './kernels.js'
import { type MarkdownTable, markdownTable, replaceBlock } from './markdown.js'
import { mcaBenchmark } from './mca.js'
import { pipelineBenchmark } from './pipeline.js'
import { reuseBenchmark } from './reuse.js'
import { trackBenchmark } from './track.js'

/** A new benchmark is one file and one line here. */
const BENCHMARKS: readonly Benchmark[] = [
  pipelineBenchmark,
  eventsBenchmark,
  decodeBenchmark,
  isaBenchmark,
  kernelsBenchmark,
  mcaBenchmark,
  reuseBenchmark,
  engineBenchmark,
  trackBenchmark,
]

/** What was measured, on what. */
interface Report {
  machine: string
  isa: string
  node: string
  date: string
  results: Record<string, Omit<BenchResult, 'tables'>>
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const { values, positionals: names } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      only: { type: 'string', default: '' },
    },
  })
  const unknown = names.find((name) => !BENCHMARKS.some((bench) => bench.name === name))
  if (unknown !== undefined) {
    const list = BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')
    process.stderr.write(`bench: there is no benchmark "${unknown}"\n${list}\n`)
    return 2
  }
  const { json, quick, markdown } = values
  const only = values.only.split(',').filter((part) => part !== '')
  const report: Report = {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} processors`,
    isa: kernelInfo().isa,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    results: {},
  }
  const where = `${report.machine}, ${report.isa}, Node ${report.node}, ${report.date}`
  if (!json) process.stdout.write(`${where}\n`)
  let unfit = 0
  for (const bench of BENCHMARKS) {
    if (names.length > 0 && !names.includes(bench.name)) continue
    let result: BenchResult
    try {
      result = await bench.run({ quick, only })
    } catch (error) {
      process.stderr.write(`bench: ${bench.name}: ${(error as Error).message}\n`)
      if (names.length > 0) return 1
      continue
    }
    const { tables = [], ...found } = result
    report.results[bench.name] = found
    if (!json) process.stdout.write(text(bench, found.measurements, tables))
    if (markdown !== undefined) unfit += await writeTables(markdown, tables, where)
  }
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  return unfit > 0 ? 1 : 0
}

/** Puts each table into its block of the document, but for those that are unfit: their number. */
async function writeTables(path: string, tables: readonly MarkdownTable[], where: string) {
  let document = await readFile(path, 'utf8')
  const fit = tables.filter(({ unfit }) => unfit === undefined)
  for (const table of fit) {
    const last = table.network === undefined ? `${where}.` : `${table.network}; ${where}.`
    const notes = [...(table.notes ?? []), last]
    document = replaceBlock(document, table.name, markdownTable({ ...table, notes }))
  }
  await writeWhole(path, Buffer.from(document))
  for (const { name, unfit } of tables)
    if (unfit !== undefined)
      process.stderr.write(`bench: the block "${name}" of ${path} stays as it is: ${unfit}\n`)
  return tables.length - fit.length
}

function text(
  { name, about }: Benchmark,
  rows: readonly Measurement[],
  tables: readonly MarkdownTable[],
): string {
  const whole = (table: MarkdownTable) =>
    markdownTable({
      ...table,
      notes: [...(table.notes ?? []), ...(table.network ? [`${table.network}.`] : [])],
    })
  if (tables.length > 0) return `\n${name}: ${about}\n\n${tables.map(whole).join('\n\n')}\n`
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.map(
    ({ name, value, unit, note }) =>
      `  ${name.padEnd(width)}  ${figure(value).padStart(9)} ${unit.padEnd(6)} ${note ?? ''}`,
  )
  return `\n${name}: ${about}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** Three significant digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
