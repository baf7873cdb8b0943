import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { checkSums } from '../../pipeline/detect/checksums.js'
import { defaultModel } from '../../pipeline/detect/shipped.js'
import { Model } from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

test('the default is car in a clone and street in a package', async (t) => {
  t.is(defaultModel(['car', 'car-pilot', 'street']), 'car')
  t.is(defaultModel(['car-pilot', 'street']), 'street')
  t.is(defaultModel(['other']), 'other')
  t.is((await Model.load('default')).path, (await Model.load()).path)
})

test('the files of a model are compared with its list', async (t) => {
  const folder = dirname(scratch(t, 'x'))
  const list = (lines: string) => writeFileSync(join(folder, 'SHA256SUMS'), lines)
  const line = (file: string, content: string) => {
    writeFileSync(join(folder, file), content)
    return `${createHash('sha256').update(content).digest('hex')}  ${file}\n`
  }
  await t.throwsAsync(checkSums(folder), {
    code: 'ERR_NOT_FOUND',
    message: `${folder} has no SHA256SUMS`,
  })
  list(line('model.spike', 'a plan') + line('model.onnx', 'a network') + line('card.md', '# it'))
  t.deepEqual(
    (await checkSums(folder)).map(({ state }) => state),
    ['ok', 'ok', 'ok'],
  )
  writeFileSync(join(folder, 'card.md'), '# this')
  writeFileSync(join(folder, 'notes.txt'), '')
  rmSync(join(folder, 'model.onnx'))
  t.deepEqual(await checkSums(folder), [
    { file: 'model.spike', state: 'ok' },
    { file: 'model.onnx', state: 'left out' },
    { file: 'card.md', state: 'differs' },
    { file: 'notes.txt', state: 'not listed' },
  ])
  rmSync(join(folder, 'model.spike'))
  t.is((await checkSums(folder))[0]!.state, 'missing')
  for (const name of ['../secret', '/etc/passwd', '.hidden', 'a/b']) {
    list(`${'0'.repeat(64)}  ${name}\n`)
    await t.throwsAsync(checkSums(folder), {
      code: 'ERR_FORMAT',
      message: `${folder}/SHA256SUMS:1: no line of sha256sum`,
    })
  }
})

test('all models that are here are whole', async (t) => {
  const { code, stdout } = await saccade(['models', '--check'])
  t.is(code, 0, stdout)
  t.regex(stdout, /^car +ok {2}6 files as listed$/m)
  t.regex(stdout, /^car-pilot {2}ok {2}5 files as listed$/m)
  t.regex(stdout, /^street +ok {2}6 files as listed$/m)
  const json = await saccade(['models', '--check', '--json'])
  t.true(JSON.parse(json.stdout).every(({ files }: { files: unknown[] }) => files.length >= 5))
})
