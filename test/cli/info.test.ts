import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { saccade } from '../support/program.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

test('info --digest --json tells what is known of every real DAT recording', async (t) => {
  const list = sharedPath('recordings/expected.json')
  if (list === undefined) return skipWithout(t, 'no shared recordings')
  const expected: Record<string, Record<string, unknown>> = JSON.parse(readFileSync(list, 'utf8'))
  const names = Object.keys(expected).filter((name) => name.endsWith('.dat'))
  t.is(names.length, 10)
  const files = names.map((name) => sharedPath(join('recordings', name))!)
  const { code, stdout, stderr } = await saccade(['info', '--digest', '--json', ...files])
  t.is(stderr, '')
  t.is(code, 0)
  const told = stdout.trim().split('\n')
  t.is(told.length, names.length)
  for (const [i, line] of told.entries()) {
    const { check: _, type_byte: __, ...wanted } = expected[names[i]!]!
    const { file, faults, ...info } = JSON.parse(line)
    t.is(file, files[i])
    t.deepEqual(faults, {})
    t.deepEqual(info, wanted)
  }
})

test('info describes a model by its folder or file', async (t) => {
  const folder = join(packageRoot, 'models', 'car-pilot')
  const { code, stdout } = await saccade(['info', '--json', folder, join(folder, 'model.onnx')])
  t.is(code, 0)
  const [plan, onnx] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.like(plan, { model: 'car-pilot', classes: ['car'], exact: 'yes' })
  t.is(plan.onnxSha256, onnx.onnxSha256)
})
