// What must hold for a plan before anything runs it: the engine trusts these facts. Shapes follow from the operators,
// values are made once and before they are read, weights are there and of the right size, and no sum leaves int32.
import { SaccadeError } from '../errors.js'
import type { WindowSpec } from '../windows/spec.js'
import type { ConvOp, MaxPoolOp, Plan, PlanOp, PlanTensor, RealConvOp } from './plan.js'

/** Type and shape of a weight tensor, in safetensors' words. */
export interface WeightShape {
  dtype: 'I8' | 'I16' | 'F32'
  shape: number[]
}

const MOST_NUMBERS = 2 ** 27
/** The largest sum that an accumulator holds. */
export const MOST_INT32 = 2 ** 31 - 1

/** The largest value a frame can hold. */
export function inputLimit(window: WindowSpec): number {
  if (window.kind === 'polarity-last') return 255
  return window.kind === 'binary' ? 1 : window.clip
}

/** Ids of the tensors an operator reads. */
export function inputIds(op: PlanOp): readonly number[] {
  return 'inputs' in op ? op.inputs : [op.input]
}

/** The weight tensors that a plan's operators need, by name, in their order. */
export function weightShapes(plan: Pick<Plan, 'ops' | 'tensors'>): Map<string, WeightShape> {
  const shapes = new Map<string, WeightShape>()
  for (const op of plan.ops) {
    if (op.op !== 'conv' && op.op !== 'realconv') continue
    const outputs = tensorOf(plan, op, op.output).channels
    const perGroup = tensorOf(plan, op, op.input).channels / op.groups
    const shape = [outputs, perGroup, ...op.kernel]
    const dtype = op.op === 'realconv' ? 'F32' : op.bits === 8 ? 'I8' : 'I16'
    shapes.set(`${op.name}.weight`, { dtype, shape })
    if (op.op === 'conv') shapes.set(`${op.name}.scale`, { dtype: 'F32', shape: [outputs] })
    shapes.set(`${op.name}.bias`, { dtype: 'F32', shape: [outputs] })
  }
  return shapes
}

/** Checks a whole plan. Throws ERR_MODEL with the operator's name; the caller puts the file's before it. */
export function checkPlan(plan: Plan): void {
  checkTensors(plan)
  const made = new Set(plan.tensors.filter((t) => t.kind === 'input').map((t) => t.id))
  const names = new Set<string>()
  for (const op of plan.ops) {
    if (names.has(op.name)) throw fault(`two operators are named "${op.name}"`)
    names.add(op.name)
    for (const id of inputIds(op)) {
      tensorOf(plan, op, id)
      if (!made.has(id)) throw at(op, `reads tensor ${id} before it is made`)
    }
    tensorOf(plan, op, op.output)
    if (made.has(op.output)) throw at(op, `makes tensor ${op.output} a second time`)
    made.add(op.output)
    checkOp(plan, op)
  }
  checkOutputs(plan, made)
  checkWeights(plan)
  const limits = valueLimits(plan)
  for (const op of plan.ops) {
    if (op.op !== 'conv') continue
    const weights = plan.weights.get(`${op.name}.weight`)!
    const most = largestSum(weights, plan.tensors[op.output]!.channels, limits.get(op.input)!)
    if (most > MOST_INT32) throw at(op, `can sum up to ${most}, which leaves int32`)
  }
}

/** Largest value of every u8 tensor, by id. */
export function valueLimits(plan: Pick<Plan, 'ops' | 'tensors' | 'window'>): Map<number, number> {
  const limits = new Map<number, number>()
  for (const tensor of plan.tensors)
    if (tensor.kind === 'input') limits.set(tensor.id, inputLimit(plan.window))
  for (const op of plan.ops) if (op.op === 'neuron') limits.set(op.output, op.levels)
  return limits
}

/** The largest magnitude an accumulator can reach over all inputs up to `limit`, whatever the order of summation. */
export function largestSum(
  weights: Int8Array | Int16Array | Float32Array,
  outputs: number,
  limit: number,
): number {
  const perOutput = weights.length / outputs
  let most = 0
  for (let start = 0; start < weights.length; start += perOutput) {
    let sum = 0
    for (let i = start; i < start + perOutput; i++) sum += Math.abs(weights[i]!)
    most = Math.max(most, sum * limit)
  }
  return most
}

function checkTensors({ tensors, window }: Plan): void {
  if (tensors.some((tensor, i) => tensor.id !== i))
    throw fault('the ids of the tensors are not 0, 1, 2, …')
  const inputs = tensors.filter((tensor) => tensor.kind === 'input')
  const [input] = inputs
  if (input === undefined || inputs.length > 1)
    throw fault(`it has ${inputs.length} input tensors; one is needed`)
  const { channels, height, width } = window
  if (!sameShape(input, { channels, height, width, timed: true }))
    throw fault('the input tensor is not of the size of the window')
  const perStep = window.kind === 'polarity-last' ? 3 : (2 * window.bins) / window.steps
  if (channels !== perStep)
    throw fault(
      `a ${window.kind} window with ${window.bins} bins in ${window.steps} steps has ${perStep} channels, not ${channels}`,
    )
  for (const tensor of tensors) {
    const steps = tensor.timed ? window.steps : 1
    if (steps * tensor.channels * tensor.height * tensor.width > MOST_NUMBERS)
      throw fault(`tensor "${tensor.name}" is too large`)
  }
}

