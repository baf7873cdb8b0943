// ONNX bytes -> plan and report. Reading, lowering, quantising and proving are apart; here they meet.
import { createHash } from 'node:crypto'
import type { Plan, PlanOp, PlanTensor } from '../../pipeline/detect/plan.js'
import { checkPlan, inputLimit, largestSum, MOST_INT32 } from '../../pipeline/detect/plan-check.js'
import { SaccadeError } from '../../pipeline/errors.js'
import type { Graph } from '../onnx/graph.js'
import { readOnnx } from '../onnx/read.js'
import { prove } from './exact.js'
import { type ConvLayer, type Layers, lower } from './layers.js'
import { quantise, type RoundingOptions } from './quantise.js'

/** What became of one convolution. */
export interface ConvReport {
  name: string
  /** `conv` on u8 with integer weights; `realconv` on f32. */
  op: 'conv' | 'realconv'
  /** Bits of a weight. */
  bits: 8 | 16 | 32
  /** True when integers and scales give back every merged weight exactly. */
  lossless: boolean
  /** Relative error of the worst channel, 0 when lossless. */
  loss: number
  /** Smallest and largest k of the scales 2^-k (without the input's scale); undefined where a scale is no power of two. */
  shifts: [number, number] | undefined
  /** Largest magnitude its sums can reach over all inputs, bias included, and the same in grid units. */
  bound: number
  units: number
}

/** The compiler's findings, for people. */
export interface CompileReport {
  convs: ConvReport[]
  /** Largest magnitudes of all other sums (residual adds, means), by layer. */
  sums: { name: string; bound: number; units: number }[]
  exact: 'yes' | 'no'
  exactReason: string
}

/**
 * Compiles an ONNX file. `file` is used in sentences, `name` when the file's card has none; the other options say how
 * weights are rounded that no grid holds.
 * Throws ERR_MODEL for whatever is not a network that saccade can run.
 * @example
 * const { plan, report } = compile(await readFile('model.onnx'), { file: 'model.onnx', name: 'street' })
 */
