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

test('info --filters tells what each filter took, in their order, and the size of the sensor behind it', async (t) => {
  const path = sharedPath('recordings/atis/car_passing_td.dat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const list = 'rotate:90,refractory:50us,refractory:1ms'
  const run = await saccade(['info', path, '--filters', '--filter', list, '--json'])
  t.is(run.code, 0, run.stderr)
  const { filters } = JSON.parse(run.stdout)
  t.deepEqual(
    filters.map(({ ns_per_event, ...filter }: Record<string, unknown>) => {
      t.true((ns_per_event as number) > 0)
      return filter
    }),
    [
      { filter: 'rotate:90', in: 242_040, out: 242_040, width: 240, height: 304 },
      { filter: 'refractory:50us', in: 242_040, out: 223_161, width: 240, height: 304 },
      { filter: 'refractory:1000us', in: 223_161, out: filters[2].out, width: 240, height: 304 },
    ],
  )
  const table = await saccade(['info', path, '--filters'])
  t.regex(table.stdout, /^filter +events in +events out +taken out +ns\/event +sensor behind$/m)
  t.regex(table.stdout, /^refractory:50us +242040 +223161 +7\.8 % +[\d.]+ +304x240$/m)
})
