// The default of a clone: what its card says of it, held by the files and the real recordings.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { compile, encodePlan } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import { evaluate, Model } from '../../pipeline/index.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

const folder = join(packageRoot, 'models', 'car')

test('the plan of car is what its network compiles to, and exact', (t) => {
  const network = readFileSync(join(folder, 'model.onnx'))
  const { plan, report } = compile(network, { file: 'model.onnx', name: 'car' })
  t.is(report.exact, 'yes', report.exactReason)
  t.true(report.convs.every(({ lossless, bits }) => lossless && bits === 8))
  t.deepEqual(Buffer.from(encodePlan(plan)), readFileSync(join(folder, 'model.spike')))
})

test('no neuron of car fires on a window without events', async (t) => {
  const { plan } = await Model.load('car')
  const { steps, channels, height, width } = plan.window
  await using session = await openNative(plan)
  const { spikes } = await session.trace(new Uint8Array(steps * channels * height * width))
  t.is(spikes.size, 26)
  for (const [name, { data }] of spikes)
    t.true(
      data.every((spike) => spike === 0),
      name,
    )
})

test('car says nothing of a window without events, and both backends agree on it', async (t) => {
  const model = await Model.load('car')
  const { steps, channels, height, width } = model.window
  for (const backend of ['native', 'onnx'] as const) {
    const session = await model.open({ backend })
    const { count } = await session.run(new Uint8Array(steps * channels * height * width))
    t.is(count, 0, backend)
    await session.close()
  }
})

for (const [scene, least, most] of [
  ['gen1', 15, 16],
  ['atis', 26, 5],
] as const) {
  test(`car finds the labelled car of the real scene ${scene}`, async (t) => {
    const labels = sharedPath(`recordings/${scene}`)
    if (!labels) return skipWithout(t, 'no shared recordings')
    const model = await Model.load('car')
    const { thresholds } = await evaluate({ labels, model, classes: ['car'] })
    const { score, found, other } = thresholds[0]!
    t.is(score, model.plan.detect.score)
    t.true(found >= least, `${found} found`)
    t.true(other <= most, `${other} other boxes`)
  })
}
