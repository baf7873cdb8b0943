import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import {
  calibrate,
  calibrationReport,
  choiceRows,
  framesOf,
  layerRows,
  measuredSentences,
} from '../../calibration/index.js'
import { Model, writeSimulation } from '../../pipeline/index.js'
import { htmlReport } from '../../pipeline/view/report.js'
import { floatNetwork } from '../support/float-network.js'
import { saccade } from '../support/program.js'
import { packageRoot } from '../support/shared.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)
const pilot = join(packageRoot, 'models', 'car-pilot')
const folder = mkdtempSync(join(tmpdir(), 'saccade-recordings-'))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

const network = (name: string, options = {}) => {
  const path = join(folder, name)
  writeFileSync(path, floatNetwork(options))
  return path
}

// 14 windows of 50 ms with labels, and one window.
const drive = join(folder, 'drive_td.dat')
const moment = join(folder, 'moment_td.dat')
test.before(async () => {
  await writeSimulation({ seed: 3, durationUs: 700_000 }, join(folder, 'drive'))
  await writeSimulation({ seed: 3, durationUs: 50_000 }, join(folder, 'moment'))
})

test('rounding is chosen by what layers read, is no worse on other windows, and gives the same bytes again', async (t) => {
  if (runtime === undefined)
    return t.log('onnxruntime-node is not installed: nothing to compare with')
  const path = network('street.onnx')
  const { measured, planPath, plan, report } = await calibrate(path, { recordings: [drive] })
  const { choices, distance, windows, firing } = measured!
  t.deepEqual(windows, { chosenOn: 7, measuredOn: 7 })
  t.deepEqual(
    choices.map(({ layer }) => layer),
    ['stem', 'head'],
  )
  for (const { byInputs, byWeights, byLargest, errorRatio } of choices) {
    t.true(errorRatio < 1)
    t.true(byInputs >= byWeights && byInputs > byLargest)
  }
  // The stem has few places, so all were judged: its currents must be nearer by what the choice says of itself.
  const [layer] = distance!.layers.layers
  const [plain] = distance!.other!.layers
  const nearer = layer!.sqnrDb - plain!.sqnrDb
  t.log(
    `stem: ${plain!.sqnrDb.toFixed(2)} dB with plain scales, ${layer!.sqnrDb.toFixed(2)} dB chosen`,
  )
  t.true(nearer > 0.5, `${nearer} dB`)
  t.is(report.exact, 'no')
  t.deepEqual(firing, distance!.firing.plan)
  t.true(firing[0]!.active > 0 && firing[0]!.active < 1 && firing[0]!.saturated < 1)
  t.deepEqual((await Model.load(planPath)).plan, plan)
  const bytes = readFileSync(planPath)
  await calibrate(path, { recordings: [drive] })
  t.is(Buffer.compare(readFileSync(planPath), bytes), 0)

  t.is(choiceRows(choices).length, 3)
  t.is(layerRows(measured!)[0]!.length, 9)
  const sentences = measuredSentences(measured!)
  t.regex(sentences[0]!, /^2 convolutions were rounded by what they read in 7 windows; /)
  t.regex(
    sentences.join('\n'),
    /\nwith the scale of each channel's largest weight instead: [\d,]+ flip /,
  )
})

test('an exact network keeps every byte of its plan; what fires and how well it finds are told', async (t) => {
  const out = join(folder, 'pilot.spike')
  const calibration = await calibrate(join(pilot, 'model.onnx'), { recordings: [drive], out })
  t.is(Buffer.compare(readFileSync(out), readFileSync(join(pilot, 'model.spike'))), 0)
  const { choices, distance, firing, accuracy } = calibration.measured!
  t.deepEqual([choices, distance], [[], undefined])
  t.is(firing.length, 26)
  t.true(
    firing.every(({ active, mean, saturated }) => active > 0 && mean >= active && saturated < 1),
  )
  t.is(accuracy!.before, undefined)
  // The protocol takes labels after 0.5 s.
  t.true(accuracy!.after.labels > 0 && accuracy!.after.ap50! > 0.3)
  t.deepEqual(
    accuracy!.after.classes.map(({ name }) => name),
    ['car'],
  )
  const page = htmlReport(calibrationReport(calibration))
  for (const heading of ['Summary', 'Average precision', 'Layers', 'Convolutions'])
    t.true(page.includes(`<h2>${heading}</h2>`), heading)
  t.false(page.includes('<script'))
})

test('recordings that say too little are refused, by layer and by window, and nothing is written', async (t) => {
  const path = network('silent.onnx', { offset: -1000 })
  await t.throwsAsync(calibrate(path, { recordings: [drive] }), {
    code: 'ERR_ARGUMENT',
    message: 'the recordings do not excite the network: 1 of 1 layers never fire in 14 windows (n)',
  })
  await t.throwsAsync(calibrate(path, { recordings: [moment] }), {
    code: 'ERR_ARGUMENT',
    message: /moment_td\.dat: of \d windows of 50 ms, \d have events \(\d+ events\); 4 are needed$/,
  })
  await t.throwsAsync(calibrate(path, { recordings: [drive], windows: 2 }), {
    code: 'ERR_ARGUMENT',
    message: 'windows must be a whole number, 4..256, not 2',
  })
  t.false(readdirSync(folder).includes('silent.spike'))
})

test('windows are spread over a whole recording, and over recordings', async (t) => {
  const { plan } = await Model.load('car-pilot')
  const all = await framesOf([drive], plan, { most: 100 })
  t.is(all.length, 14)
  const some = await framesOf([drive], plan, { most: 3 })
  t.deepEqual(
    some.map((frame) => all.findIndex((other) => Buffer.compare(frame, other) === 0)),
    [0, 4, 8],
  )
  t.is((await framesOf([moment, drive], plan, { most: 5 })).length, 5)
})

test('the command prints it, writes a page, and says what it lacks', async (t) => {
  const html = join(folder, 'pilot.html')
  const out = join(folder, 'command.spike')
  const ran = await saccade(['calibrate', 'car-pilot', drive, '-o', out, '--html', html])
  t.is(ran.code, 0, ran.stderr)
  t.regex(ran.stdout, /\nlayer +mean spike +at the top\n/)
  t.regex(
    ran.stdout,
    /\n\d+ labels at \d+ times: AP50 0\.\d{3}, AP50:95 0\.\d{3}, of the float network too/,
  )
  t.true(ran.stdout.endsWith(`${out}\n${html}\n`))
  t.true(readFileSync(html, 'utf8').startsWith('<!doctype html>'))
  const silent = await saccade(['calibrate', network('mute.onnx', { offset: -1000 }), drive])
  t.is(silent.code, 2)
  t.regex(
    silent.stderr,
    /^saccade: the recordings do not excite the network: .*\n {2}add recordings in which /,
  )
})
