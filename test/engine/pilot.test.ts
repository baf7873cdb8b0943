import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { decodeHeads, kernelInfo, openNative } from '../../pipeline/detect/native.js'
import { loadPlan } from '../../pipeline/detect/plan-file.js'
import { readSafetensors, type SharedTensor } from '../support/safetensors.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

const plan = await loadPlan(join(packageRoot, 'models/car-pilot/model.spike'))
const samplePath = sharedPath('pilot/sample.safetensors')

/** The recorded window: frames are counts / 4. */
function sample(t: ExecutionContext): Map<string, SharedTensor> | undefined {
  if (samplePath) return readSafetensors(samplePath)
  skipWithout(t, 'shared/pilot is not here')
  return undefined
}
function frameOf(tensors: Map<string, SharedTensor>): Uint8Array {
  return Uint8Array.from(tensors.get('frames')!.data, (value) => value * 4)
}

test('all 26 spike maps and both head maps of the sample are reproduced to the bit', async (t) => {
  const tensors = sample(t)
  if (!tensors) return
  for (const isa of kernelInfo().supported) {
    for (const threads of [1, 2]) {
      await using session = await openNative(plan, { isa, threads })
      const trace = await session.trace(frameOf(tensors))
      t.is(trace.spikes.size, 26)
      for (const [name, { shape, data }] of trace.spikes) {
        const wanted = tensors.get(`spikes/${name}`)!
        t.deepEqual(shape, wanted.shape, name)
        t.true(
          Buffer.compare(data, wanted.data as Uint8Array) === 0,
          `${name}: ${isa}, ${threads} threads`,
        )
      }
      for (const [index, name] of ['p3', 'p4'].entries()) {
        const head = trace.heads[index]!
        t.deepEqual([1, ...head.shape], tensors.get(name)!.shape)
        t.deepEqual(head.data, tensors.get(name)!.data, `${name}: ${isa}, ${threads} threads`)
      }
    }
  }
})

test('the boxes of the sample are the recorded ones', async (t) => {
  const tensors = sample(t)
  if (!tensors) return
  await using session = await openNative(plan)
  const { count, rows } = await session.run(frameOf(tensors))
  const boxes = tensors.get('boxes')!
  const scores = tensors.get('scores')!
  t.is(count, boxes.shape[0]!)
  for (let i = 0; i < count; i++) {
    // The recording rounds its softmax to f32: up to 1.2e-5 px.
    for (let side = 0; side < 4; side++) {
      t.true(Math.abs(rows[i * 6 + side]! - boxes.data[i * 4 + side]!) < 2e-5)
    }
    t.true(Math.abs(rows[i * 6 + 4]! - scores.data[i]!) < 1e-7)
    t.is(rows[i * 6 + 5], 0)
  }
})

test('head maps of another runtime decode to the same bytes as the session', async (t) => {
  const tensors = sample(t)
  if (!tensors) return
  await using session = await openNative(plan, { score: 0.01, iou: 0.4 })
  const own = await session.run(frameOf(tensors))
  const maps = ['p3', 'p4'].map((name) => tensors.get(name)!)
  const decoded = decodeHeads(
    maps.map(({ data }) => data as Float32Array),
    maps.map(({ shape }) => shape.slice(1) as [number, number, number]),
    plan.head,
    { ...plan.detect, score: 0.01, iou: 0.4 },
    plan.window,
  )
  t.true(own.count > 3)
  t.deepEqual(decoded, { count: own.count, rows: own.rows })
})

test('an empty window is a legal frame and has no box', async (t) => {
  const { steps, channels, height, width } = plan.window
  await using session = await openNative(plan, { threads: 2 })
  t.is((await session.run(new Uint8Array(steps * channels * height * width))).count, 0)
})
