import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { convert } from '../../pipeline/convert.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { keepInputs } from '../../pipeline/sinks/keep-inputs.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

/** Runs a call that names `file` as an input and as its output: refused, and the file is what it was. */
async function refused(t: ExecutionContext, file: string, args: string[], read = file) {
  const before = readFileSync(file)
  const { code, stdout, stderr } = await saccade(args)
  t.is(code, 2, args[0])
  t.is(stdout, '')
  const output = args[args.findIndex((arg) => arg === '-o' || arg === '--html') + 1]
  t.is(
    stderr,
    `saccade: ${output}: the output would overwrite ${read}, which is read\n  give the output another name\n`,
  )
  t.is(Buffer.compare(readFileSync(file), before), 0)
}

test('trace writes over neither its input nor what it compares with nor a teacher', async (t) => {
  const sample = sharedPath('pilot/sample.safetensors')
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  const input = scratch(t, 'input.safetensors')
  copyFileSync(sample, input)
  const on = (path: string) => ['trace', 'car-pilot', '--input', path, '--tensor', 'frames']
  await refused(t, input, [...on(input), '-o', input])
  const link = join(input, '..', 'link.safetensors')
  symlinkSync(input, link)
  await refused(t, input, [...on(sample), '--compare', input, '-o', link])
  const spikes = join(input, '..', 'spikes.safetensors')
  copyFileSync(sample, spikes)
  await refused(t, spikes, [...on(sample), '--teacher', join(input, '..'), '-o', spikes])
})

test('no other command writes over a recording, labels, detections or a checkpoint', async (t) => {
  // Refused before anything is read, so any bytes will do.
  const file = scratch(t, 'drive_td.dat')
  writeFileSync(file, 'events')
  const labels = join(file, '..', 'drive_bbox.npy')
  writeFileSync(labels, 'labels')
  await refused(t, file, ['calibrate-sensor', file, '-o', file])
  await refused(t, file, ['profile', 'car-pilot', file, '--html', file])
  await refused(t, labels, ['eval', '--gt', file, '--dt', labels, '--html', labels])
  const checkpoint = join(file, '..', 'best.onnx')
  writeFileSync(checkpoint, 'weights')
  await refused(t, checkpoint, ['import', checkpoint, '-o', checkpoint])
  await refused(t, checkpoint, ['calibrate', checkpoint, '--html', checkpoint])
  const events = join(file, '..', 'events.ndjson')
  writeFileSync(events, 'events')
  await refused(t, events, ['replay', events, '--model', 'car-pilot', '-o', events])
  const { recording: drive } = await writeSimulation(
    { seed: 1, durationUs: 50_000, width: 76, height: 60 },
    join(file, '..', 'a'),
  )
  await refused(t, drive, ['detect', drive, '--model', 'car-pilot', '--at', '50000', '-o', drive])
})

test('other files, links that lead nowhere, folders and devices may be written', async (t) => {
  const file = scratch(t, 'a')
  writeFileSync(file, '')
  const other = `${file}b`
  await t.notThrowsAsync(keepInputs(other, [file, 'car', undefined]))
  writeFileSync(other, '')
  await t.notThrowsAsync(keepInputs(other, [file]))
  await t.notThrowsAsync(keepInputs(undefined, [file]))
  await t.notThrowsAsync(keepInputs('/dev/null', ['/dev/null', join(file, '..')]))
  await t.throwsAsync(keepInputs(join(file, '..', '.', 'a'), [file]), { code: 'ERR_ARGUMENT' })
})

test('what is read as FILE.part is not written over by the output FILE, nor by convert() itself', async (t) => {
  const file = scratch(t, 'drive.raw')
  const part = `${file}.part`
  writeFileSync(part, 'events')
  const sentence = `${file}: the output would overwrite ${part}, which is read`
  const direct = await t.throwsAsync(keepInputs(file, [part]), { code: 'ERR_ARGUMENT' })
  t.is(direct?.message, sentence)
  const converted = await t.throwsAsync(convert(part, file), { code: 'ERR_ARGUMENT' })
  t.is(converted?.message, sentence)
  await t.throwsAsync(convert(part, part, { outFormat: 'evt3' }), { code: 'ERR_ARGUMENT' })
  t.is(readFileSync(part, 'utf8'), 'events')
})
