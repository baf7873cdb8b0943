// Networks of all supported operators: the plan run by the letter, the native engine and onnxruntime must agree.
import { createHash } from 'node:crypto'
import test from 'ava'
import { compile } from '../../models/compile/compile.js'
import { encodePlan } from '../../models/compile/spike-file.js'
import { exposeValues } from '../../models/onnx/expose.js'
import { openNative } from '../../pipeline/detect/native.js'
import { openOnnx } from '../../pipeline/detect/onnx.js'
import { readPlan } from '../../pipeline/detect/plan-file.js'
import { integers, OnnxBuilder, scanned, unrolled } from '../support/make-onnx.js'
import { randomFrame, randomPlan } from '../support/make-plan.js'
import { interpretPlan } from '../support/plan-interpreter.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)

type Body = 'unrolled' | 'scan' | 'tau'

/** A backbone with a residual, a depthwise and a grouped layer, a pyramid, pooling as in SPPF, and the mean over time. */
function network(steps: number, body: Body): OnnxBuilder {
  const b = new OnnxBuilder({
    steps,
    channels: 2,
    height: 32,
    width: 48,
    head: { strides: [4, 8] },
  })
  const type = body === 'tau' ? 'ILIFTau' : 'ILIF'
  b.model.functions.push(body === 'scan' ? scanned() : unrolled(type, steps))
  const settings = {
    levels: { f: 4 },
    [body === 'tau' ? 'tau' : 'decay']: { f: body === 'tau' ? 2 : 0.25 },
  }
  const fire = (x: string, name: string) => b.neuron(x, name, settings, type)
  // The leaky form halves its input, so it needs more to fire.
  const weight = (i: number) => (((i * 37) % 23) - 11) / (body === 'tau' ? 16 : 64)

  const stem = b.conv('frames', 'stem', [8, 2, 7, 7], weight, { stride: 4 })
  const up = b.conv(fire(stem, 'a.n'), 'a', [16, 8, 1, 1], weight, { bias: false })
  const deep = b.conv(fire(up, 'b.n'), 'b', [16, 1, 7, 7], weight, { group: 16 })
  const back = b.conv(fire(deep, 'c.n'), 'c', [8, 4, 3, 3], weight, { group: 4 })
  const p2 = b.add('Add', [stem, back], ['p2'])
  const down = b.conv(fire(p2, 'd.n'), 'd', [12, 8, 3, 3], weight, { stride: 2 })
  const real = b.conv(down, 'rep', [12, 1, 3, 3], (i) => ((i % 5) - 2) / 4, { group: 12 })
  const pooling = { kernel_shape: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2] }
  const pool = b.add('MaxPool', [real], ['pool'], pooling)
  const joined = b.add('Concat', [real, pool, down], ['joined'], { axis: 1 })
  const p3 = b.conv(fire(joined, 'e.n'), 'e', [8, 36, 1, 1], weight)
  b.constant('sizes', integers([4], [steps, 8, 8, 12]))
  const resized = b.add('Resize', [p3, '', '', 'sizes'], ['up'], {
    coordinate_transformation_mode: 'asymmetric',
    mode: 'nearest',
    nearest_mode: 'floor',
  })
  const lateral = b.add('Identity', [b.add('Add', [resized, p2], ['lateral'])], ['same'])
  b.conv(lateral, 'unused', [8, 8, 1, 1], weight)
  for (const [name, x] of [
    ['h2', lateral],
    ['h3', p3],
  ] as const) {
    const head = b.conv(fire(x, `${name}.n`), name, [10, 8, 1, 1], weight)
    b.output(b.add('ReduceMean', [head], [`${name}.mean`], { axes: [0], keepdims: 1 }))
  }
  return b
}

function compiled(b: OnnxBuilder) {
  const bytes = b.encode()
  return { bytes, ...compile(bytes, { file: 'test.onnx', name: 'test' }) }
}

for (const [steps, body] of [
  [1, 'unrolled'],
  [1, 'tau'],
  [2, 'unrolled'],
  [4, 'unrolled'],
  [4, 'scan'],
  [2, 'tau'],
] as const)
  test(`a network of all operators is exact at T = ${steps} (${body}): letter, native and onnxruntime agree`, async (t) => {
    const { bytes, plan } = compiled(network(steps, body))
    t.is(plan.exact, 'yes', plan.exactReason)
    t.regex(
      plan.exactReason,
      steps === 1 ? /so float32, float64 and/ : /so every float32 runtime and/,
    )
    t.false(plan.ops.some((op) => op.name === 'unused'))
    const frames = randomFrame(plan, 7)
    const wanted = interpretPlan(plan, frames)
    t.true([...wanted.spikes.values()].every(({ data }) => data.some((s) => s > 0)))
    await using native = await openNative(plan)
    t.deepEqual(await native.trace(frames), wanted)
    if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
    const values = plan.ops.flatMap((op) =>
      op.op === 'neuron' ? plan.tensors[op.output]!.name : [],
    )
    await using onnx = await openOnnx(plan, { traced: exposeValues(bytes, values) })
    const found = await onnx.trace(frames)
    t.deepEqual(found.spikes, wanted.spikes)
    t.deepEqual(found.heads, wanted.heads)
  })

