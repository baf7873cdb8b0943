// The models that ship: what their cards say of them, held by the files and the real recordings.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { compile, encodePlan } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import { evaluate, Model } from '../../pipeline/index.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

for (const name of ['car', 'street']) {
  test(`the plan of ${name} is what its network compiles to, and exact`, (t) => {
    const folder = join(packageRoot, 'models', name)
    const network = readFileSync(join(folder, 'model.onnx'))
    const { plan, report } = compile(network, { file: 'model.onnx', name })
    t.is(report.exact, 'yes', report.exactReason)
    t.true(report.convs.every(({ lossless, bits }) => lossless && bits === 8))
    t.deepEqual(Buffer.from(encodePlan(plan)), readFileSync(join(folder, 'model.spike')))
  })

  test(`no neuron of ${name} fires on a window without events`, async (t) => {
    const { plan } = await Model.load(name)
    const { steps, channels, height, width } = plan.window
    await using session = await openNative(plan)
    const { spikes } = await session.trace(new Uint8Array(steps * channels * height * width))
    t.is(spikes.size, 26)
    for (const [layer, { data }] of spikes)
      t.true(
        data.every((spike) => spike === 0),
        layer,
      )
  })

  test(`${name} says nothing of a window without events, and both backends agree on it`, async (t) => {
    const model = await Model.load(name)
    const { steps, channels, height, width } = model.window
    for (const backend of ['native', 'onnx'] as const) {
      const session = await model.open({ backend })
      const { count } = await session.run(new Uint8Array(steps * channels * height * width))
      t.is(count, 0, backend)
      await session.close()
    }
  })
}

for (const [name, scene, least, most] of [
  ['car', 'gen1', 15, 16],
  ['car', 'atis', 26, 5],
  ['street', 'gen1', 15, 6],
  ['street', 'atis', 25, 5],
] as const) {
  test(`${name} finds the labelled car of the real scene ${scene}`, async (t) => {
    const labels = sharedPath(`recordings/${scene}`)
    if (!labels) return skipWithout(t, 'no shared recordings')
    const model = await Model.load(name)
    const { thresholds } = await evaluate({ labels, model, classes: ['car'] })
    const { score, found, other } = thresholds[0]!
    t.is(score, model.plan.detect.score)
    t.true(found >= least, `${found} found`)
    t.true(other <= most, `${other} other boxes`)
  })
}
