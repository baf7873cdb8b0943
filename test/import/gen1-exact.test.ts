// The acceptance vectors: networks of the authors' code on which float arithmetic is exact, so every spike must be equal.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { type Checkpoint, readCheckpoint } from '../../models/import/checkpoint.js'
import { compile, exposeValues, type ImportOptions, importSpikeYolo } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import { openOnnx } from '../../pipeline/detect/onnx.js'
import type { Trace } from '../../pipeline/detect/session.js'
import { readSafetensors } from '../support/safetensors.js'
import { gunzipShared, skipWithout } from '../support/shared.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)
const folder = 'vectors/gen1_n_exact'
const tensors = (name: string) => {
  const path = gunzipShared(`${folder}/${name}.safetensors.gz`)
  return path === undefined ? undefined : readSafetensors(path)
}
const settings = {
  timesteps: 2,
  size: { width: 320, height: 320 },
  inputScale: 1 / 256,
}

/** Compares all layers and head maps; returns how many spikes were compared. */
function compareTrace(t: ExecutionContext, trace: Trace): number {
  const spikes = tensors('spikes')!
  const outputs = tensors('outputs')!
  let compared = 0
  t.deepEqual([...trace.spikes.keys()].sort(), [...spikes.keys()].sort())
  for (const [name, { shape, data }] of spikes) {
    const found = trace.spikes.get(name)!
    const [steps, , ...map] = shape
    t.deepEqual(found.shape, [steps, ...map], name)
    t.is(Buffer.compare(found.data, data as Uint8Array), 0, name)
    compared += data.length
  }
  trace.heads.forEach((head, level) => {
    const wanted = outputs.get(`feat${level}`)!
    t.is(head.name, `feat${level}`)
    t.deepEqual([1, ...head.shape], wanted.shape)
    t.true(
      head.data.every((value, i) => value === wanted.data[i]),
      head.name,
    )
  })
  return compared
}

const done = new Map<string, ReturnType<typeof importAndCompile>>()

function imported(name: string, options: ImportOptions = {}) {
  const key = `${name} ${JSON.stringify(options)}`
  const found = done.get(key) ?? importAndCompile(name, options)
  done.set(key, found)
  return found
}

async function importAndCompile(name: string, options: ImportOptions) {
  const path = gunzipShared(`${folder}/${name}.pt.gz`)
  if (path === undefined) return undefined
  const { onnx, report } = await importSpikeYolo(path, { ...settings, ...options })
  const { plan } = compile(onnx, { file: `${name}.onnx`, name })
  return { onnx, report, plan }
}

const frames = () => tensors('input')!.get('x_u8')!.data as Uint8Array

for (const [name, options] of [
  ['checkpoint', {}],
  ['state_dict', { variant: 'gen1' }],
  ['state_dict', { variant: 'gen1', chains: 'dense' }],
] as const)
  test(`all 21,299,200 spikes of the authors' exact network are equal: ${name} ${JSON.stringify(options)}`, async (t) => {
    const found = await imported(name, options)
    if (found === undefined) return skipWithout(t, 'no shared vectors')
    const { plan, report } = found
    t.true(report.merges.every(({ lossless }) => lossless))
    t.is(plan.exact, 'yes', plan.exactReason)
    await using session = await openNative(plan)
    t.is(compareTrace(t, await session.trace(frames())), 21_299_200)
  })

test('the float oracle gives the same spikes and head maps', async (t) => {
  const found = await imported('state_dict', { variant: 'gen1' })
  if (found === undefined) return skipWithout(t, 'no shared vectors')
  if (runtime === undefined) return skipWithout(t, 'onnxruntime-node is not installed')
  const { onnx, plan } = found
  const spikes = plan.ops.filter(({ op }) => op === 'neuron').map(({ name }) => name)
  await using session = await openOnnx(plan, { traced: exposeValues(onnx, spikes) })
  t.is(compareTrace(t, await session.trace(frames())), 21_299_200)
})

test('the metadata say how events become frames, and what the network is', async (t) => {
  const found = await imported('checkpoint')
  if (found === undefined) return skipWithout(t, 'no shared vectors')
  const { plan, report } = found
  t.deepEqual(plan.window, {
    kind: 'polarity-last',
    durationUs: 250_000,
    hopUs: 250_000,
    steps: 2,
    bins: 2,
    clip: 255,
    width: 320,
    height: 320,
    channels: 3,
    timeOrder: 'newest-first',
    scale: 1 / 256,
    letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 114 },
  })
  t.deepEqual(plan.detect, { score: 0.25, iou: 0.7, max: 300, multiLabel: true })
  t.deepEqual(plan.head.classes, ['car', 'pedestrian'])
  t.is(report.source, '`model` of a checkpoint')
  t.is(report.variant, 'gen1')
  t.is(report.parameters, 6_124_470)
})

test('a training checkpoint gives its ema: the state dict in float16, not the zeros of its model', (t) => {
  const paths = ['checkpoint_training', 'state_dict'].map((name) =>
    gunzipShared(`${folder}/${name}.pt.gz`),
  )
  if (paths[0] === undefined) return skipWithout(t, 'no shared vectors')
  const [training, plain] = paths.map((path) => readCheckpoint(readFileSync(path!))) as [
    Checkpoint,
    Checkpoint,
  ]
  t.is(training.source, '`ema` of a checkpoint')
  t.is(training.variant, 'gen1')
  t.deepEqual([...training.tensors.keys()].sort(), [...plain.tensors.keys()].sort())
  let compared = 0
  for (const [name, tensor] of plain.tensors) {
    if (name.endsWith('num_batches_tracked')) continue
    const wanted = plain.reader.read(name, tensor).map(toHalf)
    const found = training.reader.read(name, training.tensors.get(name)!)
    t.is(Buffer.compare(Buffer.from(found.buffer), Buffer.from(wanted.buffer)), 0, name)
    compared += wanted.length
  }
  t.is(compared, 6_174_710)
})

/** The nearest float16, ties to even. */
function toHalf(x: number): number {
  if (x === 0) return x
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x)))) - 10)
  const scaled = x / unit
  const floor = Math.floor(scaled)
  const rest = scaled - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  return (up ? floor + 1 : floor) * unit
}
