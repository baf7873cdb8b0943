import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { NdjsonFileSink, NdjsonStreamSink } from '../../pipeline/sinks/ndjson.js'
import { setRecord } from '../../pipeline/sinks/record.js'
import { header, makeLiveSet, makeSet, summary } from '../support/sets.js'

const folder = () => mkdtempSync(join(tmpdir(), 'saccade-ndjson-'))

test('a file has a header, one line per set and an end, byte for byte', async (t) => {
  const path = join(folder(), 'out.ndjson')
  const sink = new NdjsonFileSink(path)
  await sink.open(header)
  await sink.write(makeSet(0))
  const odd = makeSet(1, 1)
  odd.detections[0]!.score = 0.123456
  odd.detections[0]!.box = { x: -0.001, y: 1 / 3, w: 40.005, h: 30 }
  odd.detections[0]!.track = 7
  await sink.write(odd)
  await sink.close(summary)
  t.is(
    readFileSync(path, 'utf8'),
    `${[
      `{"schema":"saccade/1","model":{"name":"car-pilot","sha256":"${'ab'.repeat(32)}"},"classes":["car","pedestrian"],"geometry":{"width":304,"height":240},"window":{"kind":"count","durationUs":50000,"hopUs":50000,"steps":1,"bins":1},"box":"sensor pixels, x and y of the top left corner","time":"microseconds"}`,
      '{"seq":0,"tStart":0,"tEnd":50000,"events":100,"detections":[],"dropped":{"events":0,"windows":0}}',
      '{"seq":1,"tStart":50000,"tEnd":100000,"events":101,"detections":[{"class":0,"label":"car","score":0.1235,"box":{"x":0,"y":0.33,"w":40.01,"h":30},"track":7}],"dropped":{"events":0,"windows":0}}',
      '{"end":{"windows":3,"events":300,"detections":3,"dropped":{"events":0,"windows":0,"sets":0}}}',
    ].join('\n')}\n`,
  )
})

test('a live set carries host time and age, a replayed one does not', (t) => {
  const live = JSON.parse(setRecord({ ...makeLiveSet(3), hostTime: 1_700_000_000_000_000 }))
  t.is(live.hostTime, 1_700_000_000_000_000)
  t.is(live.ageMs, 2.5)
  t.false('hostTime' in JSON.parse(setRecord(makeSet(3))))
})

test('a box that is no number is an error, not a null', (t) => {
  const set = makeSet(9, 1)
  set.detections[0]!.box.w = Number.NaN
  t.throws(() => setRecord(set), {
    message: 'window 9 has a detection with a value that is no number (NaN)',
  })
})

test('a file has its name only when it is whole, and grows as FILE.part', async (t) => {
  const path = join(folder(), 'out.ndjson')
  const sink = new NdjsonFileSink(path)
  await sink.open(header)
  await sink.write(makeSet(0))
  t.false(existsSync(path))
  t.is(readFileSync(`${path}.part`, 'utf8').split('\n').length, 3)
  await sink.close(summary)
  t.true(existsSync(path))
  t.false(existsSync(`${path}.part`))
})

test('after a failed run FILE.part stays only if it holds sets', async (t) => {
  const dir = folder()
  const empty = new NdjsonFileSink(join(dir, 'empty.ndjson'))
  await empty.open(header)
  await empty.close(undefined)
  const some = new NdjsonFileSink(join(dir, 'some.ndjson'))
  await some.open(header)
  await some.write(makeSet(0))
  await some.close(undefined)
  t.deepEqual(readdirSync(dir), ['some.ndjson.part'])
})

test('a file that cannot be written is one sentence', async (t) => {
  const dir = folder()
  mkdirSync(join(dir, 'taken.ndjson'))
  writeFileSync(join(dir, 'plain'), '')
  const open = (path: string) => new NdjsonFileSink(path).open(header)
  await t.throwsAsync(open(join(dir, 'none/out.ndjson')), {
    message: `cannot write ${join(dir, 'none/out.ndjson')}.part: its folder does not exist`,
  })
  await t.throwsAsync(open(join(dir, 'taken.ndjson')), {
    message: `cannot write ${join(dir, 'taken.ndjson')}: it is a folder`,
  })
  await t.throwsAsync(open(join(dir, 'plain/out.ndjson')), { message: /its folder is a file$/ })
})

test('a full disk is one sentence, and nothing is renamed over a device', async (t) => {
  if (!existsSync('/dev/full')) {
    t.log('skipped: no /dev/full')
    t.pass()
    return
  }
  const error = await t.throwsAsync(new NdjsonFileSink('/dev/full').open(header))
  t.is(error?.message, 'cannot write /dev/full: the disk is full after 0 bytes')
  t.true(existsSync('/dev/full'))
})

test('a reader that has gone ends the run well: ended aborts and later sets are counted', async (t) => {
  const stream = new Writable({
    write: (_chunk, _encoding, done) =>
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  })
  const sink = new NdjsonStreamSink(stream)
  await sink.open(header)
  t.true(sink.ended.aborted)
  t.false(await sink.write(makeSet(0)))
  t.false(await sink.write(makeSet(1)))
  await sink.close(summary)
  t.deepEqual(sink.dropped, { 'reader gone': 2 })
})

test('| head -2 ends a process with code 0 and without a trace', (t) => {
  const child = fileURLToPath(new URL('../support/ndjson-child.js', import.meta.url))
  const run = spawnSync(
    'bash',
    ['-c', `set -o pipefail; "${process.execPath}" "${child}" | head -2`],
    { encoding: 'utf8', timeout: 20_000 },
  )
  t.is(run.stdout.split('\n').length, 3)
  t.is(run.stderr, '')
  t.is(run.status, 0)
})
