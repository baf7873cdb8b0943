// The networks of the comparison: the default model, the authors' vectors, and generated ones of both published widths.
import { readFileSync } from 'node:fs'
import { compile, importSpikeYolo } from '../../models/index.js'
import { Model } from '../../pipeline/detect/model.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { noWork } from '../../pipeline/detect/teacher.js'
import { profileOf } from '../../pipeline/trace/profile.js'
import { gunzipShared } from '../../test/support/shared.js'
import { generateLayout } from './generate.js'
import type { WIDTHS } from './layout.js'
import { compilerDigest, kept } from './state.js'

/** A network and the other ways in which a rival may run it. */
export interface Network {
  plan: Plan
  /** As the product compiles it. */
  onnx: Uint8Array
  /** The same layers with the chains written otherwise; weights random, since time does not depend on them. */
  forms: { form: string; plan: Plan; onnx: Uint8Array }[]
}

/** An entry of the list. */
export interface NetworkEntry {
  name: string
  title: string
  /** Also part of `--quick`. */
  quick: boolean
  /** Sees random frames only: its density was set on them. */
  random: boolean
  load(): Promise<Network | undefined>
}

/** "car 1a2b3c4d5e6f, 0.424 GMAC": name, begin of the ONNX file's sha256, multiplications of a window. */
export function identityOf(name: string, plan: Plan): string {
  const { macs } = profileOf(plan, noWork(plan)).totals
  return `${name} ${plan.onnxSha256.slice(0, 12)}, ${(macs / 1e9).toFixed(3)} GMAC, boxes from a score of ${plan.detect.score}`
}

/** Densities of the generated networks. */
const DENSITIES = [0.1, 0.15, 0.22]

/** All of them, smallest first. */
export const NETWORKS: readonly NetworkEntry[] = [
  { name: 'car', title: 'the default model', quick: true, random: false, load: loadDefault },
  ...[1, 2].map((steps) => ({
    name: `gen1_n-T${steps}`,
    title: `the authors' layout, 6.1 M parameters, 320 x 320, T = ${steps}, weights of the vectors`,
    quick: false,
    random: false,
    load: () => loadVectors(steps),
  })),
  ...generated('n', '6.1 M'),
  ...generated('s', '23.1 M'),
]

function generated(size: keyof typeof WIDTHS, parameters: string): NetworkEntry[] {
  return DENSITIES.map((density) => {
    const percent = Math.round(100 * density)
    return {
      name: `gen1_${size}-d${percent}`,
      title: `the authors' layout, ${parameters} parameters, 320 x 320, T = 1, random s8 weights, ${percent} % of the neurons fire`,
      quick: false,
      random: true,
      load: () => loadGenerated(size, density),
    }
  })
}

async function loadDefault(): Promise<Network | undefined> {
  const { plan, onnxPath } = await Model.load()
  if (onnxPath === undefined) return undefined
  return { plan, onnx: readFileSync(onnxPath), forms: [] }
}

async function loadVectors(timesteps: number): Promise<Network | undefined> {
  const path = gunzipShared('vectors/gen1_n_exact/state_dict.pt.gz')
  if (path === undefined) return undefined
  const settings = {
    variant: 'gen1',
    timesteps,
    size: { width: 320, height: 320 },
    inputScale: 1 / 256,
    name: `gen1_n-T${timesteps}`,
  } as const
  const made = await kept(`${settings.name}-vectors-${compilerDigest()}`, async () => {
    const { onnx } = await importSpikeYolo(path, settings)
    return { onnx, plan: compile(onnx, { file: path, name: settings.name }).plan }
  })
  return { onnx: made.onnx, plan: fewBoxes(made.plan), forms: [await coded('n', timesteps)] }
}

async function loadGenerated(size: keyof typeof WIDTHS, density: number): Promise<Network> {
  const { plan, onnx } = await generateLayout({ size, steps: 1, form: 'product', density })
  return { plan: fewBoxes(plan), onnx, forms: [await coded(size, 1)] }
}

/** Heads of random weights find something in every cell: 4,200 boxes to decode and compare, a seventh of the time. */
function fewBoxes(plan: Plan): Plan {
  return { ...plan, detect: { ...plan.detect, score: 0.9 } }
}

async function coded(size: keyof typeof WIDTHS, steps: number) {
  return { form: 'coded', ...(await generateLayout({ size, steps, form: 'coded' })) }
}
