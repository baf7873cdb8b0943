import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { areaUnderRoc, bestThreshold, toldAt } from '../../pipeline/evaluate/ranking.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import {
  classifyPatches,
  detectAt,
  type Label,
  Model,
  openRecording,
  readLabels,
  writeDat,
  writeSimulation,
} from '../../pipeline/index.js'
import { Random } from '../../pipeline/simulate/random.js'
import { scratch } from '../support/folder.js'
import { type PlainEvent, packetOf } from '../support/packets.js'

const FRAME = { width: 304, height: 240 }

interface Patch {
  events: PlainEvent[]
  width: number
  height: number
}

/** The 100 ms from `from` on of what lies in the box, as N-CARS cuts it: stamps and pixels from 0. */
async function cut(drive: string, from: number, { x, y, w, h }: Omit<Label, 't'>): Promise<Patch> {
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))]
  const [right, bottom] = [Math.min(304, Math.ceil(x + w)), Math.min(240, Math.ceil(y + h))]
  await using recording = await openRecording(drive)
  await recording.seek(from)
  const packet = new EventPacket()
  const events: PlainEvent[] = []
  while (await recording.next(packet))
    for (let i = 0; i < packet.length; i++) {
      const t = packet.t0 + packet.t[i]! - from
      const [px, py] = [packet.x[i]!, packet.y[i]!]
      if (t < 100_000 && px >= left && px < right && py >= top && py < bottom)
        events.push({ t, x: px - left, y: py - top, p: packet.p[i]! })
    }
  return {
    events,
    width: Math.max(...events.map(({ x }) => x)) + 1,
    height: Math.max(...events.map(({ y }) => y)) + 1,
  }
}

async function writePatch(path: string, events: PlainEvent[], size: Patch | typeof FRAME) {
  mkdirSync(dirname(path), { recursive: true })
  await using file = await writeDat(path, { geometry: { width: size.width, height: size.height } })
  await file.write(packetOf(events))
  await file.close()
}

/** As in N-CARS: the header does not say the size. */
function forgetSize(path: string): void {
  const bytes = readFileSync(path).toString('latin1')
  writeFileSync(path, bytes.replace(/^% (Height|Width) \d+\n/gm, ''), 'latin1')
}

/** Two cars and three pieces of street: parts of a simulated drive; one piece has a single event. */
async function patchSet(t: ExecutionContext) {
  const folder = scratch(t, 'patches')
  const drive = join(dirname(folder), 'drive')
  await writeSimulation({ seed: 5, durationUs: 700_000 }, drive)
  const labels = (await readLabels(`${drive}_bbox.npy`)).filter(
    ({ t, w, h, x, y }) => t >= 200_000 && w > 24 && w < 150 && h < 120 && x >= 0 && y >= 0,
  )
  const cars = [labels[0]!, labels.at(-1)!]
  const patches: Record<string, Patch> = {}
  for (const [i, car] of cars.entries())
    patches[`cars/obj_${i}_td.dat`] = await cut(`${drive}_td.dat`, car.t - 100_000, car)
  for (const [i, x] of [0, 250].entries())
    patches[`background/obj_${i}_td.dat`] = await cut(`${drive}_td.dat`, 300_000, {
      ...{ ...cars[0]!, x, y: 0, w: 54, h: 60 },
    })
  const [dot] = patches['background/obj_0_td.dat']!.events
  patches['background/obj_2_td.dat'] = { events: [{ ...dot!, x: 0, y: 0 }], width: 1, height: 1 }
  for (const [name, patch] of Object.entries(patches)) {
    await writePatch(join(folder, name), patch.events, patch)
    forgetSize(join(folder, name))
  }
  return { folder, patches }
}

/** By hand: the patch moved into a recording of the model's size, windows of 50 ms, the best car. */
async function scoreByHand(t: ExecutionContext, { events, width, height }: Patch, model: Model) {
  const left = Math.floor((FRAME.width - width) / 2)
  const top = Math.floor((FRAME.height - height) / 2)
  const path = join(scratch(t, 'moved'), 'a.dat')
  await writePatch(
    path,
    events.map((event) => ({ ...event, x: event.x + left, y: event.y + top })),
    FRAME,
  )
  await using session = await model.open({ score: 0.001, max: 300 })
  await using recording = await openRecording(path)
  const first = events[0]!.t
  const scores = [0]
  for await (const set of detectAt(recording, session, [first + 50_000, first + 100_000], {
    geometry: FRAME,
  }))
    for (const { score, box, label } of set.detections) {
      const beside =
        box.x + box.w <= left ||
        box.y + box.h <= top ||
        box.x >= left + width ||
        box.y >= top + height
      if (label === 'car' && !beside) scores.push(score)
    }
  return Math.max(...scores)
}

