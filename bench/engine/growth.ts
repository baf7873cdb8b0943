// How the engine's time grows with what there is to do, and what a call costs beside the kernels.
import { OnnxWriter } from '../../models/import/writer.js'
import { compile } from '../../models/index.js'
import { Model } from '../../pipeline/detect/model.js'
import { openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { type Session, WORK_NUMBERS } from '../../pipeline/detect/session.js'
import { noWork } from '../../pipeline/detect/teacher.js'
import { profileOf } from '../../pipeline/trace/profile.js'
import { median } from '../statistics.js'
import { setDensity } from './density.js'
import { benchInputs } from './inputs.js'

const DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.4]
/** Parts and multiples of the events of the busiest source that is here. */
const RATES = [0.1, 0.3, 1, 2, 4]

/** Time of one window. */
export interface Growth {
  threads: number
  /** What was asked for, and what is there: part of the spikes that are not 0, over all MACs on spikes. */
  wanted: number
  density: number
  medianMs: number
}

/** The default model's layers, biases moved so that all fire with the same density; interleaved. */
export async function benchGrowth(threads: number, seconds: number): Promise<Growth[]> {
  const { plan } = await Model.load()
  const frame = (await benchInputs(plan.window, 1))[0]!.frames[0]!
  const plans: Plan[] = []
  for (const density of DENSITIES) {
    const own = {
      ...plan,
      weights: new Map([...plan.weights].map(([name, data]) => [name, data.slice()])),
    }
    await setDensity(own, frame, density)
    plans.push(own)
  }
  const times = await interleaved(
    plans.map((own) => ({ plan: own, frames: [frame] })),
    threads,
    seconds,
  )
  return plans.map((_, i) => ({ threads, wanted: DENSITIES[i]!, ...times[i]! }))
}

/** Time of one window at an event rate. */
export interface RateGrowth extends Omit<Growth, 'wanted'> {
  /** Million events per second. */
  rate: number
}

/** The default model as it is, on the first source with events taken out at random, or windows laid over each other. */
export async function benchEventRates(threads: number, seconds: number): Promise<RateGrowth[]> {
  const { plan } = await Model.load()
  const { frames, eventRate } = (await benchInputs(plan.window, 8))[0]!
  const sets = RATES.map((part) => ({
    plan,
    frames: frames.map((_, i) =>
      part <= 1 ? thinned(frames[i]!, part) : overlaid(frames, i, part, plan.window.clip),
    ),
  }))
  const times = await interleaved(sets, threads, seconds)
  return times.map((time, i) => ({ threads, rate: (RATES[i]! * eventRate) / 1e6, ...time }))
}

/** Each event stays with probability `part`. */
export function thinned(frame: Uint8Array, part: number): Uint8Array {
  let state = 1
  const stays = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state < part * 2 ** 32
  }
  return frame.map((count) => {
    let left = 0
    for (let i = 0; i < count; i++) if (stays()) left += 1
    return left
  })
}

/** `many` windows from number `first` on, counts added and clipped. */
export function overlaid(
  frames: readonly Uint8Array[],
  first: number,
  many: number,
  clip: number,
): Uint8Array {
  return frames[first]!.map((_, at) => {
    let sum = 0
    for (let k = 0; k < many; k++) sum += frames[(first + k) % frames.length]![at]!
    return Math.min(clip, sum)
  })
}

async function interleaved(
  sets: readonly { plan: Plan; frames: readonly Uint8Array[] }[],
  threads: number,
  seconds: number,
): Promise<{ density: number; medianMs: number }[]> {
  const sessions: Session[] = []
  for (const { plan } of sets) sessions.push(await openNative(plan, { threads }))
  const times: number[][] = sets.map(() => [])
  const end = performance.now() + 1000 * seconds
  for (let round = 0; round < 5 || performance.now() < end; round++)
    for (const [i, { frames }] of sets.entries()) {
      const frame = frames[round % frames.length]!
      await sessions[i]!.run(frame)
      const start = performance.now()
      await sessions[i]!.run(frame)
      times[i]!.push(performance.now() - start)
    }
  const results: { density: number; medianMs: number }[] = []
  for (const [i, { plan, frames }] of sets.entries()) {
    const work = noWork(plan)
    for (const frame of frames) await sessions[i]!.measure!(frame, work)
    await sessions[i]!.close()
    const onSpikes = profileOf(plan, work).layers.filter(({ reads }) => reads === 'spikes')
    const macs = onSpikes.reduce((sum, layer) => sum + layer.macs, 0)
    const density = onSpikes.reduce((sum, layer) => sum + layer.macs * layer.density!, 0) / macs
    results.push({ density, medianMs: median(times[i]!) })
  }
  return results
}

/** From the call in JavaScript to its promise, beyond the kernels' own time, µs. */
export interface CallCost {
  /** One call after the other. */
  backToBackUs: number
  /** After 20 ms without one: the engine's thread sleeps. */
  parkedUs: number
}

/** A network so small that its kernels take a microsecond; that time is taken off. */
export async function benchCalls(): Promise<CallCost> {
  const plan = tinyPlan()
  await using session = await openNative(plan)
  const frame = new Uint8Array(2 * 32 * 32)
  const time = async () => {
    const start = performance.now()
    await session.run(frame)
    return 1000 * (performance.now() - start)
  }
  for (let i = 0; i < 2000; i++) await session.run(frame)
  const back: number[] = []
  for (let i = 0; i < 2000; i++) back.push(await time())
  const parked: number[] = []
  for (let i = 0; i < 50; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    parked.push(await time())
  }
  const work = noWork(plan)
  for (let i = 0; i < 200; i++) await session.measure!(frame, work)
  const kernels =
    plan.ops.reduce((sum, _, i) => sum + work.numbers[WORK_NUMBERS * i]!, 0) / 1000 / work.frames
  return { backToBackUs: median(back) - kernels, parkedUs: median(parked) - kernels }
}

function tinyPlan(): Plan {
  const out = new OnnxWriter(
    1,
    { function: 'ILIF', constant: 0.25, levels: 4 },
    { channels: 2, height: 32, width: 32 },
  )
  const conv = (outputs: number, perGroup: number) => ({
    outputs,
    perGroup,
    kernel: [1, 1] as [number, number],
    weight: new Float64Array(outputs * perGroup).fill(0.25),
    bias: new Float64Array(outputs).fill(-8),
  })
  const down = {
    ...conv(8, 2),
    kernel: [8, 8] as [number, number],
    weight: new Float64Array(8 * 2 * 64).fill(0.25),
  }
  const hidden = out.fire('n', out.conv('c1', out.input, down, 8, 0))
  out.output('feat0', out.conv('c2', hidden, conv(65, 8)))
  const onnx = out.encode({
    'saccade.format': '1',
    'saccade.input': {
      window: 'count',
      duration_us: 50_000,
      bins: 1,
      width: 32,
      height: 32,
      channels: 2,
    },
    'saccade.head': { type: 'dfl', reg_max: 16, strides: [8], classes: ['car'] },
  })
  return compile(onnx, { file: 'tiny', name: 'tiny' }).plan
}
