import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { detectLabelTimes } from '../../pipeline/evaluate/label-windows.js'
import {
  type EvaluateOptions,
  EventPacket,
  evaluate,
  type Label,
  Model,
  openRecording,
  readLabels,
  SaccadeError,
  writeLabels,
  writeSimulation,
} from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { makeH5 } from '../support/make-h5.js'
import { gunzipShared, sharedPath, skipWithout } from '../support/shared.js'

const label = (t: number, x: number, more: Partial<Label> = {}): Label => ({
  ...{ t, x, y: 100, w: 40, h: 30, classId: 0, confidence: 1, trackId: 0 },
  ...more,
})

/** A folder with files of labels or detections. */
async function folderOf(
  t: ExecutionContext,
  files: Record<string, readonly Label[]>,
): Promise<string> {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  for (const [name, labels] of Object.entries(files)) await writeLabels(join(folder, name), labels)
  return folder
}

/** Gen1's rate, sizes on both sides of every bound, boxes past the frame, two classes. */
const drive = Array.from({ length: 40 }, (_, i) =>
  label(249_999 + 250_000 * Math.floor(i / 4), -20 + 80 * (i % 4) + (i % 7), {
    y: 230 - 5 * i,
    w: 12 + i,
    h: 9 + 2 * i,
    classId: i % 3 === 0 ? 1 : 0,
    trackId: 1 + (i % 4),
  }),
)

test('a fault that two windows have read counts once', async (t) => {
  const recording = scratch(t, 'drive_td.dat')
  // An event each 10 ms; the one at 50 ms and the one at 90 ms lie outside.
  const words = Array.from({ length: 12 }, (_, i) => [10_000 * i, i === 5 || i === 9 ? 400 : 7])
  writeFileSync(
    recording,
    Buffer.concat([
      Buffer.from('% Version 2\n% Width 304\n% Height 240\n\x0c\x08'),
      Buffer.from(Uint32Array.from(words.flat()).buffer),
      Buffer.of(1, 2, 3),
    ]),
  )
  const model = await Model.load('car-pilot')
  await using session = await model.open({ threads: 1 })
  const { faults } = await detectLabelTimes(recording, [60_000, 70_000, 100_000], session, {})
  t.deepEqual(faults, { out_of_range: 2, trailing_bytes: 3 })
})

test('labels scored against themselves are 1, and 0.995 under ultralytics', async (t) => {
  const labels = await folderOf(t, { 'a_bbox.npy': drive, 'b_bbox.npy': drive.slice(7) })
  const detections = await folderOf(t, { 'a_dt.npy': drive, 'b_dt.npy': drive.slice(7) })
  for (const protocol of ['prophesee', 'prophesee-shipped', 'ultralytics'] as const)
    for (const oneSetPerTime of [false, true]) {
      const { ap50, ap75, ap, classes, recordings } = await evaluate({
        ...{ labels, detections, protocol, oneSetPerTime },
      })
      const best = protocol === 'ultralytics' ? 0.995 : 1
      for (const value of [ap50, ap75, ap])
        t.true(Math.abs(value! - best) < 1e-12, `${protocol} ${value}`)
      for (const score of [...classes, ...recordings]) t.true(Math.abs(score.ap! - best) < 1e-12)
    }
})

test('each protocol has its own bounds, and says them', async (t) => {
  const boxes = [
    label(500_000, 0), // not after 0.5 s
    label(500_001, 0),
    label(750_000, 0, { w: 19, h: 90 }), // a side below 20
    label(1_000_000, 0, { w: 9.9, h: 90 }), // a side below 10
    label(1_250_000, 0, { w: 20, h: 22 }), // a diagonal below 30
  ]
  const labels = await folderOf(t, { 'a_bbox.npy': boxes })
  const detections = await folderOf(t, { 'a_dt.npy': boxes })
  const of = async (options: Partial<EvaluateOptions>) => {
    const { labels: count, protocol } = await evaluate({ labels, detections, ...options })
    return { count, protocol }
  }
  t.deepEqual(await of({ protocol: 'prophesee' }), {
    count: 2,
    protocol:
      'prophesee: gen1, t > 0.5 s, diagonal >= 30, side >= 10; all detections within ±50 ms of a label time; 101 points, 100 boxes a class',
  })
  const shipped = await of({ protocol: 'prophesee-shipped' })
  t.is(shipped.count, 2)
  t.regex(shipped.protocol, /t > 0.1 s, diagonal >= 30, side >= 20;/)
  t.regex((await of({ camera: '1mpx' })).protocol, /1mpx, t > 0.5 s, diagonal >= 60, side >= 20;/)
  t.is((await of({ protocol: 'ultralytics' })).count, 5)
})

