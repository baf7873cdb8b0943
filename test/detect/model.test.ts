import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { listModels, Model } from '../../pipeline/index.js'
import { tinyModel } from '../support/make-onnx.js'
import { packageRoot } from '../support/shared.js'

const pilot = join(packageRoot, 'models', 'car-pilot')
const folder = () => mkdtempSync(join(tmpdir(), 'saccade-model-'))

test('a shipped model knows its files, its name and what it reads', async (t) => {
  const model = await Model.load('car-pilot')
  t.is(model.name, 'car-pilot')
  t.is(model.path, join(pilot, 'model.spike'))
  t.is(model.onnxPath, join(pilot, 'model.onnx'))
  t.is(model.sha256, '1d9e20472e2a58b62249a5618d96f3ff0371ae4026daea85f5b93629f71b34e5')
  t.deepEqual(model.labels, ['car'])
  t.is(model.window.durationUs, 50_000)
  t.is(model.plan.exact, 'yes')
  t.is((await Model.load()).path, join(packageRoot, 'models', 'car', 'model.spike'))
})

test('shipped models are listed with the title of their card', async (t) => {
  const models = await listModels()
  const row = (wanted: string) => {
    const { title, classes, exact, default: first } = models.find(({ name }) => name === wanted)!
    return [title, classes, exact, first]
  }
  t.deepEqual(row('car'), [
    'car: finds cars and people in 304 x 240 event windows; the default of a clone',
    ['car', 'pedestrian'],
    'yes',
    true,
  ])
  t.deepEqual(row('car-pilot'), [
    'car-pilot: finds cars in 304 x 240 event windows; the first of its kind',
    ['car'],
    'yes',
    false,
  ])
})

test('a plan, an ONNX file and a folder with either load as the same model', async (t) => {
  const byName = await Model.load('car-pilot')
  for (const path of [pilot, join(pilot, 'model.spike'), join(pilot, 'model.onnx')]) {
    const model = await Model.load(path)
    t.is(model.name, 'car-pilot')
    t.deepEqual(model.plan, byName.plan, path)
  }
})

test('an ONNX file without a plan is compiled in memory, and one with the plan of another file too', async (t) => {
  const at = folder()
  const path = join(at, 'street.onnx')
  writeFileSync(path, tinyModel().encode())
  const alone = await Model.load(path)
  t.is(alone.name, 'street')
  t.is(alone.onnxPath, path)
  copyFileSync(join(pilot, 'model.spike'), join(at, 'street.spike'))
  t.deepEqual((await Model.load(path)).plan, alone.plan)
  await using session = await alone.open()
  t.is((await session.run(new Uint8Array(2 * 16 * 24))).count >= 0, true)
})

test('what is no model is refused with one sentence that names it', async (t) => {
  const at = folder()
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(at, name)
    writeFileSync(path, content)
    return path
  }
  await t.throwsAsync(Model.load('lorry'), {
    code: 'ERR_NOT_FOUND',
    message:
      /^there is no model "lorry": no shipped one has that name \(car, car-pilot.*\) and no such file exists$/,
  })
  await t.throwsAsync(Model.load('../car-pilot'), { code: 'ERR_NOT_FOUND' })
  await t.throwsAsync(Model.load(''), { code: 'ERR_NOT_FOUND' })
  mkdirSync(join(at, 'empty'))
  await t.throwsAsync(Model.load(join(at, 'empty')), {
    code: 'ERR_MODEL',
    message: `${at}/empty: the folder holds neither model.spike nor model.onnx`,
  })
  for (const path of [
    file('text.onnx', 'hello\n'),
    file('words.spike', 'hello, this is no plan at all\n'),
    file('empty.onnx', ''),
    file('picture.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)),
  ]) {
    const error = await t.throwsAsync(Model.load(path), { code: 'ERR_MODEL' })
    t.true(error!.message.startsWith(`${path}: `), error!.message)
    t.false(error!.message.includes('\n'))
  }
})

test('a backend that is not there, and an ONNX file that is missing or another one, are said', async (t) => {
  const model = await Model.load('car-pilot')
  await t.throwsAsync(model.open({ backend: 'gpu' as 'native' }), {
    code: 'ERR_ARGUMENT',
    message: 'there is no backend "gpu"; there are native and onnx',
  })
  const at = folder()
  const path = join(at, 'lone.spike')
  copyFileSync(join(pilot, 'model.spike'), path)
  await t.throwsAsync((await Model.load(path)).open({ backend: 'onnx' }), {
    code: 'ERR_NOT_FOUND',
    message: `${path}: the onnx backend needs the model's ONNX file, and there is none beside the plan`,
  })
  const other = join(at, 'lone.onnx')
  const bytes = readFileSync(join(pilot, 'model.onnx'))
  writeFileSync(other, bytes.subarray(1))
  await t.throwsAsync((await Model.load(path)).open({ backend: 'onnx' }), {
    code: 'ERR_MODEL',
    message: `${other}: this is not the file that ${path} was compiled from`,
  })
})
