// One network against its rivals, in this process, with a given number of threads: first each rival's best form is found,
// then all take turns.

import { openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { noWork } from '../../pipeline/detect/teacher.js'
import { type Profile, profileOf } from '../../pipeline/trace/profile.js'
import { median, type Round, type Standing, standings } from '../statistics.js'
import {
  type Contestant,
  type Distance,
  distance,
  loadOnnxRuntime,
  measureRanges,
  openOnnxRuntime,
  openOurs,
} from './contestants.js'
import { benchInputs, type Input, randomFrames } from './inputs.js'
import { exactNetwork } from './int8-exact.js'
import { quantisedNetwork } from './int8-quantised.js'
import { identityOf, type Network, type NetworkEntry } from './networks.js'

/** Effort of a comparison. */
export interface Effort {
  threads: number
  /** For one input, all rounds. */
  seconds: number
  windows: number
}

/** A form of a rival that was tried before the rounds. */
export interface Tried {
  rival: string
  form: string
  medianMs: number
  /** Of its head maps from the engine's; undefined where its weights are others. */
  apart?: Distance
  chosen: boolean
}

/** What came out for one network and one input. */
export interface Comparison {
  network: string
  title: string
  /** `identityOf` the network. */
  identity: string
  input: Input['name']
  threads: number
  windows: number
  rounds: number
  isa: string
  exact: 'yes' | 'no'
  /** Convolutions with s8 and s16 weights, and on float. */
  weights: { s8: number; s16: number; f32: number }
  macs: number
  /** Part of the spikes that are not 0: over all MACs on spikes, and in the emptiest and fullest layer. */
  density: { mean: number; least: number; most: number }
  eventRate: number
  standings: Standing[]
  tried: Tried[]
}

export const OURS = 'saccade'
/** Runs of a form before one is chosen, after one that is not counted. */
const TRIALS = { fast: 9, slow: 3 }
const SLOW_MS = 100
/** Idle threads of the one before spin for a while: onnxruntime's for 45 ms (CPU time of the process, in slices of 10 ms), ncnn's for 20. */
const PAUSE_MS = 60
/** A turn is at least this long, so that one interrupt does not decide it. */
const TURN_MS = 8
const MOST_RUNS = 8
const ROUNDS = { least: 5, most: 41 }

/** Compares on all inputs of the entry; undefined where its files are absent. */
export async function compareNetwork(
  entry: NetworkEntry,
  { threads, seconds, windows }: Effort,
): Promise<Comparison[] | undefined> {
  const network = await entry.load()
  if (network === undefined) return undefined
  const { plan } = network
  const inputs: Input[] = entry.random
    ? [{ name: 'random', frames: randomFrames(plan.window, 3), eventRate: Number.NaN }]
    : await benchInputs(plan.window, windows)
  const frames = inputs.flatMap((input) => input.frames)
  const tried: Tried[] = []
  const contestants = [await openOurs(OURS, plan, frames, { threads })]
  contestants.push(await openOurs(`${OURS} dense`, plan, frames, { threads, form: 'dense' }))
  contestants.push(...(await rivals(network, contestants[0]!, { frames, threads, tried })))
  const results: Comparison[] = []
  let from = 0
  for (const { name, frames: own, eventRate } of inputs) {
    const rounds = await takeTurns(contestants, { from, windows: own.length, seconds })
    from += own.length
    const { profile, isa } = await countSpikes(plan, own)
    const common = {
      network: entry.name,
      title: entry.title,
      identity: identityOf(entry.name, plan),
      input: name,
      threads,
      isa,
      exact: plan.exact,
      eventRate,
      tried,
    }
    results.push({
      ...common,
      windows: own.length,
      rounds: rounds.length,
      weights: weightKinds(plan),
      macs: profile.totals.macs,
      density: densityOf(profile),
      standings: standings(rounds, OURS),
    })
  }
  for (const contestant of contestants) await contestant.close()
  return results
}

/** The best float form and the best int8 form of onnxruntime. */
async function rivals(
  { plan, onnx, forms }: Network,
  ours: Contestant,
  { frames, threads, tried }: { frames: Uint8Array[]; threads: number; tried: Tried[] },
): Promise<Contestant[]> {
  const runtime = await loadOnnxRuntime()
  if (runtime === undefined) return []
  const all = [{ form: 'as the product', plan, onnx }, ...forms]
  const floats = all.map(({ form, plan, onnx }) => ({
    form,
    same: plan === all[0]!.plan,
    open: async () =>
      openOnnxRuntime(runtime, 'onnxruntime fp32', onnx, { plan, frames, threads, kind: 'f32' }),
  }))
  const integers = all.flatMap(({ form, plan }) => {
    const open = (onnx: Uint8Array) =>
      openOnnxRuntime(runtime, 'onnxruntime int8', onnx, { plan, frames, threads, kind: 'u8' })
    const quantised = async () => {
      const { onnx, floats } = exactNetwork(plan)
      const ranges = await measureRanges(runtime, onnx, floats, {
        plan,
        frames: frames.slice(0, 2),
      })
      return quantisedNetwork(plan, ranges)
    }
    const same = plan === all[0]!.plan
    return [
      ...(same
        ? [{ form: `${form}, exact`, same, open: () => open(exactNetwork(plan).onnx) }]
        : []),
      { form: `${form}, quantised`, same, open: async () => open(await quantised()) },
    ]
  })
  return [
    await bestOf('onnxruntime fp32', floats, ours, tried),
    await bestOf('onnxruntime int8', integers, ours, tried),
  ]
}

async function bestOf(
  rival: string,
  candidates: { form: string; same: boolean; open(): Promise<Contestant> }[],
  ours: Contestant,
  tried: Tried[],
): Promise<Contestant> {
  let best: { contestant: Contestant; entry: Tried } | undefined
  const wanted = await ours.heads(0)
  for (const { form, same, open } of candidates) {
    const contestant = await open()
    const apart = same ? distance(wanted, await contestant.heads(0)) : undefined
    const times = [await timed(() => contestant.run(0))]
    // Slow networks are told apart by fewer runs.
    const runs = times[0]! > SLOW_MS ? TRIALS.slow : TRIALS.fast
    while (times.length < 1 + runs) times.push(await timed(() => contestant.run(0)))
    const entry: Tried = {
      rival,
      form,
      medianMs: median(times.slice(1)),
      apart,
      chosen: false,
    }
    tried.push(entry)
    if (best === undefined || entry.medianMs < best.entry.medianMs) {
      await best?.contestant.close()
      best = { contestant, entry }
    } else await contestant.close()
  }
  best!.entry.chosen = true
  return best!.contestant
}

/** Interleaved rounds over the windows `from` … `from + windows`; each round all contestants see the same one. */
async function takeTurns(
  contestants: readonly Contestant[],
  { from, windows, seconds }: { from: number; windows: number; seconds: number },
): Promise<Round[]> {
  const runs = new Map<string, number>()
  let roundMs = 0
  for (const { name, run } of contestants) {
    await run(from)
    const once = await timed(() => run(from))
    runs.set(name, Math.max(1, Math.min(MOST_RUNS, Math.ceil(TURN_MS / once))))
    roundMs += PAUSE_MS + once * (1 + runs.get(name)!)
  }
  const wanted = Math.floor((1000 * seconds) / roundMs)
  const count = Math.max(ROUNDS.least, Math.min(ROUNDS.most, wanted))
  const rounds: Round[] = []
  for (let r = 0; r < count; r++) {
    const window = from + (r % windows)
    const round: Record<string, number> = {}
    for (const { name, run } of inTurn(contestants, r)) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      await run(window)
      const times: number[] = []
      for (let k = 0; k < runs.get(name)!; k++) times.push(await timed(() => run(window)))
      round[name] = median(times)
    }
    rounds.push(Object.fromEntries(contestants.map(({ name }) => [name, round[name]!])))
  }
  return rounds
}