test('a stream of 50 Hz has doubles within ±50 ms; one set per time takes the nearest', async (t) => {
  const stamps = [960_000, 980_000, 1_000_000, 1_020_000, 1_040_000]
  const labels = await folderOf(t, { 'a_bbox.npy': [label(1_000_001, 50)] })
  const detections = await folderOf(t, {
    'a_dt.npy': stamps.map((at) => label(at, at === 1_000_000 ? 50 : 52, { confidence: 0.5 })),
  })
  const options = { labels, detections, thresholds: [0.4] }
  const pooled = await evaluate(options)
  t.is(pooled.detections, 5)
  const single = await evaluate({ ...options, oneSetPerTime: true })
  t.is(single.detections, 1)
  t.is(single.unpaired, 4)
  t.true(Math.abs(single.ap! - 1) < 1e-12)
  // The counts at a threshold are of one set in both.
  for (const { thresholds } of [pooled, single])
    t.deepEqual(thresholds, [
      {
        ...{ score: 0.4, windows: 1, labels: 1, found: 1, other: 0, neither: 0 },
        ...{ recall: 1, precision: 1, otherPerWindow: 0 },
      },
    ])
})

test('labels that are not sure are neither missed nor found, in every protocol', async (t) => {
  const at = 1_000_000
  const labels = await folderOf(t, {
    'a_bbox.npy': [
      label(at, 0),
      label(at, 100, { confidence: 0.4 }),
      label(at, 104, { confidence: 0.5 }),
      label(at, 200, { confidence: 0.4 }),
    ],
  })
  const detections = await folderOf(t, {
    'a_dt.npy': [
      label(at, 0, { confidence: 0.9 }),
      // Nearer to the label that is not sure: it finds the one that counts.
      label(at, 101, { confidence: 0.8 }),
      // The first finds what is not sure, the second has nothing left.
      label(at, 100, { confidence: 0.7 }),
      label(at, 100, { confidence: 0.1 }),
    ],
  })
  for (const protocol of ['prophesee', 'prophesee-shipped', 'ultralytics'] as const) {
    const options = { labels, detections, protocol, thresholds: [0.5, 0] }
    const { protocol: words, ...got } = await evaluate({ ...options, sure: 0.5 })
    t.regex(words, /; labels with confidence < 0.5 and boxes on them count neither way$/)
    t.true(got.ap50! > 0.99, `${protocol} ${got.ap50}`)
    t.like(got, { labels: 2, unsure: 2, detections: 4 })
    t.like(got.thresholds[0], {
      labels: 2,
      found: 2,
      other: 0,
      neither: 1,
      recall: 1,
      precision: 1,
    })
    t.like(got.thresholds[1], { found: 2, other: 1, neither: 1 })
    const all = await evaluate(options)
    t.true(all.ap50! < 0.8)
    t.like(all, { labels: 4, unsure: 0 })
  }
  await t.throwsAsync(evaluate({ labels, detections, sure: 2 }), { code: 'ERR_ARGUMENT' })
})

test('files are paired by name; what is missing is said', async (t) => {
  const labels = await folderOf(t, { 'a_bbox.npy': drive, 'b_bbox.npy': drive })
  const detections = await folderOf(t, { 'a_dt.npy': drive })
  const missing = await t.throwsAsync(evaluate({ labels, detections }), {
    instanceOf: SaccadeError,
  })
  t.regex(missing.message, /lacks the detections of 1 of 2 recordings: b_dt.npy does not exist/)
  const model = await Model.load('car-pilot')
  const absent = await t.throwsAsync(evaluate({ labels, model }), { instanceOf: SaccadeError })
  t.regex(
    absent.message,
    /2 of 2 labelled recordings are missing: no a_td.dat or _td.dat.h5 beside/,
  )
  await t.throwsAsync(evaluate({ labels }), { message: /needs detections or a model/ })
  await t.throwsAsync(evaluate({ labels: detections, detections }), { message: /holds no labels/ })
  const unknown = evaluate({ labels, detections: labels, classes: ['cyclist'] })
  await t.throwsAsync(unknown, { message: /no label is of class "cyclist"/ })
})