export function compile(
  bytes: Uint8Array,
  { file, name, ...rounding }: { file: string; name: string } & RoundingOptions,
): { plan: Plan; report: CompileReport } {
  const graph = readOnnx(bytes, file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  try {
    return compileGraph(graph, graph.card.name ?? name, sha256, rounding)
  } catch (error) {
    if (!(error instanceof SaccadeError)) throw error
    throw new SaccadeError(error.code, `${file}: ${error.message}`, error.hint, { cause: error })
  }
}

function compileGraph(graph: Graph, name: string, onnxSha256: string, rounding: RoundingOptions) {
  const layers = lower(graph)
  const frameLimit = inputLimit(graph.window)
  const convs = layers.layers.filter((layer) => layer.op === 'conv')
  for (const layer of convs) roundToFloat(layer)
  const proof = prove(layers, frameLimit, graph.window.scale, graph.window.steps)
  const limits = new Map<string, number>([[graph.input, frameLimit]])
  for (const layer of layers.layers)
    if (layer.op === 'neuron') limits.set(layer.output, layer.levels)

  const weights: Plan['weights'] = new Map()
  const extents = new Map(proof.layers.map((layer) => [layer.name, layer]))
  let rounded: string | undefined
  const reports = convs.map((layer): ConvReport => {
    const { bound, units } = extents.get(layer.name)!
    const common = { name: layer.name, bound, units }
    if (!layers.integers.has(layer.input)) {
      weights.set(`${layer.name}.weight`, Float32Array.from(layer.weight))
      weights.set(`${layer.name}.bias`, Float32Array.from(layer.bias))
      return { ...common, op: 'realconv', bits: 32, lossless: true, loss: 0, shifts: undefined }
    }
    const limit = limits.get(layer.input)!
    const fits = (integers: Int8Array | Int16Array) =>
      largestSum(integers, layer.outputs, limit) <= MOST_INT32
    const inputScale = layer.input === graph.input ? graph.window.scale : 1
    const found = quantise({ ...layer, inputScale }, fits, rounding)
    const scales = found.scales.map((scale) => scale * inputScale)
    weights.set(`${layer.name}.weight`, found.integers)
    weights.set(`${layer.name}.scale`, Float32Array.from(scales))
    weights.set(`${layer.name}.bias`, Float32Array.from(found.bias))
    if (!found.lossless)
      rounded ??= `the weights of ${layer.name} lie on no grid that int8 or int16 holds and were rounded (relative error ${found.loss.toPrecision(2)})`
    else if (!found.precise || scales.some((scale) => Math.fround(scale) !== scale))
      rounded ??= `the scales of ${layer.name} are no binary fractions that f32 holds, so its sums round`
    const { bits, lossless, loss } = found
    return { ...common, op: 'conv', bits, lossless, loss, shifts: shiftsOf(found.scales) }
  })

  const exact = proof.exact && rounded === undefined ? 'yes' : 'no'
  const exactReason = rounded ?? proof.reason
  const plan: Plan = {
    version: 1,
    name,
    onnxSha256,
    exact,
    exactReason,
    window: graph.window,
    head: graph.head,
    detect: graph.detect,
    card: graph.card,
    ...operators(layers, reports),
    weights,
  }
  checkPlan(plan)
  const convNames = new Set(reports.map((report) => report.name))
  const sums = proof.layers.filter(({ name }) => !convNames.has(name))
  return { plan, report: { convs: reports, sums, exact, exactReason } satisfies CompileReport }
}

/** Layers -> operators with tensor ids; the input is 0 and each operator makes the next. */
function operators(
  { layers, input, outputs, shapes, integers }: Layers,
  reports: ConvReport[],
): Pick<Plan, 'tensors' | 'ops' | 'outputs'> {
  const bits = new Map(reports.map((report) => [report.name, report.bits]))
  const ids = new Map([[input, 0]])
  const tensors: PlanTensor[] = [{ id: 0, name: input, kind: 'input', ...shapes.get(input)! }]
  const ops = layers.map((layer): PlanOp => {
    const id = tensors.length
    const kind = integers.has(layer.output) ? 'spike' : 'real'
    tensors.push({ id, name: layer.output, kind, ...shapes.get(layer.output)! })
    ids.set(layer.output, id)
    const reads =
      'inputs' in layer
        ? { inputs: layer.inputs.map((name) => ids.get(name)!) }
        : { input: ids.get(layer.input)! }
    if (layer.op !== 'conv') return { ...layer, ...reads, output: id } as PlanOp
    const { name, kernel, stride, pad, groups } = layer
    const sliding = { name, input: ids.get(layer.input)!, output: id, kernel, stride, pad, groups }
    const width = bits.get(name)!
    return width === 32 ? { op: 'realconv', ...sliding } : { op: 'conv', ...sliding, bits: width }
  })
  return { tensors, ops, outputs: outputs.map((name) => ids.get(name)!) }
}

/** Merged weights are f64; what counts from here on is the f32 that a float network would hold. */
function roundToFloat(layer: ConvLayer): void {
  for (const values of [layer.weight, layer.bias]) {
    for (let i = 0; i < values.length; i++) values[i] = Math.fround(values[i]!)
    if (!values.every(Number.isFinite))
      throw new SaccadeError(
        'ERR_MODEL',
        `the merged weights of ${layer.name} leave the range of float32`,
      )
  }
}

function shiftsOf(scales: Float64Array): [number, number] | undefined {
  const shifts = scales.map((scale) => -Math.log2(scale))
  if (!shifts.every(Number.isInteger)) return undefined
  return [shifts.reduce((a, b) => Math.min(a, b)), shifts.reduce((a, b) => Math.max(a, b))]
}
