// Reads a plan: a safetensors file whose metadata hold the graph as JSON (docs/plan.md). Lengths, offsets and shapes are
// checked against the bytes and against the graph before a weight is touched. Writing is in models/compile.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import type { Plan } from './plan.js'
import { checkPlan, type WeightShape, weightShapes } from './plan-check.js'
import { planSchema } from './plan-schema.js'

/** Key of the graph's JSON in the file's `__metadata__`. */
export const PLAN_KEY = 'saccade.plan'
const LONGEST_HEADER = 64 * 1024 * 1024
const TYPES = { I8: Int8Array, I16: Int16Array, F32: Float32Array }

const entrySchema = z.strictObject({
  dtype: z.enum(['I8', 'I16', 'F32']),
  shape: z.array(z.int().min(1)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
})
type Entry = z.infer<typeof entrySchema>

/** Loads a .spike file. Throws ERR_NOT_FOUND, ERR_IO, or ERR_MODEL with what is wrong in it. */
export async function loadPlan(path: string): Promise<Plan> {
  return readPlan(await readModelFile(path), path)
}

/** Reads a model's file whole. Throws ERR_NOT_FOUND or ERR_IO with its name. */
export async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new SaccadeError('ERR_NOT_FOUND', `${path}: there is no such file`)
    if (code === 'EISDIR')
      throw new SaccadeError('ERR_MODEL', `${path}: this is a folder, not a model file`)
    throw new SaccadeError('ERR_IO', `${path}: ${message}`, undefined, { cause: error })
  }
}

/** Reads the bytes of a .spike file; weights are views into them where their alignment allows. `file` is for sentences. */
export function readPlan(bytes: Uint8Array, file: string): Plan {
  try {
    return parse(bytes)
  } catch (error) {
    if (!(error instanceof SaccadeError)) throw error
    throw new SaccadeError(error.code, `${file}: ${error.message}`, error.hint, { cause: error })
  }
}

function parse(bytes: Uint8Array): Plan {
  const { entries, planText, data } = readContainer(bytes)
  const graph = readGraph(planText)
  const wanted = weightShapes(graph)
  const plan: Plan = { ...graph, weights: new Map() }
  for (const [name, shape] of wanted) {
    const entry = entries.get(name)
    if (entry === undefined) throw fault(`the weights "${name}" are missing`)
    if (entry.dtype !== shape.dtype || entry.shape.join() !== shape.shape.join())
      throw fault(`"${name}" is ${say(entry)}; its layer needs ${say(shape)}`)
    plan.weights.set(name, view(data, entry))
  }
  for (const name of entries.keys())
    if (!wanted.has(name)) throw fault(`"${name}" belongs to no operator`)
  checkPlan(plan)
  return plan
}

function readContainer(bytes: Uint8Array): {
  entries: Map<string, Entry>
  planText: string
  data: Uint8Array
} {
  if (bytes.length < 8)
    throw fault(`this is no plan: ${bytes.length} bytes, less than a safetensors header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = Number(view.getBigUint64(0, true))
  if (length > LONGEST_HEADER || length > bytes.length - 8)
    throw fault(
      `this is no plan, or it is cut off: it claims a header of ${length} bytes and has ${bytes.length - 8}`,
    )
  const header = parseJson(bytes.subarray(8, 8 + length), 'the header')
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw fault('the header is not a JSON object')
  const data = bytes.subarray(8 + length)
  const { __metadata__: metadata, ...rest } = header as Record<string, unknown>
  const planText = (metadata as Record<string, unknown> | undefined)?.[PLAN_KEY]
  if (typeof planText !== 'string')
    throw fault(
      `this safetensors file is no plan: its metadata have no "${PLAN_KEY}"`,
      'make one with `saccade calibrate model.onnx`',
    )
  const entries = new Map<string, Entry>()
  for (const [name, value] of Object.entries(rest))
    entries.set(name, checked(entrySchema, value, `"${name}"`))
  checkOffsets(entries, data.length)
  return { entries, planText, data }
}

/** Tensors must lie end to end: no gap, no overlap, nothing after the last. */
function checkOffsets(entries: Map<string, Entry>, length: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])
  let end = 0
  for (const [name, entry] of sorted) {
    const [from, to] = entry.data_offsets
    const bytes = entry.shape.reduce((n, d) => n * d, TYPES[entry.dtype].BYTES_PER_ELEMENT)
    if (from !== end) throw fault(`"${name}" starts at byte ${from} of the data, not at ${end}`)
    if (to - from !== bytes)
      throw fault(`"${name}" is ${say(entry)}, ${bytes} bytes, but spans ${to - from}`)
    end = to
  }
  if (end !== length)
    throw fault(
      `it holds ${length} bytes of weights where its header says ${end}`,
      'copy the file again',
    )
}

function readGraph(text: string): z.infer<typeof planSchema> {
  const json = parseJson(text, PLAN_KEY)
  const version = (json as { version?: unknown } | null)?.version
  if (version !== 1)
    throw fault(
      `it is a plan of version ${JSON.stringify(version) ?? 'none'}; this saccade reads version 1`,
      'compile the ONNX file again, or update saccade',
    )
  return checked(planSchema, json, PLAN_KEY)
}

function parseJson(text: string | Uint8Array, what: string): unknown {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    return JSON.parse(typeof text === 'string' ? text : decoder.decode(text))
  } catch {
    throw fault(`this is no plan, or it is damaged: ${what} is not JSON`)
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw fault(`${[what, ...issue.path.map(String)].join('.')}: ${issue.message}`)
}

function view(data: Uint8Array, entry: Entry): Int8Array | Int16Array | Float32Array {
  const [from, to] = entry.data_offsets
  const Type = TYPES[entry.dtype]
  const start = data.byteOffset + from
  const count = (to - from) / Type.BYTES_PER_ELEMENT
  if (start % Type.BYTES_PER_ELEMENT === 0)
    return new Type(data.buffer as ArrayBuffer, start, count)
  return new Type(data.slice(from, to).buffer, 0, count)
}

function say({ dtype, shape }: WeightShape): string {
  return `${dtype} [${shape.join(', ')}]`
}

function fault(what: string, hint?: string): SaccadeError {
  return new SaccadeError('ERR_MODEL', what, hint)
}