/** In another order each round, forwards and backwards: whoever always followed a heavy one would find a hot processor. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const order = all.map((_, i) => all[((round >> 1) + i) % all.length]!)
  return round % 2 === 0 ? order : order.reverse()
}

/** More than this between inputs, and what was timed is the machine. */
const STEADY = 1.2

/** Rounds of a rival against its trial before them, which is without rests: two threads of others wake up on one processor. */
const LIKE_TRIAL = 1.5

/**
 * Who multiplies everything takes the same time on every input, and in the rounds as in its trial. A sentence about the one
 * whose medians differ most between inputs, when it is by more than a fifth, or who is far from its trial.
 */
export function unsteady(comparisons: readonly Comparison[]): string | undefined {
  for (const { threads, standings, tried } of comparisons)
    for (const { contestant, medianMs } of standings) {
      const trial = tried.find(({ rival, chosen }) => rival === contestant && chosen)
      const ratio = trial === undefined ? 1 : medianMs / trial.medianMs
      if (Math.max(ratio, 1 / ratio) > LIKE_TRIAL)
        return `${contestant} took ${trial!.medianMs.toPrecision(3)} ms when it was tried and ${medianMs.toPrecision(3)} ms in the rounds, with ${threads} thread${threads > 1 ? 's' : ''}: the machine was not quiet`
    }
  const times = new Map<string, { contestant: string; threads: number; ms: number[] }>()
  for (const { threads, standings } of comparisons)
    for (const { contestant, medianMs } of standings) {
      if (contestant === OURS) continue
      const key = `${contestant} ${threads}`
      const entry = times.get(key) ?? { contestant, threads, ms: [] }
      entry.ms.push(medianMs)
      times.set(key, entry)
    }
  const spread = ({ ms }: { ms: number[] }) => Math.max(...ms) / Math.min(...ms)
  const [worst] = [...times.values()].sort((a, b) => spread(b) - spread(a))
  if (worst === undefined || spread(worst) <= STEADY) return undefined
  const { contestant, threads, ms } = worst
  return `${contestant} multiplies everything on every input and took between ${Math.min(...ms).toPrecision(3)} and ${Math.max(...ms).toPrecision(3)} ms with ${threads} thread${threads > 1 ? 's' : ''}: the machine was not quiet`
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function countSpikes(plan: Plan, frames: readonly Uint8Array[]) {
  await using session = await openNative(plan)
  const work = noWork(plan)
  for (const frame of frames) await session.measure!(frame, work)
  return { profile: profileOf(plan, work), isa: session.isa }
}

/** Densities of what convolutions on spikes read. */
function densityOf({ layers }: Profile): Comparison['density'] {
  const onSpikes = layers.filter(({ reads }) => reads === 'spikes')
  const macs = onSpikes.reduce((sum, layer) => sum + layer.macs, 0)
  const densities = onSpikes.map(({ density = 0 }) => density)
  return {
    mean: onSpikes.reduce((sum, layer) => sum + layer.macs * layer.density!, 0) / macs,
    least: Math.min(...densities),
    most: Math.max(...densities),
  }
}

function weightKinds({ ops }: Plan): Comparison['weights'] {
  const kinds = { s8: 0, s16: 0, f32: 0 }
  for (const op of ops) {
    if (op.op === 'conv') kinds[op.bits === 8 ? 's8' : 's16'] += 1
    if (op.op === 'realconv') kinds.f32 += 1
  }
  return kinds
}
