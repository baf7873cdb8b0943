// SpikeYOLO networks of other widths, depths, classes, steps and sizes than the published ones, in both variants: the authors'
// modules by the letter, the engine, onnxruntime and the plan by the letter must give the same spikes.
import test from 'ava'
import fc from 'fast-check'
import { compile, exposeValues, importSpikeYolo } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import { openOnnx } from '../../pipeline/detect/onnx.js'
import { makeCheckpoint } from '../support/make-checkpoint.js'
import { randomFrame } from '../support/make-plan.js'
import { makeSpikeYolo } from '../support/make-spikeyolo.js'
import { interpretPlan } from '../support/plan-interpreter.js'
import { referenceSpikeYolo } from '../support/spikeyolo-reference.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)

const even = (max: number) => fc.integer({ min: 1, max: max / 2 }).map((n) => 2 * n)
const repeats = fc.integer({ min: 1, max: 2 })
const wishes = fc.record({
  seed: fc.nat(1e6),
  channels: fc.tuple(even(8), even(8), even(10), even(12)),
  repeats: fc.tuple(repeats, repeats, repeats, repeats),
  classes: fc.integer({ min: 1, max: 5 }),
  ratio: fc.integer({ min: 1, max: 3 }),
  neck: fc.tuple(even(8), even(8), even(8)),
  head: fc.tuple(even(12), even(12)),
})
const runs = fc.record({
  variant: fc.constantFrom('gen1' as const, 'coco' as const),
  steps: fc.constantFrom(1, 2, 4),
  rows: fc.integer({ min: 1, max: 3 }),
  columns: fc.integer({ min: 1, max: 3 }),
  chains: fc.constantFrom('dense' as const, 'split' as const, undefined),
})

test('random networks give the spikes of the modules by the letter, in the engine, onnxruntime and the interpreter', async (t) => {
  let layers = 0
  let active = 0
  const property = fc.asyncProperty(wishes, runs, async (wish, run) => {
    const tensors = makeSpikeYolo(wish)
    const [height, width] = [32 * run.rows, 32 * run.columns]
    const { onnx, report } = await importSpikeYolo(makeCheckpoint(tensors), {
      variant: run.variant,
      timesteps: run.steps,
      size: { width, height },
      inputScale: 1 / 64,
      chains: run.chains,
    })
    t.true(report.merges.every(({ lossless }) => lossless))
    t.is(report.classes.length, wish.classes)
    const { plan } = compile(onnx, { file: 'random.onnx', name: 'random' })
    const frames = randomFrame(plan, wish.seed)
    const wanted = referenceSpikeYolo({
      tensors,
      variant: run.variant,
      frames,
      steps: run.steps,
      height,
      width,
      scale: 1 / 64,
    })
    await using session = await openNative(plan)
    const native = await session.trace(frames)
    t.deepEqual([...native.spikes.keys()].sort(), [...wanted.spikes.keys()].sort())
    for (const [name, data] of wanted.spikes) {
      t.is(Buffer.compare(native.spikes.get(name)!.data, data), 0, name)
      layers++
      if (data.some((s) => s > 0)) active++
    }
    t.deepEqual(
      native.heads.map(({ data }) => data),
      wanted.heads,
    )
    t.deepEqual(interpretPlan(plan, frames), native)
    if (runtime === undefined || plan.exact === 'no') return
    const traced = exposeValues(onnx, [...wanted.spikes.keys()])
    await using oracle = await openOnnx(plan, { traced })
    t.deepEqual(await oracle.trace(frames), native)
  })
  await fc.assert(property, { numRuns: 10, seed: 9 })
  t.log(`${layers} layers compared, ${active} of them active`)
  t.true(active > 0.7 * layers)
})
