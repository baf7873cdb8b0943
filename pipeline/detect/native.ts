// The native backend: a plan becomes a session with its own memory and threads (native/engine).
import { SaccadeError } from '../errors.js'
import type { Geometry } from '../events/packet.js'
import { native } from '../native.js'
import type { WindowSpec } from '../windows/spec.js'
import { NativeSession, type SessionHandle } from './native-session.js'
import type { Plan, PlanOp, PlanTensor } from './plan.js'
import { inputLimit } from './plan-check.js'
import type { Form, RawDetections, Session, SessionOptions } from './session.js'
import { resolveOptions } from './session-options.js'

const addon = native as {
  Session: new (options: object) => SessionHandle
  kernelInfo(): { isa: string; supported: string[] }
  allocationCount(): number
  decodeHeads(options: object): RawDetections
  decodeAnchors(options: object): Float32Array
}

/** Order of `enum class Form` in native/engine/network.h. */
const FORMS: readonly Form[] = ['auto', 'dense', 'sparse', 'binary']
/** Order of the enums in native/engine/plan.h. */
const TENSOR_KINDS: readonly PlanTensor['kind'][] = ['input', 'spike', 'real']
const OP_KINDS: readonly PlanOp['op'][] = [
  'conv',
  'realconv',
  'neuron',
  'add',
  'upsample',
  'maxpool',
  'concat',
  'mean',
]

/**
 * The instruction set in use (the best one, or that of `SACCADE_ISA`) and all that this machine runs, best last.
 * Throws ERR_ISA when `SACCADE_ISA` names another.
 * @example
 * kernelInfo() // { isa: 'avx2', supported: ['scalar', 'avx2'] }
 */
export function kernelInfo(): { isa: string; supported: string[] } {
  return addon.kernelInfo()
}

/** Allocations made by the addon's own code since it was loaded; stands still while a session runs frame after frame. */
export function allocationCount(): number {
  return addon.allocationCount()
}

/**
 * The picture at which a model's boxes are cut before they are compared: its own, as our networks' training does. Not for
 * polarity-last: its authors compare boxes as they come and cut them at the sensor, whose right rim lies past the picture
 * (304 px are 320.5 by their factor, fit.ts).
 */
export function pictureOf(window: WindowSpec): Geometry | undefined {
  return window.kind === 'polarity-last' ? undefined : window
}

/**
 * Boxes from head maps that another runtime computed, by the code that the native session uses.
 * @param heads f32 [C, H, W] per stride, C = 4 * regMax + classes
 * @param picture where boxes are cut (pictureOf); undefined: they reach as far as the maps say
 * @returns rows [x1, y1, x2, y2, score, class] in model pixels, best first
 * @throws ERR_MODEL when shapes and settings do not fit each other
 * @example
 * decodeHeads([p3, p4], [[65, 30, 38], [65, 15, 19]], model.plan.head, model.plan.detect, { width: 304, height: 240 })
 */
export function decodeHeads(
  heads: Float32Array[],
  shapes: [number, number, number][],
  head: Plan['head'],
  detect: Plan['detect'],
  picture: Geometry | undefined,
): RawDetections {
  return inSaccadeTerms(() =>
    addon.decodeHeads({
      heads,
      shapes,
      strides: head.strides,
      detect: detectSettings(head, detect, picture),
    }),
  )
}

/**
 * Every anchor of the head maps, in the order of strides and row-major, unclipped: [4 + classes, anchors] with cx, cy, w, h
 * in model pixels and the scores.
 * @throws ERR_MODEL when shapes and settings do not fit each other
 * @example
 * decodeAnchors([p3, p4], [[65, 30, 38], [65, 15, 19]], model.plan) // 5 x 1425 numbers
 */
export function decodeAnchors(
  heads: Float32Array[],
  shapes: [number, number, number][],
  { head, detect, window }: Pick<Plan, 'head' | 'detect' | 'window'>,
): Float32Array {
  const settings = detectSettings(head, detect, pictureOf(window))
  return inSaccadeTerms(() =>
    addon.decodeAnchors({ heads, shapes, strides: head.strides, detect: settings }),
  )
}

/** Options of openNative. */
export interface NativeOptions extends SessionOptions {
  /** Instruction set; default: `SACCADE_ISA`, else the best one. */
  isa?: string
}

