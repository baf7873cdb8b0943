import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { compile } from '../../models/compile/compile.js'
import { encodePlan } from '../../models/compile/spike-file.js'
import { readOnnx } from '../../models/onnx/read.js'
import { loadPlan, readPlan } from '../../pipeline/detect/plan-file.js'
import { interpretPlan } from '../support/plan-interpreter.js'
import { readSafetensors } from '../support/safetensors.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

const folder = join(packageRoot, 'models', 'car-pilot')
const onnx = readFileSync(join(folder, 'model.onnx'))
const compiled = () => compile(onnx, { file: 'model.onnx', name: 'car-pilot' })

test('the pilot compiles to an exact plan whose layers are all int8 and lossless', (t) => {
  const { plan, report } = compiled()
  t.is(plan.exact, 'yes')
  t.is(
    plan.exactReason,
    'for every possible input all sums stay below 2^24 grid units (largest: 2.37 M in s1.pair.add), so float32, float64 and integers agree to the last bit',
  )
  t.is(report.convs.length, 27)
  for (const conv of report.convs) {
    t.is(conv.bits, 8, conv.name)
    t.true(conv.lossless, conv.name)
    const [least, most] = conv.shifts!
    t.true(least >= 3 && most <= 12, `${conv.name} has shifts ${least}..${most}`)
  }
})

test('the pilot has the operators, window and head that its description gives', (t) => {
  const { plan } = compiled()
  const count = (op: string) => plan.ops.filter((o) => o.op === op).length
  t.deepEqual(
    [count('conv'), count('neuron'), count('add'), count('upsample'), plan.ops.length],
    [27, 26, 9, 1, 63],
  )
  let weights = 0
  let biases = 0
  for (const [name, values] of plan.weights) {
    if (name.endsWith('.weight')) weights += values.length
    if (name.endsWith('.bias')) biases += values.length
  }
  t.deepEqual([weights, biases], [657_280, 2242])
  t.deepEqual(plan.window, {
    kind: 'count',
    durationUs: 50_000,
    hopUs: 50_000,
    steps: 1,
    bins: 2,
    clip: 15,
    width: 304,
    height: 240,
    channels: 4,
    timeOrder: 'oldest-first',
    scale: 0.25,
  })
  t.deepEqual(plan.head, { type: 'dfl', regMax: 16, strides: [8, 16], classes: ['car'] })
  t.deepEqual(plan.detect, { score: 0.3, iou: 0.6, max: 100, multiLabel: false })
  t.is(readFileSync(join(folder, 'labels.txt'), 'utf8'), 'car\n')
})

test('the largest sums are those of the description: 10.10 M and 10.31 M in the stem, 1.47 M elsewhere', (t) => {
  const { report } = compiled()
  const bound = new Map([...report.convs, ...report.sums].map((l) => [l.name, l.bound]))
  t.is(bound.get('stem')! * 2 ** 14, 10_099_192)
  t.is(bound.get('s1.pair.add')! * 2 ** 14, 10_305_040)
  t.is(bound.get('s3.1.pair.add')! * 2 ** 12, 1_469_550)
})

test('integers times scales give back every float of the ONNX file', (t) => {
  const { plan } = compiled()
  for (const node of readOnnx(onnx, 'model.onnx').nodes) {
    if (node.op !== 'conv') continue
    const integers = plan.weights.get(`${node.name}.weight`)!
    const scales = plan.weights.get(`${node.name}.scale`)!
    const perOutput = integers.length / scales.length
    const inputScale = node.name === 'stem' ? 0.25 : 1
    const back = Float64Array.from(
      integers,
      (q, i) => (q * scales[Math.floor(i / perOutput)]!) / inputScale,
    )
    t.true(
      back.every((w, i) => w === node.weight[i]),
      node.name,
    )
    t.deepEqual(plan.weights.get(`${node.name}.bias`), node.bias, node.name)
  }
})

test('model.spike is, byte for byte, what the compiler makes of model.onnx', (t) => {
  const shipped = readFileSync(join(folder, 'model.spike'))
  t.is(Buffer.compare(encodePlan(compiled().plan), shipped), 0)
  t.deepEqual(readPlan(shipped, 'model.spike'), compiled().plan)
})

test('the plan, run by the letter, gives the spikes and head maps of the sample window', async (t) => {
  const path = sharedPath('pilot/sample.safetensors')
  if (path === undefined) return skipWithout(t, 'the shared pilot folder is not here')
  const sample = readSafetensors(path)
  const plan = await loadPlan(join(folder, 'model.spike'))
  const frames = Uint8Array.from(sample.get('frames')!.data, (value) => value * 4)
  const { spikes, heads } = interpretPlan(plan, frames)
  t.is(spikes.size, 26)
  for (const [name, { shape, data }] of spikes) {
    const wanted = sample.get(`spikes/${name}`)!
    t.deepEqual(shape, wanted.shape, name)
    t.is(Buffer.compare(data, wanted.data as Uint8Array), 0, name)
  }
  t.deepEqual(
    heads.map(({ data }) => data),
    [sample.get('p3')!.data, sample.get('p4')!.data],
  )
})
