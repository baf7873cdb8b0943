// All that a network computes on some samples, as tensors with the names that records of the authors' code use.
import { type AuthorsMode, authorsNms } from '../detect/authors-nms.js'
import { decodeAnchors } from '../detect/native.js'
import type { Session, Trace, Work } from '../detect/session.js'
import type { Tensor } from '../tensors/safetensors.js'

/** What is wanted besides the spikes of every neuron. */
export interface TraceContents {
  /** Head maps `feat0`, … and all decoded anchors `y`. */
  heads?: boolean
  /** Rows `nms_val` or `nms_predict` (`nms_val.0`, … with more than one sample). */
  nms?: AuthorsMode
}

/** Runs the samples one after another; adds what it cost to `work` (native only). */
export async function traceSamples(
  session: Session,
  frames: readonly Uint8Array[],
  { work }: { work?: Work } = {},
): Promise<Trace[]> {
  const traces: Trace[] = []
  for (const frame of frames) traces.push(await session.trace(frame, { work }))
  return traces
}

/**
 * Traces as tensors: u8 [T, B, C, H, W] per neuron under the layer's name; f32 `feat0`, … [B, C, H, W]; f32 `y`
 * [B, 4 + classes, anchors], cx, cy, w, h in input pixels; f32 rows [n, 6] of x1, y1, x2, y2, score, class.
 */
export function traceTensors(
  session: Session,
  traces: readonly Trace[],
  { heads, nms }: TraceContents = {},
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>()
  for (const [name, { shape }] of traces[0]?.spikes ?? []) {
    const [steps, ...map] = shape as [number, ...number[]]
    const data = joinSteps(
      traces.map((trace) => trace.spikes.get(name)!.data),
      steps,
    )
    tensors.set(name, { dtype: 'U8', shape: [steps, traces.length, ...map], data })
  }
  if (heads)
    traces[0]?.heads.forEach(({ shape }, level) => {
      const data = join(traces.map((trace) => trace.heads[level]!.data))
      tensors.set(`feat${level}`, { dtype: 'F32', shape: [traces.length, ...shape], data })
    })
  const { plan } = session
  const classes = plan.head.classes.length
  if (!heads && nms === undefined) return tensors
  const decoded = traces.map((trace) =>
    decodeAnchors(
      trace.heads.map(({ data }) => data),
      trace.heads.map(({ shape }) => shape as [number, number, number]),
      plan,
    ),
  )
  if (heads) {
    const anchors = (decoded[0]?.length ?? 0) / (4 + classes)
    const shape = [traces.length, 4 + classes, anchors]
    tensors.set('y', { dtype: 'F32', shape, data: join(decoded) })
  }
  if (nms !== undefined)
    for (const [b, y] of decoded.entries()) {
      const rows = authorsNms(y, classes, nms)
      const name = decoded.length === 1 ? `nms_${nms}` : `nms_${nms}.${b}`
      tensors.set(name, { dtype: 'F32', shape: [rows.length / 6, 6], data: rows })
    }
  return tensors
}

/** B arrays [T, …] -> [T, B, …]. */
function joinSteps(samples: readonly Uint8Array[], steps: number): Uint8Array {
  const size = samples[0]!.length / steps
  const data = new Uint8Array(samples.length * steps * size)
  for (let t = 0; t < steps; t++)
    for (const [b, sample] of samples.entries())
      data.set(sample.subarray(t * size, (t + 1) * size), (t * samples.length + b) * size)
  return data
}

function join(parts: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    data.set(part, at)
    at += part.length
  }
  return data
}
