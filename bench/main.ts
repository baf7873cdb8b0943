// npm run bench -- [NAME…] [--json]: runs the named benchmarks, by default all. A number without its machine is none, so
// the machine, the date and the instruction set come first.
import { cpus } from 'node:os'
import type { Benchmark, Measurement } from './bench.js'
import { engineBenchmark } from './engine.js'
import { eventsBenchmark } from './events.js'
import { pipelineBenchmark } from './pipeline.js'

/** A new benchmark is one file and one line here. */
const BENCHMARKS: readonly Benchmark[] = [pipelineBenchmark, eventsBenchmark, engineBenchmark]

interface Report {
  machine: string
  node: string
  date: string
  results: Record<string, Measurement[]>
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const json = args.includes('--json')
  const names = args.filter((arg) => !arg.startsWith('--'))
  const unknown = names.find((name) => !BENCHMARKS.some((bench) => bench.name === name))
  if (unknown !== undefined) {
    const list = BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')
    process.stderr.write(`bench: there is no benchmark "${unknown}"\n${list}\n`)
    return 2
  }
  const report: Report = {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} processors`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    results: {},
  }
  if (!json) process.stdout.write(`${report.machine}, Node ${report.node}, ${report.date}\n`)
  for (const bench of BENCHMARKS) {
    if (names.length > 0 && !names.includes(bench.name)) continue
    report.results[bench.name] = await bench.run()
    if (!json) process.stdout.write(table(bench, report.results[bench.name]!))
  }
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  return 0
}

function table(bench: Benchmark, rows: readonly Measurement[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.map(
    ({ name, value, unit, note }) =>
      `  ${name.padEnd(width)}  ${figure(value).padStart(9)} ${unit.padEnd(6)} ${note ?? ''}`,
  )
  return `\n${bench.name}: ${bench.about}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** Three significant digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
