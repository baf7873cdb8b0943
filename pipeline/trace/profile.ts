// What a network costs on real input: work per layer, counted and timed, and the energy that the SpikeYOLO paper's rule
// gives for it.
import type { ConvOp, Plan, RealConvOp } from '../detect/plan.js'
import { WORK_NUMBERS, type Work } from '../detect/session.js'

/**
 * The paper's rule (45 nm figures): an accumulation costs 0.9 pJ, a multiplication with its accumulation 4.6 pJ. A layer on
 * spikes costs MACs x mean spike accumulations; the first layer, and what reads real values, multiplies.
 */
export const PJ_PER_ACCUMULATION = 0.9
export const PJ_PER_MAC = 4.6

/** One convolution, per window, all time steps together. */
export interface LayerProfile {
  layer: string
  /** What it reads. */
  reads: 'input' | 'spikes' | 'real'
  /** Of its output: channels, height, width; and its kernel. */
  shape: [number, number, number]
  kernel: [number, number]
  /** Multiplications of the dense convolution, taps in the padding included. Merged chains count as what they became. */
  macs: number
  /** Part of the input values that are not 0, and their mean; undefined for real values. */
  density: number | undefined
  mean: number | undefined
  /** Synaptic operations: a weight added for a spike. Taps in the padding cost none, so it is less than macs x mean. */
  sops: number
  timeMs: number
  /** Share of its rows in which its sparse form ran, mean of the windows. */
  sparse: number
  /** Picojoules by the paper's rule, and those of the same layer in an ordinary network: one pass, no time steps. */
  energyPj: number
  annPj: number
}

/** All layers, and what is in no convolution. */
export interface Profile {
  frames: number
  layers: LayerProfile[]
  /** Time of operators that are not convolutions, by kind, ms per window. */
  otherMs: Record<string, number>
  totals: {
    macs: number
    sops: number
    /** Share of the MACs whose input is not zero; 1 for layers that read real values. */
    density: number
    /** Mean spike of all layers on spikes, weighted by their MACs. */
    mean: number
    timeMs: number
    energyMj: number
    annMacs: number
    annMj: number
    /** The ordinary network's energy over this one's. */
    ratio: number
  }
}

/** Means over the frames that were counted into `work`. */
export function profileOf(plan: Plan, work: Work): Profile {
  const layers: LayerProfile[] = []
  const otherMs: Record<string, number> = {}
  plan.ops.forEach((op, i) => {
    const numbers = work.numbers.subarray(WORK_NUMBERS * i, WORK_NUMBERS * (i + 1))
    if (op.op === 'conv' || op.op === 'realconv')
      layers.push(layerOf(plan, op, numbers, work.frames))
    else if (numbers[0]! > 0)
      otherMs[op.op] = (otherMs[op.op] ?? 0) + numbers[0]! / 1e6 / work.frames
  })
  const sum = (of: (layer: LayerProfile) => number) =>
    layers.reduce((total, layer) => total + of(layer), 0)
  const onSpikes = layers.filter(({ reads }) => reads === 'spikes')
  const spikeMacs = onSpikes.reduce((total, { macs }) => total + macs, 0)
  const [energyPj, annPj] = [sum((layer) => layer.energyPj), sum((layer) => layer.annPj)]
  return {
    frames: work.frames,
    layers,
    otherMs,
    totals: {
      macs: sum(({ macs }) => macs),
      sops: sum(({ sops }) => sops),
      density: sum(({ macs, density }) => macs * (density ?? 1)) / sum(({ macs }) => macs),
      mean: onSpikes.reduce((total, { macs, mean }) => total + macs * mean!, 0) / spikeMacs,
      timeMs: sum(({ timeMs }) => timeMs) + Object.values(otherMs).reduce((a, b) => a + b, 0),
      energyMj: energyPj / 1e9,
      annMacs: annPj / PJ_PER_MAC,
      annMj: annPj / 1e9,
      ratio: annPj / energyPj,
    },
  }
}

function layerOf(
  plan: Plan,
  op: ConvOp | RealConvOp,
  [ns, nonzero, values, sops, sparse]: Float64Array,
  frames: number,
): LayerProfile {
  const input = plan.tensors[op.input]!
  const { channels, height, width, timed } = plan.tensors[op.output]!
  const steps = timed ? plan.window.steps : 1
  const [kh, kw] = op.kernel
  const macs = steps * channels * height * width * (input.channels / op.groups) * kh * kw
  const reads = ({ input: 'input', spike: 'spikes', real: 'real' } as const)[input.kind]
  const size =
    frames * (input.timed ? plan.window.steps : 1) * input.channels * input.height * input.width
  const counted = reads !== 'real'
  const mean = counted ? values! / size : undefined
  return {
    layer: op.name,
    reads,
    shape: [channels, height, width],
    kernel: [kh, kw],
    macs,
    density: counted ? nonzero! / size : undefined,
    mean,
    sops: sops! / frames,
    timeMs: ns! / 1e6 / frames,
    sparse: sparse! / frames,
    energyPj: reads === 'spikes' ? macs * mean! * PJ_PER_ACCUMULATION : macs * PJ_PER_MAC,
    annPj: (macs / steps) * PJ_PER_MAC,
  }
}
