// Inner loops of the ARM kernels by llvm-mca, which models a processor's pipes: what a loop can do at best, without the
// processor. Needs aarch64-linux-gnu-g++ and llvm-mca (Debian: g++-aarch64-linux-gnu, llvm).
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Measurement } from './bench.js'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const ITERATIONS = 200

/** Kernels and the models of processors that run them. The tuples are template arguments: pixels and vectors, or reach and sums. */
const LOOPS = [
  {
    name: 'dense, SDOT',
    unit: 'conv.dotprod',
    march: 'armv8.2-a+dotprod',
    kernel: 'SumTile<Dotprod, 6, 2, false, true>',
    cpus: ['neoverse-n1'],
  },
  {
    name: 'dense, SMLAL',
    unit: 'conv.neon',
    march: 'armv8-a',
    kernel: 'SumTile<Neon, 6, 2, false, true>',
    cpus: ['cortex-a57', 'cortex-a72', 'neoverse-n1'],
  },
  {
    name: 'lists, SMLAL, 3x3',
    unit: 'sparse.neon',
    march: 'armv8-a',
    kernel: 'SumSparse<Neon, false, 3, 8>',
    cpus: ['cortex-a57', 'cortex-a72', 'neoverse-n1'],
  },
]

/** `npm run bench -- mca` */
export const mcaBenchmark: Benchmark = {
  name: 'mca',
  about: 'inner loops of the ARM kernels by llvm-mca, MAC per cycle',
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'saccade-bench-'))
    try {
      return { measurements: LOOPS.flatMap((loop) => measured(loop, folder)) }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function measured(
  { name, unit, march, kernel, cpus }: (typeof LOOPS)[number],
  folder: string,
): Measurement[] {
  const assembly = join(folder, `${unit}.s`)
  run('aarch64-linux-gnu-g++', [
    ...['-std=c++20', '-O3', '-ffp-contract=off', '-fno-exceptions', `-march=${march}`],
    ...[
      '-I',
      join(ROOT, 'native'),
      '-S',
      join(ROOT, 'native/kernels', `${unit}.cc`),
      '-o',
      assembly,
    ],
  ])
  const { body, macs } = longestLoop(readFileSync(assembly, 'utf8').split('\n'), kernel)
  return cpus.map((cpu) => {
    const args = [
      '-mtriple=aarch64',
      `-mcpu=${cpu}`,
      '-mattr=+dotprod',
      `-iterations=${ITERATIONS}`,
    ]
    const cycles = Number(/Total Cycles:\s+(\d+)/.exec(run('llvm-mca', args, body.join('\n')))![1])
    const note = `${macs} MAC in ${body.length} instructions`
    return { name: `${name}, ${cpu}`, value: (macs * ITERATIONS) / cycles, unit: 'MAC/cycle', note }
  })
}

/** The innermost loop of a function that multiplies most. */
function longestLoop(lines: readonly string[], kernel: string): { body: string[]; macs: number } {
  const symbols = lines.filter((line) => /^_Z.*:$/.test(line))
  const names = run('c++filt', [], symbols.map((line) => line.slice(0, -1)).join('\n'))
    .replaceAll('saccade::kernels::(anonymous namespace)::', '')
    .split('\n')
  const from = lines.indexOf(symbols[names.findIndex((name) => name.includes(kernel))]!)
  const labels = new Map<string, number>()
  let best: { body: string[]; macs: number } | undefined
  for (let i = from + 1; i < lines.length && !lines[i]!.startsWith('\t.size'); i++) {
    const label = /^(\.L\d+):/.exec(lines[i]!)
    if (label) labels.set(label[1]!, i)
    const target = /^\t(?:b\w*|cbn?z\s+\w+,)\s+(\.L\d+)/.exec(lines[i]!)?.[1]
    const begin = target === undefined ? undefined : labels.get(target)
    if (begin === undefined) continue
    const body = lines.slice(begin + 1, i + 1)
    const macs = body.reduce((sum, instruction) => sum + macsOf(instruction), 0)
    const innermost = !body.some((one) => /^\.L\d+:/.test(one))
    if (innermost && macs > (best?.macs ?? 0)) best = { body, macs }
  }
  if (!best) throw new Error(`there is no loop in ${kernel}`)
  return best
}

/** SDOT sums four products into each of four lanes, SMLAL one into each. */
function macsOf(instruction: string): number {
  const match = /^\t(sdot|smlal2?)\s+v\d+\.(4s|8h)/.exec(instruction)
  if (!match) return 0
  if (match[1] === 'sdot') return 16
  return match[2] === '8h' ? 8 : 4
}

function run(tool: string, args: string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(tool, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`${tool} is needed: ${stderr || error}`)
  return stdout
}