test('jobs, shards, what was kept and HDF5 do not change a byte of the figures', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await writeSimulation({ seed: 5 + i, durationUs: 700_000 }, join(folder, name))
  const model = await Model.load('car-pilot')
  const run = (options: Partial<EvaluateOptions> = {}) =>
    evaluate({ labels: folder, model, ...options })
  const whole = JSON.stringify(await run())
  t.true(JSON.parse(whole).detections > 0)

  const keep = join(folder, '..', 'kept')
  for (const index of [1, 0]) await run({ keep, jobs: 2, shard: { index, count: 2 } })
  const files = readdirSync(keep).sort()
  t.deepEqual(files, [
    ...['a_dt.json', 'a_dt.npy', 'b_dt.json', 'b_dt.npy', 'c_dt.json', 'c_dt.npy'],
    'evaluation.json',
  ])
  const stamps = () => files.map((file) => statSync(join(keep, file)).mtimeMs)
  const before = stamps()
  t.is(JSON.stringify(await run({ keep, jobs: 2 })), whole)
  t.deepEqual(stamps(), before)

  // A run that was killed before it told that b is done; labels of a that have changed.
  rmSync(join(keep, 'b_dt.json'))
  const labels = await readLabels(join(folder, 'a_bbox.npy'))
  await writeLabels(join(folder, 'a_bbox.npy'), [...labels, label(655_000, 10)])
  t.is(JSON.stringify(await run({ keep })), JSON.stringify(await run()))
  const changed = stamps().flatMap((stamp, i) => (stamp === before[i] ? [] : [files[i]!]))
  t.deepEqual(changed, ['a_dt.json', 'a_dt.npy', 'b_dt.json', 'b_dt.npy'])

  // They are ordinary detections.
  await writeLabels(join(folder, 'a_bbox.npy'), labels)
  const { protocol: _words, rules: _rules, thresholds: _at, ...figures } = JSON.parse(whole)
  const scored = await evaluate({ labels: folder, detections: keep, oneSetPerTime: true })
  t.like(JSON.parse(JSON.stringify(scored)), { classes: figures.classes, ap: figures.ap })
  await t.throwsAsync(run({ keep, session: { iou: 0.5 } }), { message: /with these settings/ })

  const h5 = join(folder, '..', 'h5')
  mkdirSync(h5)
  for (const name of ['a', 'b', 'c']) {
    copyFileSync(join(folder, `${name}_bbox.npy`), join(h5, `${name}_bbox.npy`))
    await toH5(join(folder, `${name}_td.dat`), join(h5, `${name}_td.dat.h5`))
  }
  t.is(JSON.stringify(await run({ labels: h5 })), whole)
})

async function toH5(from: string, to: string): Promise<void> {
  await using recording = await openRecording(from)
  const [t, x, y, p]: [bigint[], number[], number[], number[]] = [[], [], [], []]
  const packet = new EventPacket()
  while (await recording.next(packet))
    for (let i = 0; i < packet.length; i++) {
      t.push(BigInt(packet.t0 + packet.t[i]!))
      x.push(packet.x[i]!)
      y.push(packet.y[i]!)
      p.push(packet.p[i]!)
    }
  await makeH5(to, {
    t: BigInt64Array.from(t),
    x: Uint16Array.from(x),
    y: Uint16Array.from(y),
    p: Uint8Array.from(p),
    ...recording.geometry,
  })
}

test('a stop ends an evaluation between two windows', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  await writeSimulation({ seed: 5, durationUs: 300_000 }, join(folder, 'a'))
  const stop = new AbortController()
  const stopped = evaluate({
    ...{ labels: folder, model: await Model.load('car-pilot'), signal: stop.signal },
    onProgress: () => stop.abort(),
  })
  await t.throwsAsync(stopped, { code: 'ERR_ABORTED' })
})

test('the pilot on the composites and on both real recordings', async (t) => {
  const names = ['plain', 'street']
  const packed = names.map((name) => gunzipShared(`recordings/composites/${name}_td.dat.gz`))
  const atis = sharedPath('recordings/atis')
  const gen1 = sharedPath('recordings/gen1')
  if (!packed.every((path) => path !== undefined) || !atis || !gen1)
    return skipWithout(t, 'no shared recordings')
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  for (const [i, name] of names.entries()) {
    copyFileSync(packed[i]!, join(folder, `${name}_td.dat`))
    copyFileSync(
      sharedPath(`recordings/composites/${name}_bbox.npy`)!,
      join(folder, `${name}_bbox.npy`),
    )
  }
  const model = await Model.load('car-pilot')
  const { recordings } = await evaluate({ labels: folder, model, protocol: 'ultralytics' })
  const figures = recordings.map(({ ap50, ap }) => [ap50!.toFixed(3), ap!.toFixed(3)])
  t.deepEqual(figures, [
    ['0.877', '0.687'],
    ['0.828', '0.623'],
  ])
  const counts = async (labels: string) => {
    const { thresholds } = await evaluate({ labels, model })
    const [{ found, labels: of, other, windows }] = thresholds as [(typeof thresholds)[number]]
    return [found, of, other, windows]
  }
  t.deepEqual(await counts(atis), [26, 33, 7, 33])
  t.deepEqual(await counts(gen1), [8, 16, 4, 16])
})
