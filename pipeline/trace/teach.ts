// A network under a teacher: recorded spikes and currents in, one layer out. How many spikes of each layer flip, and how far
// its currents are from the recorded ones, says what rounding costs in that layer and no other.
import { join } from 'node:path'
import type { Plan } from '../detect/plan.js'
import type { Session, Teacher, Trace, Work } from '../detect/session.js'
import { neurons } from '../detect/teacher.js'
import { SaccadeError } from '../errors.js'
import { describeTensor, loadTensors, type Tensor } from '../tensors/safetensors.js'

/** What became of one layer. */
export interface LayerDistance {
  layer: string
  values: number
  /** Spikes other than the recorded ones. */
  flips: number
  /** Power of the recorded currents over that of the errors, dB; Infinity when there is none. */
  sqnrDb: number
  /** Largest error of a current. */
  worstCurrent: number
}

/** What became of all layers. */
export interface Distance {
  layers: LayerDistance[]
  values: number
  flips: number
  /** The layer with the largest part of flips. */
  worst: LayerDistance | undefined
}

/** Files of a teacher's folder. */
export const TEACHER_FILES = ['spikes.safetensors', 'currents.safetensors'] as const

/**
 * Reads `spikes.safetensors` and `currents.safetensors` of a folder, u8 and f32 [T, B, C, H, W] under the layers' names.
 * @returns a teacher per sample
 * @throws ERR_NOT_FOUND, ERR_FORMAT, or ERR_ARGUMENT when a layer is missing or has another shape
 */
export async function loadTeachers(
  folder: string,
  plan: Plan,
  samples: number,
): Promise<Teacher[]> {
  const load = (file: string) => loadTensors(join(folder, file))
  const spikes = await load(TEACHER_FILES[0])
  const currents = await load(TEACHER_FILES[1])
  const teachers: { spikes: Map<string, Uint8Array>; currents: Map<string, Float32Array> }[] =
    Array.from({ length: samples }, () => ({ spikes: new Map(), currents: new Map() }))
  for (const { name, shape } of neurons(plan)) {
    const [steps, ...map] = shape as [number, ...number[]]
    const full = [steps, samples, ...map]
    const fired = recorded(spikes.tensors, name, 'U8', full, folder).data as Uint8Array
    const entered = recorded(currents.tensors, name, 'F32', full, folder).data as Float32Array
    for (const [b, teacher] of teachers.entries()) {
      teacher.spikes.set(name, sampleOf(fired, steps, samples, b))
      teacher.currents.set(name, sampleOf(entered, steps, samples, b))
    }
  }
  return teachers
}

function recorded(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  dtype: 'U8' | 'F32',
  shape: readonly number[],
  folder: string,
): Tensor {
  const tensor = tensors.get(name)
  const wanted = describeTensor({ dtype, shape })
  if (tensor === undefined || describeTensor(tensor) !== wanted)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${folder}: the ${dtype === 'U8' ? 'spikes' : 'currents'} of ${name} are ${tensor ? describeTensor(tensor) : 'missing'}; the network has ${wanted}`,
    )
  return tensor
}

/** [T, B, …] -> [T, …] of sample b. */
function sampleOf<A extends Uint8Array | Float32Array>(
  data: A,
  steps: number,
  samples: number,
  b: number,
): A {
  const size = data.length / steps / samples
  const sample = data.slice(0, steps * size) as A
  for (let t = 0; t < steps; t++) {
    const from = (t * samples + b) * size
    sample.set(data.subarray(from, from + size), t * size)
  }
  return sample
}

/** Sums up how far traces are from their teachers, one sample at a time: a trace may take 100 MB. */
export class DistanceMeter {
  readonly #layers = new Map<string, LayerDistance & { power: number; error: number }>()

  /** Counts one sample. The trace must have currents. */
  add({ spikes, currents }: Trace, teacher: Teacher): void {
    for (const [layer, { data }] of spikes) {
      let sums = this.#layers.get(layer)
      if (sums === undefined) {
        sums = { layer, values: 0, flips: 0, sqnrDb: 0, worstCurrent: 0, power: 0, error: 0 }
        this.#layers.set(layer, sums)
      }
      const fired = teacher.spikes.get(layer)!
      const entered = teacher.currents.get(layer)!
      const current = currents!.get(layer)!
      sums.values += data.length
      for (let i = 0; i < data.length; i++) {
        if (data[i] !== fired[i]) sums.flips += 1
        const off = current[i]! - entered[i]!
        sums.power += entered[i]! ** 2
        sums.error += off ** 2
        sums.worstCurrent = Math.max(sums.worstCurrent, Math.abs(off))
      }
    }
  }

  /** The distance of all that was counted. */
  get distance(): Distance {
    const layers = [...this.#layers.values()].map(({ power, error, ...layer }) => ({
      ...layer,
      sqnrDb: error === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(power / error),
    }))
    const sum = (of: (layer: LayerDistance) => number) =>
      layers.reduce((total, layer) => total + of(layer), 0)
    const part = ({ flips, values }: LayerDistance) => flips / values
    const worst = layers.reduce<LayerDistance | undefined>(
      (most, layer) => (most === undefined || part(layer) > part(most) ? layer : most),
      undefined,
    )
    return { layers, values: sum(({ values }) => values), flips: sum(({ flips }) => flips), worst }
  }
}

/**
 * Runs each sample under its teacher; adds what it cost to `work`. The session must have been opened with `currents`; the
 * traces that are returned have none: they are four fifths of a trace's memory, and measured by then.
 */
export async function teachSamples(
  session: Session,
  frames: readonly Uint8Array[],
  teachers: readonly Teacher[],
  work?: Work,
): Promise<{ traces: Trace[]; distance: Distance }> {
  const traces: Trace[] = []
  const meter = new DistanceMeter()
  for (const [b, frame] of frames.entries()) {
    const trace = await session.trace(frame, { teacher: teachers[b]!, work })
    meter.add(trace, teachers[b]!)
    traces.push({ spikes: trace.spikes, heads: trace.heads })
  }
  return { traces, distance: meter.distance }
}

/** A distance as rows of a table, the head first, and one sentence for all. */
export function describeDistance({ layers, flips, values, worst }: Distance): {
  rows: string[][]
  sentence: string
} {
  const percent = (part: { flips: number; values: number }) =>
    `${((100 * part.flips) / part.values).toFixed(3)} %`
  const rows = layers.map((layer) => [
    layer.layer,
    String(layer.values),
    String(layer.flips),
    percent(layer),
    layer.sqnrDb.toFixed(1),
    layer.worstCurrent.toExponential(1),
  ])
  const most =
    worst === undefined || flips === 0 ? '' : `; most in ${worst.layer}, ${percent(worst)}`
  return {
    rows: [['layer', 'values', 'flips', '', 'SQNR dB', 'largest error of a current'], ...rows],
    sentence: `${flips.toLocaleString('en')} of ${values.toLocaleString('en')} spikes flip (${percent({ flips, values })})${most}`,
  }
}
