import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import {
  type CompareOptions,
  compare,
  evaluate,
  type Label,
  Model,
  matchRecording,
  type ProtocolName,
  rulesOf,
  summarise,
  writeLabels,
  writeSimulation,
} from '../../pipeline/index.js'
import { Random } from '../../pipeline/simulate/random.js'
import { scratch } from '../support/folder.js'

const NAMES = ['a', 'b', 'c']
const PROTOCOLS: ProtocolName[] = ['prophesee', 'prophesee-shipped', 'ultralytics']

/** Files of a folder: name -> boxes. */
type Boxes = Record<string, Label[]>

async function folderOf(t: ExecutionContext, ending: string, files: Boxes): Promise<string> {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  for (const [name, boxes] of Object.entries(files))
    await writeLabels(join(folder, `${name}_${ending}.npy`), boxes)
  return folder
}

/** 40 label times of two classes in three recordings, some of them less than 50 ms apart. */
function randomLabels(random: Random): Boxes {
  const files: Boxes = {}
  for (const name of NAMES) {
    const times = Array.from({ length: 13 }, (_, i) => 600_000 + i * 90_000 + random.below(60_000))
    files[name] = times.flatMap((t) =>
      Array.from({ length: 1 + random.below(3) }, (_, i) => ({
        ...{ t, x: 90 * i + random.below(20), y: 40 + random.below(80) },
        ...{ w: 40 + random.below(30), h: 30 + random.below(30) },
        classId: random.chance(0.2) ? 1 : 0,
        confidence: random.chance(0.2) ? 0.25 : 1,
        trackId: i + 1,
      })),
    )
  }
  return files
}

/** Boxes near labels and elsewhere, with few different scores: ties everywhere, also within an image. */
function randomDetections(labels: Boxes, random: Random, jitter: number): Boxes {
  const files: Boxes = {}
  for (const [name, list] of Object.entries(labels))
    files[name] = list.flatMap((label) =>
      Array.from({ length: random.below(4) }, () => ({
        ...label,
        x: label.x + random.range(-jitter, jitter),
        y: label.y + random.range(-jitter, jitter) + (random.chance(0.3) ? 90 : 0),
        classId: random.chance(0.1) ? 1 - label.classId : label.classId,
        confidence: Math.fround((1 + random.below(12)) / 13),
        trackId: 0,
      })),
    )
  return files
}

const ROUNDS = 20

/** The same by the ordinary path: every drawn label time becomes a recording of its own, copies one after the other. */
function slowly(labels: Boxes, sides: Boxes[], options: Pick<CompareOptions, 'protocol' | 'sure'>) {
  const rules = rulesOf(options)
  const spec = { rules, classes: [0, 1], thresholds: [] }
  const near = rules.pairing === 'exact' ? 0 : 50_000
  const images = NAMES.flatMap((name) =>
    [...new Set(labels[name]!.map(({ t }) => t))].map((t) => ({ name, t })),
  )
  const score = (detections: Boxes, drawn: number[]) => {
    const recordings = images.flatMap(({ name, t }, image) =>
      Array.from({ length: drawn[image]! }, (_, copy) =>
        matchRecording(
          `${String(image).padStart(4, '0')}-${String(copy).padStart(4, '0')}`,
          labels[name]!.filter((label) => label.t === t),
          detections[name]!.filter((box) => Math.abs(box.t - t) <= near),
          spec,
        ),
      ),
    )
    return summarise(recordings, spec, String)
  }
  const random = new Random(7)
  return Array.from({ length: ROUNDS }, () => {
    const drawn = images.map(() => 0)
    for (const _ of images) drawn[random.below(images.length)]! += 1
    const [a, b] = sides.map((side) => score(side, drawn))
    return { ap50: a!.ap50! - b!.ap50!, ap: a!.ap! - b!.ap! }
  })
}

