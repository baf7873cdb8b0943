// Runs the body of a model-local function on symbols: the tensor [T, C, H, W] is a list of T expressions. What it knows
// is enough for a body that is unrolled (Split, Slice, Gather, Concat over axis 0) or a Scan.
import type { Expression, Expressions } from './expressions.js'
import type { AttributeProto, NodeProto } from './proto.js'
import { Attributes, describe, readConstant, refuse } from './values.js'

/** `steps`: [n, C, H, W]; `step`: [C, H, W]; `numbers`: a small constant. */
type Value =
  | { kind: 'steps'; steps: Expression[] }
  | { kind: 'step'; step: Expression }
  | { kind: 'numbers'; numbers: number[]; scalar: boolean }

type Scope = Map<string, Value>

/** Evaluates bodies; `attributes` are those of the call, by name. */
export class BodyRun {
  #nodes = 0

  constructor(
    readonly table: Expressions,
    readonly attributes: ReadonlyMap<string, AttributeProto>,
  ) {}

  /** Output of a function of one input and one output. */
  run(nodes: readonly NodeProto[], input: string, output: string, steps: number): Expression[] {
    const x = Array.from({ length: steps }, (_, t) => this.table.input(t))
    const scope: Scope = new Map([[input, { kind: 'steps', steps: x }]])
    this.#runNodes(nodes, scope)
    const result = scope.get(output)
    if (result?.kind !== 'steps') throw refuse(`its output "${output}" is not a whole tensor`)
    return result.steps
  }

  #runNodes(nodes: readonly NodeProto[], scope: Scope): void {
    for (const node of nodes) {
      // A Scan runs its body once a step: bounded, whatever a file claims.
      this.#nodes += 1
      if (this.#nodes > 10_000) throw refuse('it has more than 10 000 operations')
      const values = this.#evaluate(node, scope)
      node.output.forEach((name, i) => {
        const value = values[i]
        if (name === '') return
        if (value === undefined || scope.has(name))
          throw refuse(`${describe(node)} makes "${name}" twice or not at all`)
        scope.set(name, value)
      })
    }
  }

