import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import {
  calibrate,
  convRows,
  distanceLines,
  distanceToFloat,
  framesOf,
} from '../../calibration/index.js'
import { readOnnx } from '../../models/index.js'
import { Model, simulate, writeDat } from '../../pipeline/index.js'
import { floatNetwork } from '../support/float-network.js'
import { randomFrame } from '../support/make-plan.js'
import { packageRoot } from '../support/shared.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)

function written(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'saccade-calibrate-'))
  const path = join(folder, 'street.onnx')
  writeFileSync(path, floatNetwork())
  return { folder, path }
}

test('an ordinary float network is rounded, said to be, and its plan lies beside it', async (t) => {
  const { folder, path } = written()
  const calibration = await calibrate(path)
  t.is(calibration.planPath, join(folder, 'street.spike'))
  t.deepEqual(readdirSync(folder).sort(), ['street.onnx', 'street.spike'])
  t.is(calibration.report.exact, 'no')
  t.deepEqual(
    calibration.report.convs.map(({ name, bits, lossless }) => [name, bits, lossless]),
    [
      ['stem', 8, false],
      ['head', 8, false],
    ],
  )
  const [stem] = convRows(calibration)
  t.regex(stem!.join('  '), /^stem {2}int8 {2}rounded 0\.\d\d % .*\|sum\| <= \d+/)
  t.regex(calibration.report.exactReason, /^the weights of stem lie on no grid/)
  t.deepEqual((await Model.load(calibration.planPath)).plan, calibration.plan)
})

test('with a grid the network becomes exact, is written as ONNX, and both backends agree on it', async (t) => {
  const { folder, path } = written()
  const calibration = await calibrate(path, { grid: true })
  t.deepEqual(readdirSync(folder).sort(), ['street.grid.onnx', 'street.grid.spike', 'street.onnx'])
  t.is(calibration.report.exact, 'yes', calibration.report.exactReason)
  for (const conv of calibration.report.convs) {
    t.deepEqual([conv.bits, conv.lossless], [8, true])
    const moved = calibration.moved!.get(conv.name)!
    t.true(moved > 0 && moved < 0.02, `${conv.name} moved ${moved}`)
  }
  const snapped = readFileSync(calibration.onnxPath!)
  for (const node of readOnnx(snapped, 'snapped').nodes) {
    t.not(node.op, 'norm')
    t.not(node.op, 'identity')
    if (node.op !== 'conv') continue
    t.true(node.bias!.every((b) => Number.isInteger(b * 4096)))
  }
  const model = await Model.load(calibration.planPath)
  t.is(model.onnxPath, calibration.onnxPath)
  if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
  const frames = randomFrame(model.plan, 2)
  await using native = await model.open()
  await using onnx = await model.open({ backend: 'onnx' })
  t.deepEqual(await native.trace(frames), await onnx.trace(frames))
})

test('a network that is on the grid already does not move', async (t) => {
  const out = join(mkdtempSync(join(tmpdir(), 'saccade-calibrate-')), 'pilot.spike')
  const { moved, plan } = await calibrate(join(packageRoot, 'models', 'car-pilot', 'model.onnx'), {
    grid: true,
    out,
  })
  t.true([...moved!.values()].every((distance) => distance === 0))
  const pilot = await Model.load('car-pilot')
  t.deepEqual(plan.weights, pilot.plan.weights)
  t.deepEqual(plan.ops, pilot.plan.ops)
})

test('nothing is overwritten and nothing half written', async (t) => {
  const { folder, path } = written()
  await t.throwsAsync(calibrate(path, { grid: true, out: join(folder, 'street.spike') }), {
    code: 'ERR_ARGUMENT',
    message: `${folder}/street.onnx: the snapped network would overwrite the one it is made from`,
  })
  await t.throwsAsync(calibrate(path, { out: join(folder, 'street.bin') }), {
    code: 'ERR_ARGUMENT',
  })
  await t.throwsAsync(calibrate(join(folder, 'other.onnx')), { code: 'ERR_NOT_FOUND' })
  await t.throwsAsync(calibrate(path, { out: join(folder, 'nowhere', 'x.spike') }), {
    code: 'ERR_IO',
  })
  writeFileSync(join(folder, 'cut.onnx'), floatNetwork().subarray(0, 500))
  await t.throwsAsync(calibrate(join(folder, 'cut.onnx')), { code: 'ERR_MODEL' })
  t.deepEqual(readdirSync(folder).sort(), ['cut.onnx', 'street.onnx'])
  t.false(existsSync(join(folder, 'nowhere')))
})

test('weights that must be rounded take the width that one asks for', async (t) => {
  const { folder, path } = written()
  const widths = async (bits: 8 | 16) => {
    const { report } = await calibrate(path, { bits, out: join(folder, `s${bits}.spike`) })
    return report.convs.map((conv) => [conv.bits, conv.loss < 1e-4])
  }
  t.deepEqual(await widths(8), [
    [8, false],
    [8, false],
  ])
  t.deepEqual(await widths(16), [
    [16, true],
    [16, true],
  ])
  await t.throwsAsync(calibrate(path, { grid: true, bits: 16 }), { code: 'ERR_ARGUMENT' })
})

test('the distance to float is measured on windows of a recording: finer weights are nearer, snapped ones equal', async (t) => {
  if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
  const { folder, path } = written()
  const recording = join(folder, 'drive_td.dat')
  const simulation = simulate({ seed: 1, durationUs: 400_000 })
  const file = await writeDat(recording, { geometry: simulation.geometry })
  for (const packet of simulation.packets()) await file.write(packet)
  await file.close()
  const measure = async (options: Parameters<typeof calibrate>[1]) => {
    const { plan, onnxPath = path } = await calibrate(path, options)
    const frames = await framesOf([recording], plan)
    return distanceToFloat(plan, readFileSync(onnxPath), frames)
  }
  const small = await measure({ bits: 8, out: join(folder, 's8.spike') })
  const wide = await measure({ bits: 16, out: join(folder, 's16.spike') })
  const snapped = await measure({ grid: true })
  t.is(small.windows, 4)
  t.is(small.layers.values, small.endToEnd.values)
  const [layer] = small.layers.layers
  t.true(layer!.sqnrDb > 30 && layer!.sqnrDb < 60, `${layer!.sqnrDb} dB`)
  t.true(wide.layers.layers[0]!.sqnrDb > layer!.sqnrDb + 30)
  t.true(wide.endToEnd.headSqnrDb > small.endToEnd.headSqnrDb)
  t.deepEqual(snapped.endToEnd, {
    values: small.endToEnd.values,
    flips: 0,
    headSqnrDb: Number.POSITIVE_INFINITY,
    headWorst: 0,
  })
  const { rows, sentences } = distanceLines(small)
  t.is(rows.length, 2)
  t.regex(
    sentences[0]!,
    /^distance to float, each layer by itself \(4 windows\): [\d,]+ of [\d,]+ spikes flip/,
  )
  t.regex(
    sentences[1]!,
    /^end to end: [\d.]+ % of the spikes differ; head maps [\d.]+ dB, largest error /,
  )
})