/** As numpy.quantile. */
function quantile(values: number[], share: number): number {
  const sorted = values.sort((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const low = Math.floor(place)
  return sorted[low]! * (1 - (place - low)) + (sorted[low + 1] ?? 0) * (place - low)
}

for (const protocol of PROTOCOLS)
  for (const sure of [undefined, 0.5])
    test(`rounds are those of the ordinary path on the images drawn: ${protocol}, sure ${sure}`, async (t) => {
      const random = new Random(3)
      const labels = randomLabels(random)
      const sides = [8, 12].map((jitter) => randomDetections(labels, random, jitter))
      const [detections, other] = await Promise.all(sides.map((side) => folderOf(t, 'dt', side)))
      const result = await compare({
        ...{ labels: await folderOf(t, 'bbox', labels), detections, protocol, sure },
        ...{ against: { detections: other! }, rounds: ROUNDS, seed: 7 },
      })
      t.is(result.images, 39)
      const rounds = slowly(labels, sides, { protocol, sure })
      for (const key of ['ap50', 'ap'] as const) {
        const { interval, worse } = result.difference[key]
        const values = rounds.map((round) => round[key])
        for (const [i, share] of [0.025, 0.975].entries()) {
          const want = quantile([...values], share)
          t.true(Math.abs(interval[i]! - want) < 1e-12, `${key} ${interval[i]} ${want}`)
        }
        t.is(worse, values.filter((value) => value < -1e-12).length / ROUNDS)
        t.true(interval[0] < interval[1])
      }
    })

test('the sides have the figures of an evaluation, and the difference is theirs', async (t) => {
  const random = new Random(5)
  const truth = randomLabels(random)
  const labels = await folderOf(t, 'bbox', truth)
  const folders = await Promise.all(
    [6, 14].map((jitter) => folderOf(t, 'dt', randomDetections(truth, random, jitter))),
  )
  const [detections, other] = folders as [string, string]
  const options = { labels, detections, against: { detections: other }, rounds: 50 }
  const first = await compare(options)
  t.regex(first.protocol, /^prophesee: gen1, t > 0.5 s/)
  for (const [i, folder] of folders.entries())
    t.like(await evaluate({ labels, detections: folder }), first.sides[i]!)
  const { value, interval } = first.difference.ap50
  t.is(value, first.sides[0].ap50 - first.sides[1].ap50)
  t.true(interval[0] < value && value < interval[1])

  t.deepEqual(await compare(options), first)
  t.notDeepEqual(
    (await compare({ ...options, seed: 2 })).difference.ap.interval,
    first.difference.ap.interval,
  )
  const swapped = await compare({ ...options, detections: other, against: { detections } })
  t.true(Math.abs(swapped.difference.ap50.interval[0] + interval[1]) < 1e-12)

  const same = await compare({ ...options, against: { detections } })
  for (const key of ['ap50', 'ap'] as const)
    t.deepEqual(same.difference[key], { value: 0, interval: [0, 0], worse: 0 })
})

test('a model can stand on either side; then the very label times count', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  await writeSimulation({ seed: 5, durationUs: 700_000 }, join(folder, 'a'))
  const model = await Model.load('car-pilot')
  const keep = join(folder, '..', 'kept')
  const { ap50 } = await evaluate({ labels: folder, model, keep })
  const options = { labels: folder, rounds: 10 }
  for (const { sides, difference, protocol } of [
    await compare({ ...options, model, against: { detections: keep } }),
    await compare({ ...options, detections: keep, against: { model } }),
    await compare({ ...options, model, against: { model } }),
  ]) {
    t.regex(protocol, /; the set of the label's time;/)
    t.deepEqual(sides[0], sides[1])
    t.is(sides[0].ap50, ap50!)
    t.deepEqual(difference.ap50, { value: 0, interval: [0, 0], worse: 0 })
  }
})

test('what cannot be compared is refused', async (t) => {
  const box = { t: 1_000_000, x: 0, y: 0, w: 5, h: 5, classId: 0, confidence: 1, trackId: 0 }
  const labels = await folderOf(t, 'bbox', { a: [box] })
  const detections = await folderOf(t, 'dt', { a: [box] })
  const options = { labels, detections, against: { detections } }
  await t.throwsAsync(compare(options), { message: /no label passes the bounds of the protocol/ })
  await t.throwsAsync(compare({ ...options, rounds: 0 }), { message: /rounds must be/ })
  await t.throwsAsync(compare({ ...options, seed: 0.5 }), { message: /a seed is a whole number/ })
  const model = await Model.load('car-pilot')
  await t.throwsAsync(compare({ ...options, model }), { message: /one of them/ })
  const stop = new AbortController()
  const stopped = compare({
    ...{ ...options, protocol: 'ultralytics' as const, signal: stop.signal },
    onProgress: ({ stage }) => stage === 'rounds' && stop.abort(),
  })
  await t.throwsAsync(stopped, { code: 'ERR_ABORTED' })
})