test('a mean over three steps rounds, so the plan does not claim to be exact', (t) => {
  const { plan } = compiled(network(3, 'unrolled'))
  t.is(plan.exact, 'no')
  t.is(plan.exactReason, 'the mean h2.mean divides by 3, which rounds')
})

test('normalisations are merged into their convolution in float64 and said to be', async (t) => {
  const b = new OnnxBuilder()
  b.model.functions.push(unrolled('ILIF', 1))
  const settings = { levels: { f: 2 }, decay: { f: 0.5 } }
  const stem = b.conv('frames', 'stem', [4, 2, 7, 7], (i) => Math.sin(i), { stride: 8 })
  const list = (name: string, values: number[]) =>
    b.constant(name, { ...integers([4], []), dataType: 1, floatData: values })
  const norm = ['gamma', 'beta', 'mean', 'variance'].map((name, n) =>
    list(
      name,
      [1.5, 0.3, 0.7, 1.1].map((v) => v + n / 8),
    ),
  )
  const normal = b.add(
    'BatchNormalization',
    [stem, ...norm],
    ['normal'],
    { epsilon: { f: 1e-3 } },
    { name: 'bn' },
  )
  b.output(b.conv(b.neuron(normal, 'n', settings), 'head', [10, 4, 1, 1], (i) => ((i % 5) - 2) / 8))
  const { plan, report } = compiled(b)
  t.deepEqual(
    plan.ops.map((op) => op.name),
    ['stem', 'n', 'head'],
  )
  t.is(plan.exact, 'no')
  t.regex(plan.exactReason, /^the weights of stem lie on no grid .*relative error 0\.00/)
  t.false(report.convs[0]!.lossless)
  const epsilon = Math.fround(1e-3)
  const f = Math.fround
  for (let c = 0; c < 4; c++) {
    const at = (n: number) => f([1.5, 0.3, 0.7, 1.1][c]! + n / 8)
    const alpha = at(0) / Math.sqrt(at(3) + epsilon)
    t.is(plan.weights.get('stem.bias')![c]!, f(((c % 7) / 16 - at(2)) * alpha + at(1)))
    const scale = plan.weights.get('stem.scale')![c]! / 0.25
    for (let i = 0; i < 98; i++) {
      const merged = f(f(Math.sin(c * 98 + i)) * alpha)
      t.true(
        Math.abs(plan.weights.get('stem.weight')![c * 98 + i]! * scale - merged) <=
          scale / 2 + 1e-9,
      )
    }
  }
})

test('spikes read by an f32 operator pass through a convolution with weight 1', async (t) => {
  const b = new OnnxBuilder({ height: 8, width: 8 })
  b.model.functions.push(unrolled('ILIF', 1))
  const settings = { levels: { f: 4 }, decay: { f: 0.25 } }
  const stem = b.conv('frames', 'stem', [4, 2, 3, 3], (i) => ((i % 9) - 4) / 4)
  const s = b.neuron(stem, 'n', settings)
  const pool = b.add('MaxPool', [s], ['pool'], { kernel_shape: [2, 2], strides: [2, 2] })
  const sum = b.add('Add', [pool, pool], ['sum'])
  const head = b.conv(sum, 'head', [10, 4, 3, 3], (i) => ((i % 5) - 2) / 8, { stride: 4 })
  b.output(head)
  const { bytes, plan } = compiled(b)
  t.deepEqual(
    plan.ops.map((op) => `${op.op} ${op.name}`),
    ['conv stem', 'neuron n', 'conv n:s.real', 'maxpool pool', 'add sum', 'realconv head'],
  )
  t.is(plan.exact, 'yes', plan.exactReason)
  const frames = randomFrame(plan, 3)
  const wanted = interpretPlan(plan, frames)
  await using native = await openNative(plan)
  t.deepEqual(await native.trace(frames), wanted)
  if (runtime === undefined) return
  await using onnx = await openOnnx(plan, { traced: exposeValues(bytes, ['n:s']) })
  t.deepEqual(await onnx.trace(frames), wanted)
})

for (const steps of [1, 2, 3])
  for (const bits of [8, 16] as const)
    for (const form of ['ilif', 'tau'] as const)
      test(`random plans run alike in the engine and by the letter: T = ${steps}, int${bits}, ${form}`, async (t) => {
        for (let seed = 1; seed <= 4; seed++) {
          const plan = randomPlan({ seed, steps, bits, form, levels: seed % 2 === 0 ? 4 : 15 })
          const frames = randomFrame(plan, seed)
          const wanted = interpretPlan(plan, frames)
          await using session = await openNative(plan)
          t.deepEqual(await session.trace(frames), wanted, `seed ${seed}`)
        }
      })

test('a plan survives its file: same plan, same bytes, whatever the order of its keys', (t) => {
  const plan = randomPlan({ seed: 5, steps: 2, bits: 16 })
  const bytes = encodePlan(plan)
  const back = readPlan(bytes, 'test.spike')
  t.deepEqual(back, plan)
  const shuffled = Object.fromEntries(Object.entries(back).reverse()) as unknown as typeof plan
  const digest = (b: Uint8Array) => createHash('sha256').update(b).digest('hex')
  t.is(digest(encodePlan(shuffled)), digest(bytes))
  // Read at an odd address, where weights cannot be views.
  const odd = new Uint8Array(bytes.length + 1)
  odd.set(bytes, 1)
  t.deepEqual(readPlan(odd.subarray(1), 'test.spike'), plan)
})
