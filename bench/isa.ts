// One window of the default model through the native engine, per instruction set and number of threads.
import { availableParallelism } from 'node:os'
import { Model } from '../pipeline/detect/model.js'
import { kernelInfo, openNative } from '../pipeline/detect/native.js'
import type { Plan } from '../pipeline/detect/plan.js'
import type { Benchmark, Measurement } from './bench.js'

const WARM_UP = 10
const RUNS = 60

/** Median and minimum time of one window, and products per second of the dense operation. */
export async function benchIsa(): Promise<Measurement[]> {
  const { plan } = await Model.load()
  const frame = busyFrame(plan)
  const macs = products(plan)
  const rows: Measurement[] = []
  for (const isa of kernelInfo().supported) {
    for (const threads of availableParallelism() > 1 ? [1, 2] : [1]) {
      await using session = await openNative(plan, { isa, threads })
      for (let i = 0; i < WARM_UP; i++) await session.run(frame)
      const times: number[] = []
      for (let i = 0; i < RUNS; i++) {
        const start = performance.now()
        await session.run(frame)
        times.push(performance.now() - start)
      }
      times.sort((a, b) => a - b)
      const median = times[RUNS >> 1]!
      const note = `median of ${RUNS}; minimum ${times[0]!.toFixed(2)} ms; ${(macs / median / 1e6).toFixed(0)} GMAC/s`
      rows.push({ name: `${plan.name} ${isa} x ${threads}`, value: median, unit: 'ms', note })
    }
  }
  return rows
}

export const isaBenchmark: Benchmark = {
  name: 'isa',
  about: 'one window of the default model, per instruction set and threads',
  run: async () => ({ measurements: await benchIsa() }),
}

/** Counts in a tenth of the pixels, as on a busy street; the dense kernels take the same time whatever they are given. */
function busyFrame(plan: Plan): Uint8Array {
  const { steps, channels, height, width, clip } = plan.window
  let state = 1
  return Uint8Array.from({ length: steps * channels * height * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 16 < 6554 ? 1 + ((state >>> 4) % Math.min(clip, 3)) : 0
  })
}

/** Multiply-adds of all convolutions of one window. */
function products(plan: Plan): number {
  let sum = 0
  for (const op of plan.ops) {
    if (op.op !== 'conv' && op.op !== 'realconv') continue
    const from = plan.tensors.find(({ id }) => id === op.input)!
    const to = plan.tensors.find(({ id }) => id === op.output)!
    const taps = (from.channels / op.groups) * op.kernel[0] * op.kernel[1]
    sum += to.channels * to.height * to.width * taps * (to.timed ? plan.window.steps : 1)
  }
  return sum
}
