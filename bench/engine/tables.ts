// The engine's results as tables for people and for docs/performance.md.
import type { MarkdownTable } from '../markdown.js'
import { type Comparison, OURS, type Tried, unsteady } from './compare.js'
import type { CallCost, Growth, RateGrowth } from './growth.js'
import type { ReplayMemory } from './memory.js'

/** One table per network: a row per input and number of threads. Nothing where nothing was measured. */
export function comparisonTable(comparisons: readonly Comparison[]): MarkdownTable[] {
  const [first] = comparisons
  if (first === undefined) return []
  const rivals = [
    ...new Set(
      comparisons.flatMap(({ standings }) => standings.map(({ contestant }) => contestant)),
    ),
  ]
  const { s8, s16, f32 } = first.weights
  const unfit = unsteady(comparisons)
  const kinds = [
    `${s8} s8`,
    ...(s16 > 0 ? [`${s16} s16`] : []),
    ...(f32 > 0 ? [`${f32} depthwise on f32`] : []),
  ]
  return [
    {
      name: `engine ${first.network}`,
      network: first.identity,
      ...(unfit !== undefined && { unfit }),
      about: `**${first.network}**: ${first.title}; ${(first.macs / 1e9).toFixed(3)} GMAC per window, convolutions ${kinds.join(', ')}; exact: ${first.exact}; ${first.isa}. ms are medians, x is the median of the rounds' ratios to ${OURS}.`,
      columns: [
        'input',
        'density (layers)',
        'threads',
        ...rivals.flatMap((name) => (name === OURS ? [`${name} ms`] : [`${name} ms`, 'x'])),
      ],
      rows: comparisons.map(({ input, density, threads, standings }) => [
        input,
        `${percent(density.mean)} (${percent(density.least)}–${percent(density.most)})`,
        String(threads),
        ...rivals.flatMap((name) => {
          const standing = standings.find(({ contestant }) => contestant === name)
          const cells = standing
            ? [figure(standing.medianMs), `${standing.ratio.toFixed(2)}`]
            : ['–', '–']
          return name === OURS ? cells.slice(0, 1) : cells
        }),
      ]),
      notes: [
        ...speedUps(comparisons),
        ...uniqueThreads(comparisons).map(
          ([threads, tried]) =>
            `Forms of the rivals, ${threads} thread${threads > 1 ? 's' : ''}: ${tried.map(triedWords).join('; ')}.`,
        ),
      ],
    },
  ]
}

/** Two threads against one. */
function speedUps(comparisons: readonly Comparison[]): string[] {
  const words = comparisons
    .filter(({ threads }) => threads === 1)
    .flatMap((one) => {
      const two = comparisons.find(({ input, threads }) => threads === 2 && input === one.input)
      if (two === undefined) return []
      const parts = one.standings.flatMap(({ contestant, medianMs }) => {
        const other = two.standings.find((standing) => standing.contestant === contestant)
        return other ? [`${contestant} ${(medianMs / other.medianMs).toFixed(2)}`] : []
      })
      return [`${one.input}: ${parts.join(', ')}`]
    })
  return words.length > 0 ? [`Two threads over one, separate processes: ${words.join('; ')}.`] : []
}

function uniqueThreads(comparisons: readonly Comparison[]): [number, Tried[]][] {
  return [...new Map(comparisons.map(({ threads, tried }) => [threads, tried]))]
}

function triedWords({ rival, form, medianMs, apart, chosen }: Tried): string {
  const agreement =
    apart === undefined
      ? ''
      : apart.different === 0
        ? ', heads equal'
        : `, ${apart.different} of ${apart.values} head values differ, by ${apart.largest.toPrecision(2)} at most`
  return `${rival} ${form} ${figure(medianMs)} ms${agreement}${chosen ? ' (taken)' : ''}`
}

/** ms per window by density; `network` is the default model's identity. */
export function growthTable(rows: readonly Growth[], network: string): MarkdownTable {
  return {
    name: 'engine growth',
    network,
    about:
      'Growth with density: the layers of the default model, biases moved until every layer fires alike.',
    columns: ['density asked', 'density', 'threads', 'ms'],
    rows: rows.map(({ wanted, density, threads, medianMs }) => [
      percent(wanted),
      percent(density),
      String(threads),
      figure(medianMs),
    ]),
  }
}

/** ms per window by event rate. */
export function rateTable(rows: readonly RateGrowth[], network: string): MarkdownTable {
  return {
    name: 'engine rates',
    network,
    about:
      "Growth with the event rate (behind the model's filter): the default model on windows of the recording, events taken out at random or windows laid over each other.",
    columns: ['Mev/s', 'density', 'threads', 'ms'],
    rows: rows.map(({ rate, density, threads, medianMs }) => [
      figure(rate),
      percent(density),
      String(threads),
      figure(medianMs),
    ]),
  }
}

/** What is not the kernels'. */
export function callTable(
  { backToBackUs, parkedUs }: CallCost,
  { recording, windows, peakMb }: ReplayMemory,
  network: string,
): MarkdownTable {
  return {
    name: 'engine calls',
    network,
    about: 'Beside the kernels.',
    columns: ['what', 'found'],
    rows: [
      ['JS call to promise, back to back', `${backToBackUs.toFixed(0)} µs`],
      ['JS call to promise, after 20 ms (parked)', `${parkedUs.toFixed(0)} µs`],
      [
        `replay of ${recording} (${windows} windows), peak resident memory`,
        `${peakMb.toFixed(0)} MB`,
      ],
    ],
  }
}

function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`
}

/** Three significant digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
