// Networks in the authors' layout with random weights and a wanted density in every layer, made once and kept.
import { createHash } from 'node:crypto'
import { OnnxWriter } from '../../models/import/writer.js'
import { compile } from '../../models/index.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { setDensity } from './density.js'
import { randomFrames } from './inputs.js'
import { type LayoutForm, type WIDTHS, writeLayout } from './layout.js'
import { gridWeights } from './random-weights.js'
import { type KeptNetwork, kept } from './state.js'

/** What to make. */
export interface LayoutSpec {
  size: keyof typeof WIDTHS
  steps: number
  form: LayoutForm
  /** Part of the neurons that fire; undefined leaves the biases at 0, for rivals whose time does not depend on them. */
  density?: number
}

const SIDE = 320
/** Part of the cached files' names: change it when what is generated changes. */
const EDITION = 7

/** Biases of a plan by layer. */
type Biases = ReadonlyMap<string, Float32Array>

/** Makes the network, or takes what was made before. Its densities are those on `randomFrames`. */
export function generateLayout(spec: LayoutSpec): Promise<KeptNetwork> {
  const { size, steps, form, density } = spec
  const fires = density === undefined ? '' : `-${Math.round(100 * density)}`
  const name = `gen1_${size}-T${steps}-${form}${fires}`
  return kept(`${name}-v${EDITION}`, () =>
    density === undefined ? blank(spec, name) : dense(spec, name, density),
  )
}

function blank(spec: LayoutSpec, name: string): KeptNetwork {
  const onnx = writeOnnx(spec, name, new Map())
  return { onnx, plan: compile(onnx, { file: name, name }).plan }
}

/** The blank network with other biases: it need not be compiled again. */
async function dense(spec: LayoutSpec, name: string, density: number): Promise<KeptNetwork> {
  const { plan } = await generateLayout({ ...spec, density: undefined })
  await setDensity(plan, randomFrames(plan.window, 1)[0]!, density)
  const onnx = writeOnnx(spec, name, biasesOf(plan))
  const onnxSha256 = createHash('sha256').update(onnx).digest('hex')
  const exactReason = 'not proved for random weights'
  return { onnx, plan: { ...plan, name, onnxSha256, exact: 'no', exactReason } }
}

function biasesOf(plan: Plan): Biases {
  return new Map(
    plan.ops.flatMap((op) =>
      'groups' in op
        ? [[op.name, plan.weights.get(`${op.name}.bias`) as Float32Array] as const]
        : [],
    ),
  )
}

function writeOnnx({ size, steps, form }: LayoutSpec, name: string, biases: Biases): Uint8Array {
  const neuron = { function: 'ILIFTau', constant: 2, levels: 4 } as const
  const out = new OnnxWriter(steps, neuron, { channels: 3, height: SIDE, width: SIDE })
  writeLayout(out, size, form, (layer, shape, use) => {
    const { integers, shift } = gridWeights(layer, shape, use)
    const bias = biases.get(layer) ?? new Float32Array(shape.outputs)
    return { ...shape, weight: integers.map((w) => w * 2 ** -shift), bias: Float64Array.from(bias) }
  })
  return out.encode({
    'saccade.format': '1',
    'saccade.input': {
      window: 'polarity-last',
      duration_us: 250_000,
      bins: steps,
      steps,
      timeOrder: 'newest-first',
      scale: 1 / 256,
      width: SIDE,
      height: SIDE,
      channels: 3,
      letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 114 },
    },
    'saccade.head': {
      type: 'dfl',
      reg_max: 16,
      strides: [8, 16, 32],
      classes: ['car', 'pedestrian'],
    },
    'saccade.detect': { score: 0.25, iou: 0.7, max: 300, multiLabel: true },
    'saccade.card': { name, architecture: `SpikeYOLO layout, width ${size}, random int8 weights` },
  })
}
