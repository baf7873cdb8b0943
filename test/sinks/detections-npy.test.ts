import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { DetectionsNpySink } from '../../pipeline/sinks/detections-npy.js'
import { sinkFromSpec } from '../../pipeline/sinks/registry.js'
import { readLabels } from '../../pipeline/sources/labels.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { header, makeSet, summary } from '../support/sets.js'

test('detections become Gen1 records stamped with the end of their window; empty windows have none', async (t) => {
  const path = scratch(t, 'drive_dt.npy')
  const sink = new DetectionsNpySink(path)
  await sink.open(header)
  const tracked = makeSet(2, 2)
  tracked.detections[1]!.track = 41
  for (const set of [makeSet(0, 0), makeSet(1, 1), tracked]) t.true(await sink.write(set))
  t.false(existsSync(path), 'it has its name only when it is whole')
  await sink.close(summary)
  t.is(readFileSync(path).length, 256 + 3 * 33)
  const box = { y: 20.25 + 2 / 16, h: 30 }
  t.deepEqual(await readLabels(path), [
    {
      t: 100_000,
      x: 10.5,
      y: 20.3125,
      w: 40,
      h: 30,
      classId: 0,
      confidence: Math.fround(0.9),
      trackId: 0,
    },
    { t: 150_000, x: 10.5, ...box, w: 40, classId: 0, confidence: Math.fround(0.9), trackId: 0 },
    { t: 150_000, x: 11.5, ...box, w: 41, classId: 1, confidence: Math.fround(0.89), trackId: 41 },
  ])
})

test('a run without detections leaves a file of no records, a failed one no file', async (t) => {
  const path = scratch(t, 'none_dt.npy')
  const empty = new DetectionsNpySink(path)
  await empty.open(header)
  await empty.close(summary)
  t.deepEqual(await readLabels(path), [])
  const failed = new DetectionsNpySink(scratch(t, 'failed_dt.npy'))
  await failed.open(header)
  await failed.write(makeSet(1, 1))
  await failed.close(undefined)
  t.deepEqual(readdirSync(dirname(failed.path)), [])
  await new DetectionsNpySink(path).close(undefined) // never opened
})

test('only names ending in _dt.npy are written: labels that were drawn by hand are not run over', (t) => {
  t.true(sinkFromSpec({ file: 'drive_dt.npy' }) instanceof DetectionsNpySink)
  t.like(
    t.throws(() => sinkFromSpec({ file: 'drive_bbox.npy' })),
    {
      code: 'ERR_ARGUMENT',
      message: 'the ending of drive_bbox.npy names no output format',
    },
  )
})

test('replay -o FILE_dt.npy holds what --json says', async (t) => {
  const drive = scratch(t, 'drive')
  const { recording } = await writeSimulation({ seed: 3, durationUs: 500_000 }, drive)
  const path = `${drive}_dt.npy`
  const run = await saccade(['replay', recording, '--json', '--score', '0.05', '-o', path])
  t.is(run.code, 0, run.stderr)
  const sets = run.stdout.trim().split('\n').slice(1, -1)
  const said = sets.flatMap((line) => {
    const { tEnd, detections } = JSON.parse(line)
    return detections.map((d: { class: number; score: number; box: { x: number } }) => ({
      t: tEnd,
      classId: d.class,
      score: d.score,
      x: d.box.x,
    }))
  })
  t.true(said.length > 0)
  const written = (await readLabels(path)).map(({ t: at, classId, confidence, x }) => ({
    t: at,
    classId,
    score: Math.round(confidence * 1e4) / 1e4,
    x: Math.round(x * 100) / 100,
  }))
  t.deepEqual(written, said)
})
