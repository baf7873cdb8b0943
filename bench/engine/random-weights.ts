// Random weights on a grid: bell-shaped int8 times a power of two, so that every runtime that adds exactly gets the same sums.
import type { MergedConv } from '../../models/import/merge.js'
import type { LayerUse } from './layout.js'

/** Standard deviation of the integers: int8 then cuts off less than one weight in 100 000. */
const SPREAD = 28
const MOST = 127
/** Mean square of a spike where a tenth to a fifth of the neurons fire. */
const SPIKE_SQUARE = 0.3
/**
 * Times 1/sqrt(taps): how far below 0 the mean weight of a layer on spikes is. Without it a layer answers a tenth more spikes
 * with a tenth more spikes or more, and densities drift apart over 60 layers: with it, more spikes are held down.
 */
const INHIBITION = 1.4 * SPREAD
/** What the currents are made to spread by; the neuron halves them (tau = 2). */
const CURRENT_SPREAD = 2

/** Integers of one layer and the power of two of its scale. */
export interface GridWeights {
  integers: Float64Array
  shift: number
}

/**
 * Weights of the layer `name`, always the same: their sums spread by about CURRENT_SPREAD (half of that where they are added to
 * a residual), so that some neurons fire more than once.
 */
export function gridWeights(
  name: string,
  { outputs, perGroup, kernel }: Pick<MergedConv, 'outputs' | 'perGroup' | 'kernel'>,
  { adds, real }: LayerUse,
): GridWeights {
  const normal = normals(name)
  const taps = perGroup * kernel[0] * kernel[1]
  const mean = real ? 0 : -INHIBITION / Math.sqrt(taps)
  const integers = Float64Array.from({ length: outputs * taps }, () =>
    Math.max(-MOST, Math.min(MOST, Math.round(mean + SPREAD * normal()))),
  )
  const spread = SPREAD * Math.sqrt(taps * SPIKE_SQUARE) * (adds ? 2 : 1)
  return { integers, shift: Math.round(Math.log2(spread / CURRENT_SPREAD)) }
}

/** Standard normal numbers by Box and Muller from a 32-bit generator (xorshift) seeded by a name. */
function normals(name: string): () => number {
  let state = 2_166_136_261
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619) >>> 0
  state ||= 1
  const uniform = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) + 1) / 4_294_967_297
  }
  for (let i = 0; i < 8; i++) uniform()
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