/**
 * Opens a session on a plan. All memory is taken here; `run` allocates none.
 * @throws ERR_MODEL when the plan is not usable, ERR_ISA when the instruction set is not there, ERR_ARGUMENT for a wrong option, ERR_NATIVE when the system gives no thread
 * @example
 * const session = await openNative(plan, { threads: 2 })
 * const { count, rows } = await session.run(frame.data)
 */
export async function openNative(plan: Plan, options: NativeOptions = {}): Promise<Session> {
  const { threads, detect } = resolveOptions(plan, options)
  const handle = inSaccadeTerms(
    () =>
      new addon.Session({
        ...describe(plan),
        detect: detectSettings(plan.head, detect, pictureOf(plan.window)),
        strides: plan.head.strides,
        threads,
        currents: options.currents ?? false,
        form: FORMS.indexOf(options.form ?? 'auto'),
        isa: options.isa ?? process.env.SACCADE_ISA ?? '',
      }),
  )
  return new NativeSession(plan, handle, detect.max, options.currents)
}

/** Settings of head decoding as native/addon/plan.cc reads them. */
function detectSettings(
  { regMax, classes }: Plan['head'],
  { score, iou, max, multiLabel }: Plan['detect'],
  picture: Geometry | undefined,
): object {
  const { width, height } = picture ?? { width: 0, height: 0 }
  const clip = picture !== undefined
  return { score, iou, max, multiLabel, regMax, classes: classes.length, clip, width, height }
}

/** A plan as native/addon/plan.cc reads it: tensors by index, weights beside their operators. */
function describe(plan: Plan): object {
  const indices = new Map(plan.tensors.map((tensor, index) => [tensor.id, index]))
  const index = (id: number, op: string): number => {
    const found = indices.get(id)
    if (found === undefined) {
      throw new SaccadeError(
        'ERR_MODEL',
        `${plan.name}: ${op} names tensor ${id}, which does not exist`,
      )
    }
    return found
  }
  const input = plan.tensors.find(({ kind }) => kind === 'input')
  const { channels, height, width } = plan.window
  if (input?.channels !== channels || input.height !== height || input.width !== width) {
    throw new SaccadeError(
      'ERR_MODEL',
      `${plan.name}: its window of ${channels} x ${height} x ${width} is not the shape of its input`,
    )
  }
  return {
    steps: plan.window.steps,
    // Largest value of a frame, which the proofs of exact sums rest on.
    inputMax: inputLimit(plan.window),
    tensors: plan.tensors.map((tensor) => ({ ...tensor, kind: TENSOR_KINDS.indexOf(tensor.kind) })),
    ops: plan.ops.map((op) => ({
      name: op.name,
      kind: OP_KINDS.indexOf(op.op),
      inputs: ('inputs' in op ? op.inputs : [op.input]).map((id) => index(id, op.name)),
      output: index(op.output, op.name),
      ...('kernel' in op ? slidingWindow(op) : {}),
      ...('groups' in op ? weights(plan, op) : {}),
      ...(op.op === 'neuron'
        ? { tau: op.form === 'tau', levels: op.levels, constant: op.constant }
        : {}),
      ...(op.op === 'upsample' ? { factor: op.factor } : {}),
    })),
    outputs: plan.outputs.map((id) => index(id, 'an output')),
  }
}

function slidingWindow(op: Extract<PlanOp, { kernel: unknown }>): object {
  const [kernelHeight, kernelWidth] = op.kernel
  const [strideY, strideX] = op.stride
  const [padTop, padLeft, padBottom, padRight] = op.pad
  return { kernelHeight, kernelWidth, strideY, strideX, padTop, padLeft, padBottom, padRight }
}

function weights(plan: Plan, op: Extract<PlanOp, { groups: unknown }>): object {
  const tensor = (name: string) => plan.weights.get(`${op.name}.${name}`)
  return {
    groups: op.groups,
    weight: tensor('weight'),
    bias: tensor('bias'),
    ...(op.op === 'conv' ? { bits: op.bits, scale: tensor('scale') } : {}),
  }
}

const CODES = ['ERR_MODEL', 'ERR_ISA', 'ERR_ARGUMENT', 'ERR_NATIVE'] as const

/** The addon throws errors with a code and one sentence; here they become SaccadeErrors. */
function inSaccadeTerms<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    const known = CODES.find((one) => one === code)
    if (known === undefined) throw error
    throw new SaccadeError(known, message, undefined, { cause: error })
  }
}