test('a patch scores like the same events in the middle of a whole picture', async (t) => {
  const { folder, patches } = await patchSet(t)
  for (const name of ['car', 'car-pilot']) {
    const model = await Model.load(name)
    const positive: number[] = []
    const negative: number[] = []
    for (const [path, patch] of Object.entries(patches))
      (path.startsWith('cars') ? positive : negative).push(await scoreByHand(t, patch, model))
    t.true(positive[0]! > 0.1 && positive[0]! > negative[0]!)

    const train = join(dirname(folder), `train-${name}`)
    for (const kind of ['cars', 'background']) {
      const patch = patches[`${kind}/obj_0_td.dat`]!
      await writePatch(join(train, kind, 'a.dat'), patch.events, patch)
    }
    const chosen = await classifyPatches({ patches: folder, train, model, jobs: 2 })
    t.like(chosen, {
      ...{ cars: 2, background: 3, auc: areaUnderRoc({ positive, negative }), faults: {} },
      told: toldAt(positive[0]!, { positive, negative }),
      train: { cars: 1, background: 1, auc: 1 },
    })
    t.deepEqual(await classifyPatches({ patches: folder, train, model }), chosen)
    t.regex(chosen.protocol, /; 2 windows of 50 ms .+; threshold: the best accuracy on the train/)

    const alone = await classifyPatches({ patches: folder, model })
    t.deepEqual([alone.auc, alone.told, alone.train], [chosen.auc, undefined, undefined])
    t.regex(alone.protocol, /; no train folder, so no threshold and no accuracy$/)
  }
})

test('AUC and threshold are those of counting every pair and trying every score', (t) => {
  const random = new Random(11)
  for (const count of [1, 2, 5, 40]) {
    const some = (length: number) => Array.from({ length }, () => random.below(9) / 10)
    const scores = { positive: some(count), negative: some(1 + random.below(30)) }
    const { positive, negative } = scores
    let pairs = 0
    for (const a of positive) for (const b of negative) pairs += a > b ? 1 : a === b ? 0.5 : 0
    t.is(areaUnderRoc(scores), pairs / (positive.length * negative.length))

    const all = [...positive, ...negative].sort((a, b) => b - a)
    const right = (at: number) =>
      positive.filter((score) => score >= at).length + negative.filter((score) => score < at).length
    const most = Math.max(...all.map(right))
    const threshold = bestThreshold(scores)
    t.is(all.find((at) => right(at) === most)!, threshold)
    const told = toldAt(threshold, scores)
    t.is(told.accuracy, most / all.length)
    t.is(told.truePositiveRate, told.truePositives / positive.length)
    t.is(told.falsePositiveRate, told.falsePositives / negative.length)
  }
  t.throws(() => areaUnderRoc({ positive: [], negative: [1] }), { code: 'ERR_ARGUMENT' })
})

test('what is no patch set is refused with a sentence', async (t) => {
  const folder = scratch(t, 'patches')
  const model = await Model.load('car-pilot')
  const dot = [{ t: 0, x: 0, y: 0, p: 1 }]
  await writePatch(join(folder, 'cars', 'a.dat'), dot, FRAME)
  const classify = (train?: string) => classifyPatches({ patches: folder, train, model })
  const empty = await t.throwsAsync(classify(), { code: 'ERR_NOT_FOUND' })
  t.regex(empty!.message, /background holds no patches: no \.dat file/)
  await writePatch(join(folder, 'background', 'b.dat'), dot, { width: 640, height: 480 })
  await t.throwsAsync(classify(join(folder, '..', 'patches')), { message: /tells nothing/ })
  const large = await t.throwsAsync(classify(), { code: 'ERR_FORMAT' })
  t.regex(large!.message, /b\.dat is 640x480, larger than the model's picture of 304x240/)
  await t.throwsAsync(classifyPatches({ patches: folder, model, jobs: 0 }), { message: /jobs/ })
})