  #evaluate(node: NodeProto, scope: Scope): Value[] {
    if ((node.domain ?? '') !== '') throw refuse(`it calls ${describe(node)} of ${node.domain}`)
    const at = new Attributes(node)
    const input = (i: number): Value => {
      const value = scope.get(node.input[i] ?? '')
      if (value === undefined)
        throw refuse(`${describe(node)} reads "${node.input[i] ?? ''}", which nothing made`)
      return value
    }
    const has = (i: number) => (node.input[i] ?? '') !== ''
    const e = this.table
    switch (node.opType) {
      case 'Constant':
        return [this.#constant(at)]
      case 'Identity':
        return [input(0)]
      case 'Add':
        return [this.#combine(node, input(0), input(1), (a, b) => e.add(a, b))]
      case 'Sub':
        return [this.#combine(node, input(0), input(1), (a, b) => e.subtract(a, b))]
      case 'Mul':
        return [this.#combine(node, input(0), input(1), (a, b) => e.multiply(a, b))]
      case 'Div':
        return [this.#combine(node, input(0), input(1), (a, b) => e.divide(a, b))]
      case 'Round':
        return [each(node, input(0), (a) => e.round(a))]
      case 'Clip': {
        const low = scalarOf(node, input(1))
        const high = scalarOf(node, input(2))
        return [each(node, input(0), (a) => e.clip(a, low, high))]
      }
      case 'Concat': {
        at.only('axis', at.int('axis', -1), 0)
        const parts = node.input.map((_, i) => stepsOf(node, input(i)))
        return [{ kind: 'steps', steps: parts.flat() }]
      }
      case 'Split': {
        at.only('axis', at.int('axis', 0), 0)
        at.take('num_outputs')
        const steps = stepsOf(node, input(0))
        const even = Math.ceil(steps.length / node.output.length)
        const sizes = has(1)
          ? numbersOf(node, input(1))
          : node.output.map((_, i) => Math.max(0, Math.min(even, steps.length - i * even)))
        if (
          sizes.length !== node.output.length ||
          sizes.reduce((a, b) => a + b, 0) !== steps.length
        )
          throw refuse(`${describe(node)} splits ${steps.length} steps into [${sizes.join(', ')}]`)
        let start = 0
        return sizes.map((n) => {
          start += n
          return { kind: 'steps', steps: steps.slice(start - n, start) }
        })
      }
      case 'Slice': {
        const one = (i: number) => scalarOf(node, input(i))
        if (has(3) && one(3) !== 0) throw refuse(`${describe(node)} is not over axis 0`)
        if (!has(3) || (has(4) && one(4) !== 1))
          throw refuse(`${describe(node)} names no axis or has a step other than 1`)
        return [{ kind: 'steps', steps: stepsOf(node, input(0)).slice(one(1), one(2)) }]
      }
      case 'Gather': {
        at.only('axis', at.int('axis', 0), 0)
        const steps = stepsOf(node, input(0))
        const index = input(1)
        const picked = numbersOf(node, index).map((i) => steps.at(i))
        if (picked.some((step) => step === undefined))
          throw refuse(`${describe(node)} picks a step that is not there`)
        if (index.kind === 'numbers' && index.scalar) return [{ kind: 'step', step: picked[0]! }]
        return [{ kind: 'steps', steps: picked as Expression[] }]
      }
      case 'Squeeze': {
        if (has(1) && scalarOf(node, input(1)) !== 0)
          throw refuse(`${describe(node)} is not over axis 0`)
        const steps = stepsOf(node, input(0))
        if (steps.length !== 1) throw refuse(`${describe(node)} squeezes ${steps.length} steps`)
        return [{ kind: 'step', step: steps[0]! }]
      }
      case 'Unsqueeze': {
        const value = input(0)
        if (value.kind !== 'step' || scalarOf(node, input(1)) !== 0)
          throw refuse(`${describe(node)} is not over axis 0 of a step`)
        return [{ kind: 'steps', steps: [value.step] }]
      }
      case 'Scan':
        return this.#scan(node, at, scope)
      default:
        throw refuse(`it uses ${describe(node)}`)
    }
  }

  #constant(at: Attributes): Value {
    const [attribute] = at.node.attribute
    if (attribute === undefined || at.node.attribute.length > 1)
      throw refuse(`${describe(at.node)} has not exactly one value`)
    const named = attribute.refAttrName ? this.attributes.get(attribute.refAttrName) : attribute
    if (named === undefined)
      throw refuse(`it uses attribute "${attribute.refAttrName}", which the call does not have`)
    switch (attribute.name) {
      case 'value_float':
        return { kind: 'numbers', numbers: [named.f ?? 0], scalar: true }
      case 'value_int':
        return { kind: 'numbers', numbers: [named.i ?? 0], scalar: true }
      case 'value_floats':
        return { kind: 'numbers', numbers: named.floats, scalar: false }
      case 'value_ints':
        return { kind: 'numbers', numbers: named.ints, scalar: false }
      case 'value': {
        if (named.t === undefined) throw refuse(`${describe(at.node)} has no tensor`)
        const { dims, data } = readConstant(named.t)
        return { kind: 'numbers', numbers: [...data], scalar: dims.length === 0 }
      }
      default:
        throw refuse(`${describe(at.node)} has attribute "${attribute.name}"`)
    }
  }

  #combine(
    node: NodeProto,
    a: Value,
    b: Value,
    f: (a: Expression, b: Expression) => Expression,
  ): Value {
    if (a.kind === 'numbers' && b.kind === 'numbers')
      throw refuse(`${describe(node)} combines two constants`)
    if (a.kind === 'numbers') {
      const x = this.table.number(scalarOf(node, a))
      return each(node, b, (y) => f(x, y))
    }
    if (b.kind === 'numbers') {
      const y = this.table.number(scalarOf(node, b))
      return each(node, a, (x) => f(x, y))
    }
    if (a.kind === 'step' && b.kind === 'step') return { kind: 'step', step: f(a.step, b.step) }
    const [x, y] = [a, b].map((v) => (v.kind === 'step' ? [v.step] : v.steps)) as [
      Expression[],
      Expression[],
    ]
    const length = Math.max(x.length, y.length)
    if ([x, y].some((list) => list.length !== 1 && list.length !== length))
      throw refuse(`${describe(node)} combines ${x.length} with ${y.length} steps`)
    const steps = Array.from({ length }, (_, t) =>
      f(x[x.length === 1 ? 0 : t]!, y[y.length === 1 ? 0 : t]!),
    )
    return { kind: 'steps', steps }
  }

  #scan(node: NodeProto, at: Attributes, scope: Scope): Value[] {
    const body = at.take('body')?.g
    const scanned = at.int('num_scan_inputs', 0)
    for (const name of [
      'scan_input_axes',
      'scan_output_axes',
      'scan_input_directions',
      'scan_output_directions',
    ])
      if (at.take(name)?.ints.some((n) => n !== 0))
        throw refuse(`${describe(node)}: ${name} other than 0`)
    at.done()
    const states = node.input.length - scanned
    if (body === undefined || scanned < 1 || states < 0)
      throw refuse(`${describe(node)} has no body or no scanned input`)
    if (body.input.length !== node.input.length || body.output.length !== node.output.length)
      throw refuse(`${describe(node)} and its body differ in inputs or outputs`)
    const given = node.input.map((name) => {
      const value = scope.get(name)
      if (value === undefined) throw refuse(`${describe(node)} reads "${name}", which nothing made`)
      return value
    })
    const series = given.slice(states).map((value) => stepsOf(node, value))
    let state = given.slice(0, states)
    const stacked: Expression[][] = body.output.slice(states).map(() => [])
    for (let t = 0; t < series[0]!.length; t++) {
      const inner: Scope = new Map(scope)
      for (const constant of body.initializer) {
        const { dims, data } = readConstant(constant)
        inner.set(constant.name ?? '', {
          kind: 'numbers',
          numbers: [...data],
          scalar: dims.length === 0,
        })
      }
      body.input.forEach((value, i) => {
        const step = i < states ? state[i] : { kind: 'step', step: series[i - states]![t]! }
        if (step === undefined) throw refuse(`${describe(node)} scans inputs of unequal length`)
        inner.set(value.name ?? '', step as Value)
      })
      this.#runNodes(body.node, inner)
      const results = body.output.map((value) => {
        const result = inner.get(value.name ?? '')
        if (result?.kind !== 'step')
          throw refuse(`${describe(node)}: output "${value.name}" of its body is not one step`)
        return result
      })
      state = results.slice(0, states)
      results.slice(states).forEach((result, i) => {
        stacked[i]!.push(result.step)
      })
    }
    return [...state, ...stacked.map((steps): Value => ({ kind: 'steps', steps }))]
  }
}

function each(node: NodeProto, value: Value, f: (a: Expression) => Expression): Value {
  if (value.kind === 'numbers') throw refuse(`${describe(node)} works on a constant`)
  if (value.kind === 'step') return { kind: 'step', step: f(value.step) }
  return { kind: 'steps', steps: value.steps.map(f) }
}

function stepsOf(node: NodeProto, value: Value): Expression[] {
  if (value.kind !== 'steps') throw refuse(`${describe(node)} needs a whole tensor`)
  return value.steps
}

function numbersOf(node: NodeProto, value: Value): number[] {
  if (value.kind !== 'numbers') throw refuse(`${describe(node)} needs a constant`)
  return value.numbers
}

function scalarOf(node: NodeProto, value: Value): number {
  const numbers = numbersOf(node, value)
  if (numbers.length !== 1) throw refuse(`${describe(node)} needs one number`)
  return numbers[0]!
}
