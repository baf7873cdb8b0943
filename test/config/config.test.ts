import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { explainConfig } from '../../pipeline/config/explain.js'
import { parseConfig } from '../../pipeline/config/file.js'
import { loadConfig } from '../../pipeline/config/load.js'
import { configSchema, settings } from '../../pipeline/config/schema.js'
import type { SaccadeError } from '../../pipeline/errors.js'
import { packageRoot } from '../support/shared.js'

const example = join(packageRoot, 'saccade.example.yaml')

function complaint(text: string): { message: string; hint?: string; code: string } {
  try {
    parseConfig(text, 'robot.yaml')
  } catch (error) {
    const { message, hint, code } = error as SaccadeError
    return { message, hint, code }
  }
  throw new Error('the text was accepted')
}

test('the example loads as it is', async (t) => {
  const { config } = await loadConfig({ file: example })
  t.is(config.model.name, 'default')
  t.is(config.source.recording, resolve(packageRoot, 'drive_td.dat'))
  t.is(config.health.every, '10s')
})

test('every setting is in the example, and what is commented out there is valid', (t) => {
  const text = readFileSync(example, 'utf8').replace(/^( *)#(?=\w)/gm, '$1')
  const tree = parse(text) as Record<string, Record<string, unknown>>
  for (const { path, schema } of settings) {
    const [section, key] = path
    const value = tree[section]?.[key]
    t.not(value, undefined, `${section}.${key} is not in the example`)
    t.true(schema.safeParse(value).success, `${section}.${key}: ${JSON.stringify(value)}`)
  }
  t.true(configSchema.safeParse(tree).success)
})

test('an unknown key is named with its line and column, and the nearest known one', (t) => {
  t.deepEqual(complaint('model:\n  threads: 2\n  thraeds: 4\n'), {
    message: 'robot.yaml:3:3: unknown key "thraeds" in model',
    hint: 'did you mean "threads"?',
    code: 'ERR_CONFIG',
  })
  t.deepEqual(complaint('modle:\n  threads: 2\n'), {
    message: 'robot.yaml:1:1: unknown key "modle"',
    hint: 'did you mean "model"?',
    code: 'ERR_CONFIG',
  })
  t.is(complaint('serial:\n  parity: even\n').hint, 'known here: port, baud')
})

test('a wrong value is named with its line, what is expected and what is there', (t) => {
  t.is(
    complaint('\nmodel:\n    threads: two\n').message,
    'robot.yaml:3:5: model.threads must be a whole number from 1 to 64, not "two"',
  )
  t.is(
    complaint('model: {backend: cuda, threads: 99}').message,
    'robot.yaml:1:9: model.backend must be one of native, onnx, not "cuda" (and 1 more)',
  )
  t.is(complaint('source: 7').message, 'robot.yaml:1:1: source must be a map of keys')
  t.is(complaint('- a\n- b').message, 'robot.yaml:1:1: a configuration is a map of sections')
})

test('what is no YAML is named with its place', (t) => {
  t.regex(complaint('model:\n  threads: [1, 2\n').message, /^robot\.yaml:\d+:\d+: no YAML: /)
  t.regex(
    complaint('model:\n  score: 1\n  score: 2\n').message,
    /^robot\.yaml:3:3: no YAML: .*unique/,
  )
})

test('aliases that multiply are refused', (t) => {
  const bomb = `a: &a [x,x]\n${'bcdefghijk'
    .split('')
    .map((name, i) => `${name}: &${name} [${`*${'abcdefghij'[i]},`.repeat(9)}x]`)
    .join('\n')}\n`
  t.regex(complaint(bomb).message, /alias/i)
})

test('flags win over the environment, which wins over the file; each value tells its origin', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
  const file = join(folder, 'robot.yaml')
  await writeFile(file, 'model:\n  threads: 2\n  score: 0.2\n  backend: onnx\n')
  const loaded = await loadConfig({
    file,
    environment: { SACCADE_MODEL_THREADS: '3', SACCADE_MODEL_SCORE: '0.4', SACCADE_MQTT_URL: '' },
    flags: { 'model.score': '0.6', 'model.classes': 'car, person' },
  })
  t.is(loaded.config.model.threads, 3)
  t.is(loaded.config.model.score, 0.6)
  t.deepEqual(loaded.config.model.classes, ['car', 'person'])
  const origin = Object.fromEntries(explainConfig(loaded).map((line) => [line.name, line.origin]))
  t.is(origin['model.threads'], 'SACCADE_MODEL_THREADS')
  t.is(origin['model.score'], '--score')
  t.is(origin['model.backend'], `${file}:4:3`)
  t.is(origin['serial.baud'], 'default')
  t.is(origin['mqtt.url'], '-')
})

test('a wrong variable or flag is called by its name', async (t) => {
  const wrong = (environment: Record<string, string>, flags = {}) =>
    t.throwsAsync(loadConfig({ environment, flags }))
  t.is(
    (await wrong({ SACCADE_MODEL_THREADS: 'many' }))?.message,
    'SACCADE_MODEL_THREADS must be a whole number from 1 to 64, not "many"',
  )
  t.is(
    (await wrong({}, { 'source.geometry': '304' }))?.message,
    '--geometry must be a size such as 304x240, not "304"',
  )
  t.is(
    (await wrong({ SACCADE_MODEL_TREADS: '2' }))?.message,
    'the environment variable SACCADE_MODEL_TREADS is no setting',
  )
})

test('secrets and passwords in URLs are masked', async (t) => {
  const loaded = await loadConfig({
    environment: {
      SACCADE_MQTT_PASSWORD: 'hunter2',
      SACCADE_MQTT_URL: 'mqtt://robot:hun/t@er2@broker:1883',
    },
  })
  const shown = JSON.stringify(explainConfig(loaded))
  t.false(shown.includes('hunter2') || shown.includes('er2@'))
  t.true(shown.includes('mqtt://robot:********@broker:1883'))
})
