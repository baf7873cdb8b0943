// Makes a network fire as densely as asked: the bias of every convolution is moved, channel by channel, until the wanted part
// of the neurons behind it is above the threshold on a given frame. Sums, poolings and upsamplings pass a constant on
// unchanged, so the neuron's current moves by what the bias moves by.
import { openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'

/** Values of one channel that are looked at. */
const SAMPLES = 1024
/** A channel that is the same everywhere cannot be made to fire in a part of its places; others then fire more. */
const MOST_DENSITY = 0.9

/** Where a channel of a neuron's input gets its constant: a convolution, by index in the plan, and its output channel. */
interface Root {
  op: number
  channel: number
}

/**
 * Moves the biases in `plan.weights` so that each layer of neurons fires with `density` on `frame`. Biases stay multiples of
 * the channel's scale (2^-k), so that integer runtimes can hold them. Neurons that share an input share its density. A layer
 * is right one pass after those before it, so a network may need as many passes as it is deep.
 */
export async function setDensity(
  plan: Plan,
  frame: Uint8Array,
  { density, passes }: { density: number; passes: number },
): Promise<void> {
  const owners = ownedRoots(plan)
  for (let pass = 0; pass < passes; pass++) {
    const session = await openNative(plan, { currents: true })
    const { currents } = await session.trace(frame)
    await session.close()
    for (const [index, roots] of owners) {
      const op = plan.ops[index]!
      if (op.op !== 'neuron') continue
      const threshold = op.form === 'tau' ? 0.5 * op.constant : 0.5
      moveBiases(plan, roots, currents!.get(op.name)!, { threshold, density })
    }
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
  roots: readonly Root[],
  values: Float32Array,
  { threshold, density }: { threshold: number; density: number },
): void {
  const channels = sampleChannels(roots, values, plan.window.steps)
  let wanted = density
  let shifts = channels.map(({ sorted }) => shiftFor(sorted, threshold, wanted))
  for (let round = 0; round < 4; round++) {
    const part = firing(channels, shifts, threshold)
    if (part >= 0.97 * density || part === 0) break
    wanted = Math.min(MOST_DENSITY, (wanted * density) / part)
    shifts = channels.map(({ sorted }) => shiftFor(sorted, threshold, wanted))
  }
  for (const [i, { root }] of channels.entries()) {
    const { name } = plan.ops[root.op]!
    const bias = plan.weights.get(`${name}.bias`)!
    const unit = plan.weights.get(`${name}.scale`)?.[root.channel] ?? 2 ** -8
    bias[root.channel] = Math.floor((bias[root.channel]! + shifts[i]!) / unit) * unit
  }
}

function firing(channels: { sorted: Float32Array }[], shifts: number[], threshold: number): number {
  let fired = 0
  let all = 0
  for (const [i, { sorted }] of channels.entries()) {
    for (const value of sorted) if (value + shifts[i]! > threshold) fired += 1
    all += sorted.length
  }
  return fired / all
}

/** Some values of all channels that hang on the same root, sorted. */
function sampleChannels(roots: readonly Root[], values: Float32Array, steps: number) {
  const places = values.length / steps / roots.length
  const groups = new Map<string, { root: Root; channels: number[] }>()
  for (const [channel, root] of roots.entries()) {
    const key = `${root.op} ${root.channel}`
    const group = groups.get(key) ?? { root, channels: [] }
    group.channels.push(channel)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ root, channels }) => {
    const stride = Math.max(1, Math.floor((places * channels.length * steps) / SAMPLES))
    const picked: number[] = []
    let phase = 0
    for (let t = 0; t < steps; t++)
      for (const channel of channels) {
        const from = (t * roots.length + channel) * places
        for (; phase < places; phase += stride) picked.push(values[from + phase]!)
        phase -= places
      }
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
