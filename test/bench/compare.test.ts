import test from 'ava'
import { type Comparison, inTurn, unsteady } from '../../bench/engine/compare.js'
import { comparisonTable } from '../../bench/engine/tables.js'
import type { Standing } from '../../bench/statistics.js'

const standing = (contestant: string, medianMs: number): Standing => ({
  contestant,
  medianMs,
  bestMs: medianMs,
  ratio: 1,
})

function comparison(input: Comparison['input'], threads: number, times: [number, number, number]) {
  const [ours, dense, rival] = times
  return {
    network: 'car',
    title: 'the default model',
    identity: 'car 0123456789ab, 0.424 GMAC',
    input,
    threads,
    windows: 8,
    rounds: 5,
    isa: 'avx2',
    exact: 'yes',
    weights: { s8: 27, s16: 0, f32: 0 },
    macs: 424e6,
    density: { mean: 0.1, least: 0, most: 0.3 },
    eventRate: 1,
    tried: [],
    standings: [
      standing('saccade', ours),
      standing('saccade dense', dense),
      standing('onnxruntime int8', rival),
    ],
  } satisfies Comparison
}

test('a table says of which network it is, and is fit while those who multiply everything take one time', (t) => {
  // The one that follows the density may differ as it will, and so may numbers of threads.
  const steady = [
    comparison('recording', 1, [2, 4, 8]),
    comparison('empty', 1, [0.4, 4.7, 8.1]),
    comparison('recording', 2, [1, 2, 4]),
  ]
  t.is(unsteady(steady), undefined)
  const [table] = comparisonTable(steady)
  t.is(table!.network, 'car 0123456789ab, 0.424 GMAC')
  t.false('unfit' in table!)
})

test('a table is unfit when a dense contestant took a fifth longer on one input than on another, and says which', (t) => {
  const [table] = comparisonTable([
    comparison('recording', 1, [2, 4, 8]),
    comparison('empty', 1, [0.4, 10.1, 14.4]),
    comparison('recording', 2, [1, 2, 4]),
    comparison('empty', 2, [1, 2.6, 4]),
  ])
  t.is(
    table!.unfit,
    'saccade dense multiplies everything on every input and took between 4.00 and 10.1 ms with 1 thread: the machine was not quiet',
  )
})

test('over the rounds each contestant follows more than one other, and each has its turn in each round', (t) => {
  const all = ['a', 'b', 'c', 'd']
  const before = new Map(all.map((name) => [name, new Set<string>()]))
  for (let round = 0; round < 8; round++) {
    const order = inTurn(all, round)
    t.deepEqual(order.toSorted(), all)
    for (let i = 1; i < order.length; i++) before.get(order[i]!)!.add(order[i - 1]!)
  }
  for (const names of before.values()) t.true(names.size > 1)
})
