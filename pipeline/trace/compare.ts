// Where two traces part: the tool with which a port of the engine is debugged.
import { describeTensor, type Tensor } from '../tensors/safetensors.js'

/** The first value that differs. */
export interface Difference {
  layer: string
  /** Index along each side of the tensor; empty when the tensors differ in type or shape. */
  index: number[]
  ours: number | string
  theirs: number | string
}

/** Result of a comparison. */
export interface Comparison {
  /** Tensors that both have, and their values. */
  tensors: number
  values: number
  /** Tensors with a difference, and differing values. */
  differingTensors: number
  differingValues: number
  first: Difference | undefined
  /** Names that only the other side has. */
  untraced: string[]
}

/**
 * Softmax and sigmoid of decoded boxes are ordinary float, other than spikes and head maps: pixels and scores of two correct
 * implementations differ by this much.
 */
const PIXELS = 2e-4
const SCORE = 1e-6

/** Compares in the order of `ours`: that of the network. */
export function compareTensors(
  ours: ReadonlyMap<string, Tensor>,
  theirs: ReadonlyMap<string, Tensor>,
): Comparison {
  const result: Comparison = {
    tensors: 0,
    values: 0,
    differingTensors: 0,
    differingValues: 0,
    first: undefined,
    untraced: [...theirs.keys()].filter((name) => !ours.has(name)),
  }
  for (const [layer, a] of ours) {
    const b = theirs.get(layer)
    if (b === undefined) continue
    result.tensors += 1
    if (describeTensor(a) !== describeTensor(b)) {
      result.differingTensors += 1
      result.first ??= { layer, index: [], ours: describeTensor(a), theirs: describeTensor(b) }
      continue
    }
    result.values += a.data.length
    const { count, first } = differences(layer, a, b)
    if (count === 0) continue
    result.differingTensors += 1
    result.differingValues += count
    result.first ??= {
      layer,
      index: indexOf(first, a.shape),
      ours: Number(a.data[first]),
      theirs: Number(b.data[first]),
    }
  }
  return result
}

/** "model.6.2.lif1 [1, 0, 34, 5, 7] is 2 here and 1 in spikes.safetensors" */
export function describeDifference({ layer, index, ours, theirs }: Difference, where: string) {
  return `${layer}${index.length > 0 ? ` [${index.join(', ')}]` : ''} is ${ours} here and ${theirs} in ${where}`
}

/** How many values differ, and the place of the first one. */
function differences(layer: string, a: Tensor, b: Tensor): { count: number; first: number } {
  const tolerance = toleranceOf(layer, a)
  let [count, first] = [0, -1]
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])]
    if (x === y || Math.abs(x - y) <= tolerance(i) || (Number.isNaN(x) && Number.isNaN(y))) continue
    if (count === 0) first = i
    count++
  }
  return { count, first }
}

/** How much value i of a tensor may differ. */
function toleranceOf(layer: string, { dtype, shape }: Tensor): (i: number) => number {
  if (dtype === 'F32' && layer === 'y') {
    const [, rows, anchors] = shape as [number, number, number]
    return (i) => (Math.floor(i / anchors) % rows < 4 ? PIXELS : SCORE)
  }
  if (dtype === 'F32' && layer.startsWith('nms_'))
    return (i) => (i % 6 < 4 ? PIXELS : i % 6 === 4 ? SCORE : 0)
  return () => 0
}

function indexOf(at: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = at
  for (const side of [...shape].reverse()) {
    index.unshift(rest % side)
    rest = Math.floor(rest / side)
  }
  return index
}
