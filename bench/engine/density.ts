// Makes a network fire as densely as asked: the bias of every convolution is moved, channel by channel, until the wanted part
// of the neurons behind it is above the threshold on a given frame. Sums, poolings and upsamplings pass a constant on
// unchanged, so the neuron's current moves by what the bias moves by. The network is gone through once, operator by operator,
// each layer set before the next one sees it: moving all at once takes as many passes as the network is deep.
import type { Plan } from '../../pipeline/detect/plan.js'
import { Operators, spikesOf } from './operators.js'

/** Values of one channel that are looked at. */
const SAMPLES = 4096
/** A channel that is the same everywhere cannot be made to fire in a part of its places; others then fire more. */
const MOST_DENSITY = 0.9
/** Part of the wanted density that is near enough. */
const ENOUGH = 0.97

/** Where a channel of a neuron's input gets its constant: a convolution, by index in the plan, and its output channel. */
interface Root {
  op: number
  channel: number
}

/**
 * Moves the biases in `plan.weights` so that each layer of neurons fires with `density` on `frame`; T must be 1. Biases stay
 * multiples of the channel's scale, so that integer runtimes can hold them. Neurons that share an input share its density.
 * @throws Error without onnxruntime-node, which computes the convolutions
 */
export async function setDensity(plan: Plan, frame: Uint8Array, density: number): Promise<void> {
  const owners = ownedRoots(plan)
  const operators = await Operators.load(plan, frame)
  for (const [index, op] of plan.ops.entries()) {
    if (op.op !== 'neuron') {
      await operators.run(op)
      continue
    }
    const roots = owners.get(index)
    if (roots !== undefined) {
      const threshold = op.form === 'tau' ? 0.5 * op.constant : 0.5
      moveBiases(plan, operators, roots, operators.value(op.input), { threshold, density })
      const first = Math.min(...roots.map((root) => root.op))
      for (const between of plan.ops.slice(first, index))
        if (!('groups' in between) && between.op !== 'neuron') await operators.run(between)
    }
    operators.set(op.output, spikesOf(op, operators.value(op.input)))
  }
}

/**
 * The shift of a channel's values after which at most `density` of them are above `threshold`. `sorted` rises. The edge lies
 * half way between two different values: places where nothing happens all have the same one, and would else fire or fall
 * silent together at the smallest change of what comes before.
 */
export function shiftFor(sorted: Float32Array, threshold: number, density: number): number {
  const edge = Math.min(sorted.length - 1, Math.floor((1 - density) * sorted.length))
  const low = sorted[edge]!
  let next = edge
  while (next < sorted.length && sorted[next]! <= low) next += 1
  return threshold - (next < sorted.length ? (low + sorted[next]!) / 2 : low)
}

function moveBiases(
  plan: Plan,
  operators: Operators,
  roots: readonly Root[],
  values: Float32Array,
  { threshold, density }: { threshold: number; density: number },
): void {
  const channels = sampleChannels(roots, values)
  const shifts = shiftsFor(
    channels.map(({ sorted }) => sorted),
    threshold,
    density,
  )
  for (const [i, { root }] of channels.entries()) {
    const { name, output } = plan.ops[root.op]!
    const bias = plan.weights.get(`${name}.bias`)!
    const unit = plan.weights.get(`${name}.scale`)?.[root.channel] ?? 2 ** -8
    const before = bias[root.channel]!
    bias[root.channel] = Math.floor((before + shifts[i]!) / unit) * unit
    operators.shift(output, root.channel, bias[root.channel]! - before)
  }
}

/**
 * Shifts of all channels of a layer, given each one's sorted values. Where a channel cannot fire in the wanted part of its
 * places, the others fire more; where that is not enough (behind poolings whole maps are alike), some fire everywhere.
 */
export function shiftsFor(
  channels: readonly Float32Array[],
  threshold: number,
  density: number,
): number[] {
  const all = channels.reduce((sum, { length }) => sum + length, 0)
  const fires = (i: number) => channels[i]!.filter((x) => x + shifts[i]! > threshold).length
  const part = () => channels.reduce((sum, _, i) => sum + fires(i), 0) / all
  let wanted = density
  let shifts = channels.map((sorted) => shiftFor(sorted, threshold, wanted))
  for (let round = 0; round < 4 && part() > 0 && part() < ENOUGH * density; round++) {
    wanted = Math.min(MOST_DENSITY, (wanted * density) / part())
    shifts = channels.map((sorted) => shiftFor(sorted, threshold, wanted))
  }
  let missing = (ENOUGH * density - part()) * all
  for (const [i, sorted] of channels.entries()) {
    if (missing <= 0) break
    const before = fires(i)
    if (before > 0) continue
    const top = sorted.at(-1)!
    const below = sorted.findLast((x) => x < top) ?? top - threshold
    shifts[i] = threshold - (below + top) / 2
    missing -= fires(i)
  }
  return shifts
}

/** Some values of all channels that hang on the same root, sorted. */
function sampleChannels(roots: readonly Root[], values: Float32Array) {
  const places = values.length / roots.length
  const groups = new Map<string, { root: Root; channels: number[] }>()
  for (const [channel, root] of roots.entries()) {
    const key = `${root.op} ${root.channel}`
    const group = groups.get(key) ?? { root, channels: [] }
    group.channels.push(channel)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ root, channels }) => {
    const stride = Math.max(1, Math.floor((places * channels.length) / SAMPLES))
    const picked: number[] = []
    for (const channel of channels)
      for (let at = channel * places; at < (channel + 1) * places; at += stride)
        picked.push(values[at]!)
    return { root, sorted: Float32Array.from(picked).sort() }
  })
}

/** For each neuron that is the first to see its input: the root of each of its channels. */
function ownedRoots(plan: Plan): Map<number, Root[]> {
  const makers = new Map(plan.ops.map((op, index) => [op.output, index]))
  const rootsOf = (tensor: number): Root[] => {
    const index = makers.get(tensor)!
    const op = plan.ops[index]!
    if (op.op === 'conv' || op.op === 'realconv') {
      const { channels } = plan.tensors[op.output]!
      return Array.from({ length: channels }, (_, channel) => ({ op: index, channel }))
    }
    if (op.op === 'concat') return op.inputs.flatMap(rootsOf)
    if (op.op === 'add') {
      // The later of the two: the earlier one has been seen by neurons before.
      const [a, b] = op.inputs.map(rootsOf) as [Root[], Root[]]
      return a[0]!.op > b[0]!.op ? a : b
    }
    if (op.op === 'neuron') throw new Error(`${op.name} is read as a real value`)
    return rootsOf(op.input)
  }
  const taken = new Set<number>()
  const owned = new Map<number, Root[]>()
  for (const [index, op] of plan.ops.entries()) {
    if (op.op !== 'neuron') continue
    const roots = rootsOf(op.input)
    if (roots.some((root) => taken.has(root.op))) continue
    for (const root of roots) taken.add(root.op)
    owned.set(index, roots)
  }
  return owned
}
