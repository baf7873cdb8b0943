// Kernels alone, one convolution at a time (native/kernels.cc): how near the dense form comes to what the processor's dot
// product can do, and what walking lists is worth by density. In turns, in one process without JavaScript.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './bench.js'
import type { MarkdownTable } from './markdown.js'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Times in ns, medians. */
interface Timed {
  channels: number
  size: number
  kernel: number
  density: number
  macs: number
  /** MACs per ns of products and sums on registers; 0 where the program has no such loop. */
  peak: number
  dense: number
  lists: number
  chosen: number
}

/** `npm run bench -- kernels` */
export const kernelsBenchmark: Benchmark = {
  name: 'kernels',
  about: 'single convolutions: share of the dot-product peak, lists against dense by density',
  run: async ({ quick }) => {
    const folder = mkdtempSync(join(tmpdir(), 'saccade-bench-'))
    try {
      const program = build(folder)
      const timed: Timed[] = JSON.parse(
        execFileSync(program, [quick ? '11' : '61'], { encoding: 'utf8' }),
      )
      return { measurements: [], tables: [tableOf(timed)], detail: timed }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

/** Links the kernels that the addon was built from. */
function build(folder: string): string {
  const program = join(folder, 'kernels')
  const sources = readdirSync(join(ROOT, 'native/engine')).filter(
    (name) => name.endsWith('.cc') && name !== 'session.cc',
  )
  const built = join(ROOT, 'build/Release')
  const kernels = readdirSync(built).filter((name) => /^(lib)?kernels_\w+\.a$/.test(name))
  const run = spawnSync('g++', [
    ...['-std=c++20', '-O3', '-ffp-contract=off', '-fno-exceptions', '-w'],
    ...['-I', join(ROOT, 'native'), '-o', program, join(ROOT, 'bench/native/kernels.cc')],
    ...sources.map((name) => join(ROOT, 'native/engine', name)),
    join(ROOT, 'native/kernels/dispatch.cc'),
    ...kernels.map((name) => join(built, name)),
    '-lpthread',
  ])
  if (run.status !== 0) throw new Error(`g++ is needed: ${run.stderr ?? run.error}`)
  return program
}

function tableOf(timed: readonly Timed[]): MarkdownTable {
  const layers = new Map<string, Timed[]>()
  for (const one of timed) {
    const name = `${one.kernel}x${one.kernel}, C = ${one.channels}, ${one.size} x ${one.size}`
    layers.set(name, [...(layers.get(name) ?? []), one])
  }
  const densities = [...new Set(timed.map(({ density }) => density))]
  const percent = (part: number) => `${(100 * part).toFixed(0)} %`
  const rows = [...layers].map(([name, list]) => {
    const shares = list.map(({ macs, dense, peak }) => macs / dense / peak).sort((a, b) => a - b)
    const dense = list.map((one) => one.macs / one.dense).sort((a, b) => a - b)
    const middle = list.length >> 1
    return [
      name,
      dense[middle]!.toFixed(0),
      list[0]!.peak > 0 ? percent(shares[middle]!) : '-',
      ...list.map((one) => (one.dense / one.lists).toFixed(2)),
      ...[Math.min(...list.map((one) => Math.min(one.dense, one.lists) / one.chosen)).toFixed(2)],
    ]
  })
  const mean = densities.map((density) => {
    const ratios = timed.filter(
      (one) => one.density === density && one.kernel === 3 && one.channels >= 64,
    )
    return Math.exp(
      ratios.reduce((sum, one) => sum + Math.log(one.dense / one.lists), 0) / ratios.length,
    ).toFixed(2)
  })
  return {
    name: 'kernels',
    about:
      'One convolution C -> C with its neuron, s8, one thread, inputs random per value. Share: of ten chains of products and sums on registers in the same process. Lists: how many times as fast as dense, by density. Chosen: the worst of dispatch against the better form.',
    columns: [
      'layer',
      'dense MAC/ns',
      'share',
      ...densities.map((density) => `lists, ${percent(density)}`),
      'chosen',
    ],
    rows: [...rows, ['geometric mean, 3x3, C >= 64', '', '', ...mean, '']],
  }
}