function checkOp(plan: Plan, op: PlanOp): void {
  const inputs = inputIds(op).map((id) => plan.tensors[id]!)
  const output = plan.tensors[op.output]!
  const first = inputs[0]!
  const reads = op.op === 'conv' ? ['input', 'spike'] : ['real']
  const odd = inputs.find((tensor) => !reads.includes(tensor.kind))
  if (odd !== undefined)
    throw at(op, `reads "${odd.name}", which is ${odd.kind}, not ${reads.join(' or ')}`)
  const makes = op.op === 'neuron' ? 'spike' : 'real'
  if (output.kind !== makes)
    throw at(op, `makes "${output.name}", which is ${output.kind}, not ${makes}`)

  const wanted = shapeMade(op, inputs)
  if (!sameShape(output, wanted))
    throw at(op, `makes ${dims(output)}; from its input follows ${dims(wanted)}`)
  if (op.op === 'conv' || op.op === 'realconv') {
    if (first.channels % op.groups !== 0 || output.channels % op.groups !== 0)
      throw at(
        op,
        `has ${op.groups} groups, which do not divide ${first.channels} and ${output.channels} channels`,
      )
  }
  if (op.op === 'maxpool') {
    const [top, left, bottom, right] = op.pad
    if (Math.max(top, bottom) >= op.kernel[0] || Math.max(left, right) >= op.kernel[1])
      throw at(op, 'pads by as much as its kernel')
  }
  if (op.op === 'neuron' && op.form === 'tau' && op.constant < 1)
    throw at(op, `has tau ${op.constant}, which is below 1`)
}

type Shape = Pick<PlanTensor, 'channels' | 'height' | 'width' | 'timed'>

function shapeMade(op: PlanOp, inputs: readonly PlanTensor[]): Shape {
  const { channels, height, width, timed } = inputs[0]!
  switch (op.op) {
    case 'conv':
    case 'realconv':
    case 'maxpool':
      return { channels: op.op === 'maxpool' ? channels : -1, timed, ...slide(op, height, width) }
    case 'upsample':
      return { channels, height: height * op.factor, width: width * op.factor, timed }
    case 'mean':
      if (!timed) throw at(op, 'follows another mean over time')
      return { channels, height, width, timed: false }
    case 'neuron':
      return { channels, height, width, timed }
    case 'add':
    case 'concat': {
      const odd = inputs.find((t) => !sameShape(t, { ...t, height, width, timed }))
      if (odd !== undefined || (op.op === 'add' && inputs[1]!.channels !== channels))
        throw at(op, 'joins tensors of different sizes')
      const sum = inputs.reduce((total, tensor) => total + tensor.channels, 0)
      return { channels: op.op === 'concat' ? sum : channels, height, width, timed }
    }
  }
}

function slide(op: ConvOp | RealConvOp | MaxPoolOp, height: number, width: number) {
  const [top, left, bottom, right] = op.pad
  return {
    height: Math.floor((height + top + bottom - op.kernel[0]) / op.stride[0]) + 1,
    width: Math.floor((width + left + right - op.kernel[1]) / op.stride[1]) + 1,
  }
}

/** A convolution's channels (-1 here) are those of its weights. */
function sameShape(a: Shape, b: Shape): boolean {
  return (
    (b.channels === -1 || a.channels === b.channels) &&
    a.height === b.height &&
    a.width === b.width &&
    a.timed === b.timed
  )
}

function checkOutputs({ outputs, tensors, head, window }: Plan, made: Set<number>): void {
  if (outputs.length !== head.strides.length)
    throw fault(`it has ${outputs.length} outputs for ${head.strides.length} strides`)
  for (const [i, id] of outputs.entries()) {
    const tensor = tensors[id]
    const stride = head.strides[i]!
    if (tensor === undefined || !made.has(id) || tensor.kind !== 'real')
      throw fault(`output ${i} is tensor ${id}, which no operator makes as real values`)
    if (tensor.channels !== 4 * head.regMax + head.classes.length)
      throw fault(
        `output "${tensor.name}" has ${tensor.channels} channels for ${head.regMax} bins and ${head.classes.length} classes`,
      )
    if (tensor.timed && window.steps > 1)
      throw fault(`output "${tensor.name}" still has ${window.steps} time steps`)
    const off = Math.max(
      Math.abs(tensor.height * stride - window.height),
      Math.abs(tensor.width * stride - window.width),
    )
    if (off >= stride) throw fault(`output "${tensor.name}" is not of the size of stride ${stride}`)
  }
}

function checkWeights(plan: Plan): void {
  const shapes = weightShapes(plan)
  const kinds = { I8: Int8Array, I16: Int16Array, F32: Float32Array }
  for (const [name, { dtype, shape }] of shapes) {
    const weights = plan.weights.get(name)
    const wanted = shape.reduce((product, n) => product * n, 1)
    if (!(weights instanceof kinds[dtype]) || weights.length !== wanted)
      throw fault(`"${name}" is not ${dtype} [${shape.join(', ')}]`)
    if (weights instanceof Float32Array && !weights.every(Number.isFinite))
      throw fault(`"${name}" holds NaN or infinity`)
  }
  for (const name of plan.weights.keys())
    if (!shapes.has(name)) throw fault(`"${name}" belongs to no operator`)
}

function tensorOf(plan: Pick<Plan, 'tensors'>, op: PlanOp, id: number): PlanTensor {
  const tensor = plan.tensors[id]
  if (tensor === undefined) throw at(op, `names tensor ${id}, which the plan does not have`)
  return tensor
}

function dims({ channels, height, width, timed }: Shape): string {
  return `[${timed ? 'T' : '1'}, ${channels === -1 ? '*' : channels}, ${height}, ${width}]`
}

function at(op: PlanOp, what: string): SaccadeError {
  return fault(`${op.op} "${op.name}" ${what}`)
}

function fault(what: string): SaccadeError {
  return new SaccadeError('ERR_MODEL', what)
}
