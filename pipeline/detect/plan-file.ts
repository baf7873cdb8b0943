// Reads a plan: a safetensors file whose metadata hold the graph as JSON (docs/plan.md). Lengths, offsets and shapes are
// checked against the bytes and against the graph before a weight is touched. Writing is in models/compile.
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { SaccadeError } from '../errors.js'
import { describeTensor, parseTensors } from '../tensors/safetensors.js'
import type { Plan } from './plan.js'
import { checkPlan, weightShapes } from './plan-check.js'
import { planSchema } from './plan-schema.js'

/** Key of the graph's JSON in the file's `__metadata__`. */
export const PLAN_KEY = 'saccade.plan'

type Weights = Int8Array | Int16Array | Float32Array

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
  const { tensors, metadata } = parseTensors(bytes, { what: 'plan', code: 'ERR_MODEL' })
  const planText = metadata[PLAN_KEY]
  if (typeof planText !== 'string')
    throw fault(
      `this safetensors file is no plan: its metadata have no "${PLAN_KEY}"`,
      'make one with `saccade calibrate model.onnx`',
    )
  const graph = readGraph(planText)
  const wanted = weightShapes(graph)
  const plan: Plan = { ...graph, weights: new Map() }
  for (const [name, shape] of wanted) {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw fault(`the weights "${name}" are missing`)
    if (tensor.dtype !== shape.dtype || tensor.shape.join() !== shape.shape.join())
      throw fault(
        `"${name}" is ${describeTensor(tensor)}; its layer needs ${describeTensor(shape)}`,
      )
    plan.weights.set(name, tensor.data as Weights)
  }
  for (const name of tensors.keys())
    if (!wanted.has(name)) throw fault(`"${name}" belongs to no operator`)
  checkPlan(plan)
  return plan
}

function readGraph(text: string): z.infer<typeof planSchema> {
  const json = parseJson(text)
  const version = (json as { version?: unknown } | null)?.version
  if (version !== 1)
    throw fault(
      `it is a plan of version ${JSON.stringify(version) ?? 'none'}; this saccade reads version 1`,
      'compile the ONNX file again, or update saccade',
    )
  return checked(planSchema, json, PLAN_KEY)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw fault(`this is no plan, or it is damaged: ${PLAN_KEY} is not JSON`)
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw fault(`${[what, ...issue.path.map(String)].join('.')}: ${issue.message}`)
}

function fault(what: string, hint?: string): SaccadeError {
  return new SaccadeError('ERR_MODEL', what, hint)
}
