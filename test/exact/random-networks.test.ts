// Random networks in our ONNX form: the plan run by the letter, onnxruntime, and the engine on every instruction set of
// this machine and 1 to 3 threads must give the same bytes. A failing case prints its seed and shrinks.
import test from 'ava'
import fc from 'fast-check'
import { compile } from '../../models/compile/compile.js'
import { exposeValues } from '../../models/onnx/expose.js'
import { kernelInfo, openNative } from '../../pipeline/detect/native.js'
import { openOnnx } from '../../pipeline/detect/onnx.js'
import type { Trace } from '../../pipeline/detect/session.js'
import { OnnxBuilder, unrolled } from '../support/make-onnx.js'
import { randomFrame } from '../support/make-plan.js'
import { interpretPlan } from '../support/plan-interpreter.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)
const CASES = Number(process.env.SACCADE_CASES ?? 25)

const layer = fc.record({
  kind: fc.constantFrom('dense', 'depthwise', 'residual', 'pool', 'join'),
  channels: fc.constantFrom(3, 8, 16, 20, 33, 64),
  kernel: fc.constantFrom(1, 3, 5, 7),
  bias: fc.boolean(),
})
const shape = fc.record({
  seed: fc.integer({ min: 1, max: 1 << 20 }),
  steps: fc.constantFrom(1, 2, 4),
  tau: fc.boolean(),
  levels: fc.constantFrom(1, 4, 8),
  width: fc.constantFrom(16, 24, 40, 56),
  bits: fc.constantFrom(3, 7, 10),
  layers: fc.array(layer, { minLength: 1, maxLength: 6 }),
})
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

/** Dyadic weights of the wanted width: small ones become int8, 10-bit ones int16. */
function build({ seed, steps, tau, levels, width, bits, layers }: Shape): OnnxBuilder {
  const b = new OnnxBuilder({ steps, height: 16, width, head: { strides: [8], reg_max: 2 } })
  const type = tau ? 'ILIFTau' : 'ILIF'
  b.model.functions.push(unrolled(type, steps))
  const settings = { levels: { f: levels }, [tau ? 'tau' : 'decay']: { f: tau ? 2 : 0.25 } }
  let random = seed
  const weight = () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    return (((random >>> 8) % (1 << bits)) - (1 << (bits - 1)) + 1) / (1 << bits)
  }
  let neurons = 0
  const fire = (x: string) => b.neuron(x, `n${neurons++}`, settings, type)

  let channels = 8
  let x = b.conv('frames', 'stem', [channels, 2, 7, 7], weight, { stride: 4 })
  layers.forEach(({ kind, channels: wanted, kernel, bias }, i) => {
    const name = `l${i}`
    const spikes = fire(x)
    if (kind === 'depthwise') {
      x = b.conv(spikes, name, [channels, 1, kernel, kernel], weight, { group: channels, bias })
    } else if (kind === 'residual') {
      const y = b.conv(spikes, name, [channels, channels, kernel, kernel], weight, { bias })
      x = b.add('Add', [x, y], [`${name}.sum`])
    } else {
      const y = b.conv(spikes, name, [wanted, channels, kernel, kernel], weight, { bias })
      const pads = { kernel_shape: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] }
      if (kind === 'pool') x = b.add('MaxPool', [y], [`${name}.pool`], pads)
      else if (kind === 'join') x = b.add('Concat', [y, x], [`${name}.join`], { axis: 1 })
      else x = y
      channels = kind === 'join' ? wanted + channels : wanted
    }
  })
  const head = b.conv(fire(x), 'head', [10, channels, 3, 3], weight, { stride: 2 })
  b.output(b.add('ReduceMean', [head], ['mean'], { axes: [0], keepdims: 1 }))
  return b
}

/** The first difference as a sentence, or nothing: layer, index, both values. */
function difference(found: Trace, wanted: Trace): string | undefined {
  for (const [name, { data }] of wanted.spikes) {
    const other = found.spikes.get(name)?.data
    const at = other ? data.findIndex((value, i) => value !== other[i]) : 0
    if (at >= 0) return `${name}[${at}]: ${other?.[at]} instead of ${data[at]}`
  }
  for (const [n, { name, data }] of wanted.heads.entries()) {
    const other = found.heads[n]!.data
    const at = data.findIndex((value, i) => !Object.is(value, other[i]))
    if (at >= 0) return `${name}[${at}]: ${other[at]} instead of ${data[at]}`
  }
  return undefined
}

test(`${CASES} random networks give the same bytes on every backend, instruction set and thread count`, async (t) => {
  if (runtime === undefined) t.log('onnxruntime-node is not installed: not compared')
  const { supported } = kernelInfo()
  let exact = 0
  let values = 0
  const property = fc.asyncProperty(shape, async (wanted) => {
    const bytes = build(wanted).encode()
    const { plan } = compile(bytes, { file: 'random.onnx', name: 'random' })
    const frames = randomFrame(plan, wanted.seed)
    const letter = interpretPlan(plan, frames)
    for (const { data } of letter.spikes.values()) values += data.length
    for (const isa of supported) {
      for (const threads of [1, 2, 3]) {
        for (const form of ['auto', 'dense', 'sparse'] as const) {
          await using session = await openNative(plan, { isa, threads, form })
          const wrong = difference(await session.trace(frames), letter)
          if (wrong !== undefined) throw new Error(`${isa}, ${threads} threads, ${form}: ${wrong}`)
        }
      }
    }
    if (plan.exact !== 'yes') return
    exact += 1
    if (runtime === undefined) return
    const names = plan.ops.flatMap((op) =>
      op.op === 'neuron' ? plan.tensors[op.output]!.name : [],
    )
    await using onnx = await openOnnx(plan, { traced: exposeValues(bytes, names) })
    const wrong = difference(await onnx.trace(frames), letter)
    if (wrong !== undefined) throw new Error(`onnxruntime: ${wrong}`)
  })
  await fc.assert(property, { numRuns: CASES, seed: 20_261_124 })
  t.log(`${supported.join(', ')}; ${exact} of ${CASES} proved exact; ${values} spike counts each`)
  t.true(exact > CASES / 2)
})
