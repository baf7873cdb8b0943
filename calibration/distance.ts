// How far a plan is from the float network that it was made from, on real windows: each layer by itself, under the float
// network as teacher, and end to end.
import { exposeValues } from '../models/index.js'
import { openNative } from '../pipeline/detect/native.js'
import { openOnnx } from '../pipeline/detect/onnx.js'
import type { Teacher, Trace } from '../pipeline/detect/session.js'
import { neurons } from '../pipeline/detect/teacher.js'
import type { Plan } from '../pipeline/index.js'
import { FiringMeter, type LayerFiring } from '../pipeline/trace/firing.js'
import { type Distance, DistanceMeter, describeDistance } from '../pipeline/trace/teach.js'

/** Distance of a plan from its float network. */
export interface FloatDistance {
  windows: number
  /** Each layer computed from the float network's spikes and currents: what rounding costs there. */
  layers: Distance
  /** Both running freely: spikes that differ anywhere, and the error of the head maps. */
  endToEnd: { values: number; flips: number; headSqnrDb: number; headWorst: number }
  /** What fires, both running freely. */
  firing: { float: LayerFiring[]; plan: LayerFiring[] }
  /** Each layer by itself in the plan that it was compared with. */
  other?: Distance
}

/**
 * Runs frames through both. A float trace of a 320 x 320 network takes a second and 100 MB a window.
 * @param onnx bytes of the file that the plan was compiled from, or of the one that was snapped
 * @param other a plan of the same network, to be measured on the same float traces
 * @throws ERR_NOT_FOUND when onnxruntime-node is not installed
 */
export async function distanceToFloat(
  plan: Plan,
  onnx: Uint8Array,
  frames: readonly Uint8Array[],
  { other }: { other?: Plan } = {},
): Promise<FloatDistance> {
  const values = neurons(plan).flatMap(({ spikes, current }) => [spikes, current])
  await using float = await openOnnx(
    plan,
    { traced: exposeValues(onnx, values) },
    { currents: true },
  )
  await using engine = await openNative(plan, { currents: true })
  await using otherEngine = other && (await openNative(other, { currents: true }))
  const meter = new DistanceMeter()
  const otherMeter = new DistanceMeter()
  const firing = { float: new FiringMeter(plan), plan: new FiringMeter(plan) }
  const endToEnd = { values: 0, flips: 0, headSqnrDb: 0, headWorst: 0 }
  let [power, error] = [0, 0]
  for (const frame of frames) {
    const reference = await float.trace(frame)
    const teacher = teacherOf(reference)
    meter.add(await engine.trace(frame, { teacher }), teacher)
    if (otherEngine) otherMeter.add(await otherEngine.trace(frame, { teacher }), teacher)
    const free = await engine.trace(frame)
    firing.float.add(reference)
    firing.plan.add(free)
    for (const [name, { data }] of free.spikes) {
      const fired = teacher.spikes.get(name)!
      endToEnd.values += data.length
      for (let i = 0; i < data.length; i++) if (data[i] !== fired[i]) endToEnd.flips += 1
    }
    for (const [level, { data }] of reference.heads.entries()) {
      const ours = free.heads[level]!.data
      for (let i = 0; i < data.length; i++) {
        const off = ours[i]! - data[i]!
        power += data[i]! ** 2
        error += off ** 2
        endToEnd.headWorst = Math.max(endToEnd.headWorst, Math.abs(off))
      }
    }
  }
  endToEnd.headSqnrDb = error === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(power / error)
  return {
    windows: frames.length,
    layers: meter.distance,
    endToEnd,
    firing: { float: firing.float.layers, plan: firing.plan.layers },
    ...(other && { other: otherMeter.distance }),
  }
}

function teacherOf({ spikes, currents }: Trace): Teacher {
  return {
    spikes: new Map([...spikes].map(([name, { data }]) => [name, data])),
    currents: currents!,
  }
}

/** The distance for people: rows of a table, then sentences. */
export function distanceLines({ windows, layers, endToEnd }: FloatDistance): {
  rows: string[][]
  sentences: string[]
} {
  const { rows, sentence } = describeDistance(layers)
  const { values, flips, headSqnrDb, headWorst } = endToEnd
  return {
    rows,
    sentences: [
      `distance to float, each layer by itself (${windows} windows): ${sentence}`,
      `end to end: ${((100 * flips) / values).toFixed(2)} % of the spikes differ; head maps ${headSqnrDb.toFixed(1)} dB, largest error ${headWorst.toPrecision(2)}`,
    ],
  }
}
