import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { writeSimulation } from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

test('replay --track numbers objects, the same for any number of threads, and eval --tracks scores them', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  await writeSimulation({ seed: 2, durationUs: 700_000, people: 0 }, join(folder, 'a'))
  const args = ['replay', join(folder, 'a_td.dat'), '--model', 'street', '--track', '--json']
  const { code, stdout, stderr } = await saccade(args)
  t.is(code, 0, stderr)
  const [header, ...rest] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { end } = rest.pop()
  t.like(header.track, { high: 0.4, low: 0.1, birth: 0.5, confirm: 2, keepUs: 1_000_000 })
  const ids = rest.flatMap(({ detections }) => detections.map((d: { track?: number }) => d.track))
  const numbers = [...new Set(ids.filter((id) => id !== undefined))].sort((a, b) => a - b)
  t.deepEqual(
    numbers,
    Array.from({ length: end.tracks }, (_, i) => i + 1),
  )
  t.true(numbers.length >= 2 && numbers.length <= 10, String(numbers))
  t.true(ids.filter((id) => id === 1).length > 6)
  const again = await saccade([...args, '--threads', '2'])
  t.is(again.stdout, stdout)

  const call = ['eval', '--gt', folder, '--model', 'street', '--classes', 'car', '--tracks']
  const { stdout: table } = await saccade(call)
  t.regex(table, /^tracks as trackeval counts them: IoU >= 0.5/)
  const [, mota, idf1] = /\ncar +(0\.\d{3}) +(0\.\d{3}) +\d+ /.exec(table) ?? []
  t.true(Number(mota) > 0.1 && Number(idf1) > 0.2, table)
  const wrong = await saccade([...call, '--at', '0.5'])
  t.is(wrong.code, 2)
  t.regex(wrong.stderr, /cannot be used with/)
})
