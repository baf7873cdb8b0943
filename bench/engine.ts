// The engine against what a user could pick instead, and how its time grows. Each thread count has a process of its own, in
// which all contestants take turns (engine/compare.ts).
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Model } from '../pipeline/detect/model.js'
import type { Benchmark, BenchOptions, BenchResult, Measurement } from './bench.js'
import { type Comparison, OURS } from './engine/compare.js'
import type { CallCost, Growth, RateGrowth } from './engine/growth.js'
import type { ReplayMemory } from './engine/memory.js'
import { identityOf, NETWORKS } from './engine/networks.js'
import { callTable, comparisonTable, growthTable, rateTable } from './engine/tables.js'
import type { WorkerSettings } from './engine/worker.js'

/** Seconds of rounds per network and input, and most windows of an input. */
const EFFORT = { quick: { seconds: 0.7, windows: 4 }, whole: { seconds: 5, windows: 8 } }
/** Names for `--only` beside those of the networks. */
const PARTS = ['growth', 'rates', 'calls'] as const

/** `npm run bench -- engine [--quick] [--only NAME,…]` */
export const engineBenchmark: Benchmark = {
  name: 'engine',
  about: 'the engine against onnxruntime, by network, input and threads; growth; calls; memory',
  run: benchEngine,
}

async function benchEngine({ quick, only }: BenchOptions): Promise<BenchResult> {
  const known = [...NETWORKS.map(({ name }) => name), ...PARTS]
  const unknown = only.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new Error(`engine has no part "${unknown}"; there are ${known.join(', ')}`)
  const wants = (name: string) => only.length === 0 || only.includes(name)
  const networks = NETWORKS.filter(({ name, quick: fast }) =>
    only.length > 0 ? only.includes(name) : fast || !quick,
  ).map(({ name }) => name)
  const settings = { networks, ...(quick ? EFFORT.quick : EFFORT.whole) }
  const threads = availableParallelism() > 1 ? [1, 2] : [1]
  const each = async <T>(task: string) => {
    const results: T[] = []
    for (const count of threads) results.push(...(await inProcess<T>(task, count, settings)))
    return results
  }
  const comparisons = networks.length > 0 ? await each<Comparison>('compare') : []
  const growth =
    wants('growth') && !(quick && only.length === 0) ? await each<Growth>('growth') : []
  const rates = wants('rates') ? await each<RateGrowth>('rates') : []
  const [calls] = wants('calls') ? await inProcess<CallCost>('calls', 1, settings) : []
  const [memory] = wants('calls') ? await inProcess<ReplayMemory>('memory', 1, settings) : []
  const { name, plan } = await Model.load()
  const model = identityOf(name, plan)
  return {
    measurements: [...comparisons.flatMap(measurementsOf), ...callMeasurements(calls, memory)],
    tables: [
      ...networks.flatMap((name) =>
        comparisonTable(comparisons.filter(({ network }) => network === name)),
      ),
      ...(growth.length > 0 ? [growthTable(growth, model)] : []),
      ...(rates.length > 0 ? [rateTable(rates, model)] : []),
      ...(calls && memory ? [callTable(calls, memory, model)] : []),
    ],
    detail: { comparisons, growth, rates, calls, memory },
  }
}

/** Runs a task in a fresh process and gathers what it tells. */
function inProcess<T>(task: string, threads: number, settings: WorkerSettings): Promise<T[]> {
  const worker = fileURLToPath(new URL('engine/worker.js', import.meta.url))
  const child = fork(worker, [task, String(threads), JSON.stringify(settings)], {
    serialization: 'advanced',
  })
  const results: T[] = []
  child.on('message', (result) => results.push(result as T))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(results)
      else
        reject(
          new Error(`the process of ${task} with ${threads} threads ended with ${signal ?? code}`),
        )
    })
  })
}

function measurementsOf({ network, input, threads, standings }: Comparison): Measurement[] {
  return standings.map(({ contestant, medianMs, ratio }) => ({
    name: `${network}, ${input} x ${threads}: ${contestant}`,
    value: medianMs,
    unit: 'ms',
    ...(contestant !== OURS && { note: `${ratio.toFixed(2)} times as long as ${OURS}` }),
  }))
}

function callMeasurements(calls?: CallCost, memory?: ReplayMemory): Measurement[] {
  return [
    ...(calls
      ? [
          {
            name: 'call beside the kernels',
            value: calls.backToBackUs,
            unit: 'us',
            note: 'back to back',
          },
          {
            name: 'call after 20 ms',
            value: calls.parkedUs,
            unit: 'us',
            note: 'the thread was parked',
          },
        ]
      : []),
    ...(memory ? [{ name: 'replay, peak memory', value: memory.peakMb, unit: 'MB' }] : []),
  ]
}
