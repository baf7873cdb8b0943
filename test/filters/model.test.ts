import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { compile } from '../../models/compile/compile.js'
import { encodePlan } from '../../models/compile/spike-file.js'
import { decodeModel, encodeModel } from '../../models/onnx/proto.js'
import { readPlan } from '../../pipeline/detect/plan-file.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { packageRoot } from '../support/shared.js'

const pilot = readFileSync(join(packageRoot, 'models', 'car-pilot', 'model.onnx'))

/** The pilot, asking for filters. */
function asking(filters: unknown): Uint8Array {
  const model = decodeModel(pilot)
  const entry = model.metadataProps.find(({ key }) => key === 'saccade.input')!
  entry.value = JSON.stringify({ ...JSON.parse(entry.value), filters })
  return encodeModel(model)
}

const compiled = (filters: unknown) =>
  compile(asking(filters), { file: 'model.onnx', name: 'asking' }).plan

test('a model asks for filters in its metadata, and its plan keeps them with their defaults', (t) => {
  const filters = [{ name: 'refractory' }, { name: 'hot-pixels', rateHz: 500 }]
  const plan = compiled(filters)
  const full = [
    { name: 'refractory', us: 50 },
    { name: 'hot-pixels', rateHz: 500, periodUs: 100_000 },
  ]
  t.deepEqual(plan.window.filters, full)
  t.deepEqual(readPlan(encodePlan(plan), 'model.spike').window.filters, full)
  t.is(compiled([]).window.filters, undefined)
})

test('a model that asks for what it cannot have is refused with a sentence', (t) => {
  const refused = (filters: unknown, message: RegExp) =>
    t.throws(() => compiled(filters), { code: 'ERR_MODEL', message })
  refused(
    [{ name: 'blur' }],
    /saccade\.input\.filters\.0: there is no filter "blur"; there are ref/,
  )
  refused([{ name: 'refractory', us: 0 }], /saccade\.input\.filters\.0\.us: /)
  refused(
    [{ name: 'refractory' }, { name: 'swap-polarity' }],
    /saccade\.input\.filters\.1: a swapped polarity belongs to a camera, not to a model/,
  )
  refused(
    [{ name: 'hot-pixels', pixels: [[1, 2]] }],
    /saccade\.input\.filters\.0: a list of hot pixels belongs to a camera, not to a model/,
  )
  refused(Array(9).fill({ name: 'refractory' }), /saccade\.input\.filters: /)
  refused('refractory', /saccade\.input\.filters: /)
})

test('replay runs what the model asks for, says so, and leaves it with --filter none', async (t) => {
  const model = scratch(t, 'asking.onnx')
  writeFileSync(model, asking([{ name: 'refractory', us: 20_000 }]))
  const drive = { seed: 4, durationUs: 300_000 }
  const { recording } = await writeSimulation(drive, scratch(t, 'drive'))
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await saccade(['replay', recording, '--json', ...args])
    t.is(code, 0, stderr)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return { header: lines[0], sets: lines.slice(1, -1), end: lines.at(-1).end, stderr }
  }
  const asked = await run('--model', model)
  t.deepEqual(asked.header.filters, ['refractory:20000us'])
  t.true(asked.end.filtered > 0)
  t.is(asked.end.dropped.events, 0)
  t.regex(asked.stderr, /; filtered out: .*ev by refractory; nothing was dropped/)

  const none = await run('--model', model, '--filter', 'none')
  const plain = await run('--model', 'car-pilot')
  t.false('filters' in none.header)
  t.deepEqual(none.sets, plain.sets)
  t.deepEqual(none.end, plain.end)
  t.is(asked.end.events + asked.end.filtered, plain.end.events)

  const other = await run('--model', model, '--filter', 'refractory:1000us,hot-pixels:2Hz:50ms')
  t.deepEqual(other.header.filters, ['refractory:1000us', 'hot-pixels:2Hz:50ms'])
  t.regex(other.stderr, /filtered out: .*ev by refractory, .*ev by hot-pixels;/)

  const wrong = await saccade(['replay', recording, '--filter', 'refractory,none'])
  t.is(wrong.code, 2)
  t.regex(wrong.stderr, /^saccade: --filter must be a list of filters such as refractory:50us/)
})
