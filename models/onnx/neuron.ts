// A call of ILIF or ILIFTau. The name says what the neuron should be and the body what any other runtime computes, so
// the two are compared: over the T steps of this call, both must be the same expressions of the input.
import { type Expression, Expressions } from './expressions.js'
import { BodyRun } from './neuron-body.js'
import type { AttributeProto, FunctionProto, NodeProto } from './proto.js'
import { describe, refuse } from './values.js'

/** What a call says. */
export interface NeuronSettings {
  form: 'ilif' | 'tau'
  levels: number
  constant: number
}

const FORMS = {
  ILIF: { form: 'ilif', constant: 'decay', fallback: 0.25 },
  ILIFTau: { form: 'tau', constant: 'tau', fallback: 2 },
} as const
const DEFAULT_LEVELS = 4

/** Reads the call and compares the function's body with the canonical neuron over `steps` time steps. */
export function readNeuron(
  node: NodeProto,
  functions: readonly FunctionProto[],
  steps: number,
): NeuronSettings {
  const form = FORMS[node.opType as keyof typeof FORMS]
  if (form === undefined)
    throw refuse(`${describe(node)} is not a neuron that saccade knows (ILIF, ILIFTau)`)
  const body = functions.find((f) => f.domain === 'saccade' && f.name === node.opType)
  if (body === undefined) throw refuse(`${describe(node)} has no function body in the file`)

  const attributes = attributesOf(node, body, ['levels', form.constant])
  const levels = attributes.get('levels')?.f ?? DEFAULT_LEVELS
  const constant = attributes.get(form.constant)?.f ?? form.fallback
  // Spikes are u8.
  if (!Number.isInteger(levels) || levels < 1 || levels > 255)
    throw refuse(`${describe(node)}: levels = ${levels}, which is not a whole number from 1 to 255`)
  const [least, most] = form.form === 'tau' ? [1, 1e6] : [0, 1]
  if (!(constant >= least && constant <= most))
    throw refuse(
      `${describe(node)}: ${form.constant} = ${constant} is not within ${least}..${most}`,
    )

  const settings: NeuronSettings = { form: form.form, levels, constant }
  compare(node, body, attributes, settings, steps)
  return settings
}

function attributesOf(
  node: NodeProto,
  body: FunctionProto,
  known: readonly string[],
): Map<string, AttributeProto> {
  const found = new Map<string, AttributeProto>()
  for (const attribute of [...body.attributeProto, ...node.attribute]) {
    const name = attribute.name ?? ''
    if (!known.includes(name))
      throw refuse(`${describe(node)} has attribute "${name}"; it takes ${known.join(' and ')}`)
    found.set(name, attribute)
  }
  return found
}

function compare(
  node: NodeProto,
  body: FunctionProto,
  attributes: Map<string, AttributeProto>,
  settings: NeuronSettings,
  steps: number,
): void {
  const call = `the body of ${node.opType} (called by "${node.name || node.output[0]}")`
  const differs = (why: string) =>
    refuse(
      `${call} is not the neuron of that name: ${why}`,
      'docs/plan.md gives the canonical bodies; levels and decay of the call must be those of the body',
    )
  const opset = body.opsetImport.find((o) => (o.domain ?? '') === '')?.version ?? 0
  if (opset < 17) throw differs(`it is written for opset ${opset}, not 17 or later`)
  if (body.input.length !== 1 || body.output.length !== 1)
    throw differs(`it has ${body.input.length} inputs and ${body.output.length} outputs`)
  const table = new Expressions()
  let found: Expression[]
  try {
    const run = new BodyRun(table, attributes)
    found = run.run(body.node, body.input[0]!, body.output[0]!, steps)
  } catch (error) {
    throw differs((error as Error).message)
  }
  const wanted = canonical(table, settings, steps)
  const at = wanted.findIndex((step, t) => step !== found[t])
  if (found.length !== steps) throw differs(`it returns ${found.length} steps for ${steps}`)
  if (at >= 0) throw differs(`step ${at} of ${steps} is computed otherwise`)
}

/** The neurons of the design, symbol by symbol, operations in their order. */
function canonical(e: Expressions, neuron: NeuronSettings, steps: number): Expression[] {
  const constant = e.number(neuron.constant)
  const fire = (m: Expression) => e.round(e.clip(m, 0, neuron.levels))
  const spikes: Expression[] = []
  let m = e.number(0)
  for (let t = 0; t < steps; t++) {
    const x = e.input(t)
    if (neuron.form === 'tau') m = e.add(m, e.divide(e.subtract(x, m), constant))
    else m = t === 0 ? x : e.add(e.multiply(e.subtract(m, spikes[t - 1]!), constant), x)
    const s = fire(m)
    spikes.push(s)
    if (neuron.form === 'tau') m = e.subtract(m, s)
  }
  return spikes
}
