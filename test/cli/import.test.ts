import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { importSpikeYolo } from '../../models/index.js'
import { scratch } from '../support/folder.js'
import { makeCheckpoint } from '../support/make-checkpoint.js'
import { makeSpikeYolo } from '../support/make-spikeyolo.js'
import { saccade } from '../support/program.js'

const bytes = makeCheckpoint(
  makeSpikeYolo({
    seed: 2,
    channels: [2, 4, 4, 4],
    repeats: [1, 1, 2, 1],
    classes: 2,
    ratio: 1,
    neck: [4, 4, 2],
    head: [4, 4],
  }),
)

test('import writes the network that the library makes, and reports it as JSON', async (t) => {
  const file = scratch(t, 'small.pt')
  writeFileSync(file, bytes)
  const options = ['--variant', 'coco', '--timesteps', '4', '--size', '64x32', '--json']
  const more = ['--input-scale', '0.5', '--classes', 'car, bus', '--name', 'tiny']
  const { code, stdout, stderr } = await saccade(['import', file, ...options, ...more])
  t.is(stderr, '')
  t.is(code, 0)
  const report = JSON.parse(stdout)
  t.like(report, { variant: 'coco', timesteps: 4, height: 64, width: 32, inputScale: 0.5 })
  t.deepEqual(report.classes, ['car', 'bus'])
  const { onnx } = await importSpikeYolo(bytes, {
    variant: 'coco',
    timesteps: 4,
    size: { width: 32, height: 64 },
    inputScale: 0.5,
    classes: ['car', 'bus'],
    name: 'tiny',
  })
  t.is(report.onnx, file.replace('.pt', '.onnx'))
  t.is(Buffer.compare(readFileSync(report.onnx), onnx), 0)
})

test('import answers wrong calls with one sentence and exit code 2, and bad files with 1', async (t) => {
  const file = scratch(t, 'small.pt')
  writeFileSync(file, bytes)
  const failed = async (args: string[], code: number, message: RegExp) => {
    const found = await saccade(['import', ...args])
    t.is(found.code, code, args.join(' '))
    t.regex(found.stderr, message)
    t.is(found.stdout, '')
  }
  await failed([file], 2, /a state dict does not say which neurons/)
  await failed([file, '--size', '320'], 2, /--size must be height x width/)
  await failed([file, '--timesteps', 'two'], 2, /timesteps must be a whole number .* not NaN/)
  await failed([file, '-o', 'm.spike'], 2, /m\.spike: a network's file name ends in \.onnx/)
  const cut = scratch(t, 'cut.pt')
  writeFileSync(cut, bytes.subarray(0, 1000))
  await failed([cut], 1, /cut\.pt: this is no PyTorch file, or it is cut off/)
  await failed([scratch(t, 'none.pt')], 1, /none\.pt/)
})
