// An experiment: what exact change-driven reuse could save on a static camera. Spikes of two windows that follow each other
// are compared: work by signed deltas goes with the values that changed, work by tiles with the outputs that see a change.
// Beside both what lists do today, the values that are not 0, and the time of a window.
import { Model } from '../pipeline/detect/model.js'
import { openNative } from '../pipeline/detect/native.js'
import type { ConvOp, Plan, PlanTensor } from '../pipeline/detect/plan.js'
import type { Benchmark } from './bench.js'
import { median } from './statistics.js'

/** Noise per pixel, Hz. */
const RATES = [0, 0.02, 0.1, 1]
const PAIRS = 6
/** Output pixels of a row that a dense kernel computes together. */
const TILE = 5

/** `npm run bench -- reuse` */
export const reuseBenchmark: Benchmark = {
  name: 'reuse',
  about: 'what reuse between windows could save on a static camera with noise (an experiment)',
  run: async () => {
    const { plan } = await Model.load()
    await using session = await openNative(plan, { threads: 1 })
    const rows: string[][] = []
    for (const rate of RATES) {
      const frames = Array.from({ length: PAIRS + 1 }, (_, i) => noise(plan, rate, i + 1))
      const traces: Map<string, Uint8Array>[] = []
      for (const frame of frames) {
        const { spikes } = await session.trace(frame)
        traces.push(new Map([...spikes].map(([name, { data }]) => [name, data.slice()])))
      }
      const times: number[] = []
      for (let i = 0; i < 40; i++) {
        const start = performance.now()
        await session.run(frames[i % frames.length]!)
        times.push(performance.now() - start)
      }
      const work = Array.from({ length: PAIRS }, (_, i) =>
        workOf(plan, [frames[i]!, frames[i + 1]!], [traces[i]!, traces[i + 1]!]),
      )
      const mean = (of: (one: Work) => number) =>
        `${((100 * work.reduce((sum, one) => sum + of(one), 0)) / work.length).toFixed(1)} %`
      rows.push([
        `${rate} Hz`,
        median(times).toFixed(2),
        mean((one) => one.lists),
        mean((one) => one.deltas),
        mean((one) => one.tiles),
      ])
    }
    return {
      measurements: [],
      tables: [
        {
          name: 'reuse',
          about: `The default model, one thread, ${PAIRS} pairs of windows that follow each other: shares of the dense MACs.`,
          columns: [
            'noise per pixel',
            'ms',
            'lists',
            'signed deltas',
            `tiles of ${TILE} that see a change`,
          ],
          rows,
        },
      ],
    }
  },
}

/** Shares of all MACs. */
interface Work {
  lists: number
  deltas: number
  tiles: number
}

function workOf(
  plan: Plan,
  frames: readonly [Uint8Array, Uint8Array],
  spikes: readonly [Map<string, Uint8Array>, Map<string, Uint8Array>],
): Work {
  const tensor = (id: number) => plan.tensors.find((one) => one.id === id)!
  const total: Work = { lists: 0, deltas: 0, tiles: 0 }
  let all = 0
  for (const op of plan.ops) {
    if (op.op !== 'conv') continue
    const [from, to] = [tensor(op.input), tensor(op.output)]
    const neuron = plan.ops.find((one) => one.op === 'neuron' && one.output === op.input)
    const values = neuron ? spikes.map((maps) => maps.get(neuron.name)!) : frames
    const macs =
      ((to.channels * from.channels) / op.groups) *
      op.kernel[0] *
      op.kernel[1] *
      to.height *
      to.width
    const [before, now] = values as [Uint8Array, Uint8Array]
    const size = now.length
    all += macs
    total.lists += (macs * now.reduce((sum, value) => sum + Number(value !== 0), 0)) / size
    total.deltas +=
      (macs * now.reduce((sum, value, i) => sum + Number(value !== before[i]), 0)) / size
    total.tiles += macs * tilesChanged(op, from, to, before, now)
  }
  return { lists: total.lists / all, deltas: total.deltas / all, tiles: total.tiles / all }
}

/** Share of an output's tiles whose kernels reach a value that changed. */
function tilesChanged(
  op: ConvOp,
  from: PlanTensor,
  to: PlanTensor,
  before: Uint8Array,
  now: Uint8Array,
): number {
  const plane = from.height * from.width
  const changed = new Uint8Array(plane)
  for (let i = 0; i < now.length; i++) if (now[i] !== before[i]) changed[i % plane] = 1
  const [strideY, strideX] = op.stride
  const [padTop, padLeft] = op.pad
  let seen = 0
  let tiles = 0
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x += TILE) {
      const last = Math.min(x + TILE, to.width) - 1
      const bottom = Math.min(y * strideY - padTop + op.kernel[0], from.height)
      const right = Math.min(last * strideX - padLeft + op.kernel[1], from.width)
      let any = 0
      for (let v = Math.max(0, y * strideY - padTop); v < bottom; v++)
        for (let u = Math.max(0, x * strideX - padLeft); u < right; u++)
          any |= changed[v * from.width + u]!
      seen += any
      tiles += 1
    }
  }
  return seen / tiles
}

/** A window of a camera that sees nothing, but whose pixels fire at random. */
function noise(plan: Plan, rateHz: number, seed: number): Uint8Array {
  const { channels, height, width, steps, durationUs } = plan.window
  const frame = new Uint8Array(steps * channels * height * width)
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const events = Math.round((rateHz * height * width * durationUs) / 1e6)
  for (let i = 0; i < events; i++) {
    const at = Math.floor(random() * frame.length)
    frame[at] = frame[at]! + 1
  }
  return frame
}
