import test from 'ava'
import { Subject } from 'rxjs'
import { detect, toDetections } from '../../pipeline/detect/detect.js'
import type { DetectionSet } from '../../pipeline/detect/detection.js'
import type { RawDetections, Session } from '../../pipeline/detect/session.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { Pool } from '../../pipeline/streams/pool.js'
import { FrameWindow } from '../../pipeline/windows/frame.js'

/** A session whose runs end when the test says so. */
function manualSession() {
  const ends: (() => void)[] = []
  const session = {
    labels: ['car'],
    run: (_frames: Uint8Array, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<RawDetections>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
        ends.push(() => resolve({ count: 1, rows: Float32Array.of(10, 20, 30, 40, 0.5, 0) }))
      }),
  } as unknown as Session
  return { session, ends }
}

function frameFrom(pool: Pool<FrameWindow>, index: number, live: boolean): FrameWindow {
  const frame = pool.tryAcquire()!
  Object.assign(frame, { index, live, droppedEvents: 0, droppedWindows: 0 })
  frame.fit = { offsetX: 0, offsetY: 0, factorX: 1, factorY: 1, width: 304, height: 240 }
  return frame
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 2))

test('live, at most one window waits: newer ones replace it and the gap is told', async (t) => {
  const pool = new Pool('frames', 4, () => new FrameWindow(4))
  const { session, ends } = manualSession()
  const ledger = new Ledger()
  const frames = new Subject<FrameWindow>()
  const sets: DetectionSet[] = []
  frames.pipe(detect(session, { ledger })).subscribe((set) => sets.push(set))
  for (let i = 0; i < 4; i++) frames.next(frameFrom(pool, i, true))
  t.is(pool.free, 2, 'one frame in the network, one that waits')
  ends.shift()!()
  await soon()
  ends.shift()!()
  await soon()
  t.deepEqual(
    sets.map((set) => [set.seq, set.dropped.windows]),
    [
      [0, 0],
      [3, 2],
    ],
  )
  t.deepEqual(ledger.stages[0]!.dropped, { replaced: 2 })
  t.deepEqual(ledger.imbalances(), [])
  t.is(pool.free, 4)
  t.true(sets[1]!.ageMs! >= 0)
})

test('lossless, every frame waits its turn', async (t) => {
  const pool = new Pool('frames', 4, () => new FrameWindow(4))
  const { session, ends } = manualSession()
  const frames = new Subject<FrameWindow>()
  const seqs: number[] = []
  frames.pipe(detect(session)).subscribe((set) => seqs.push(set.seq))
  for (let i = 0; i < 4; i++) frames.next(frameFrom(pool, i, false))
  for (let i = 0; i < 4; i++) {
    ends.shift()!()
    await soon()
  }
  t.deepEqual(seqs, [0, 1, 2, 3])
})

test('unsubscribing while the network runs gives every frame back and balances', async (t) => {
  const pool = new Pool('frames', 4, () => new FrameWindow(4))
  const { session } = manualSession()
  const ledger = new Ledger()
  const frames = new Subject<FrameWindow>()
  const subscription = frames.pipe(detect(session, { ledger })).subscribe()
  for (let i = 0; i < 3; i++) frames.next(frameFrom(pool, i, false))
  subscription.unsubscribe()
  await soon()
  t.is(pool.free, 4)
  t.deepEqual(ledger.imbalances(), [])
  t.is(ledger.stages[0]!.dropped.stopped, 3)
})

test('boxes are mapped to the sensor, clipped, filtered by label and sorted by score, then y, then x', (t) => {
  const rows = Float32Array.of(
    ...[10, 50, 20, 60, 0.5, 0],
    ...[10, 10, 20, 20, 0.5, 0],
    ...[5, 10, 20, 20, 0.5, 0],
    ...[-10, -10, 1000, 20, 0.75, 1],
    ...[0, 0, 1, 1, 0.9, 2],
  )
  const fit = { offsetX: 4, offsetY: 0, factorX: 2, factorY: 0.5, width: 304, height: 240 }
  const found = toDetections(
    { count: 5, rows },
    fit,
    ['car', 'person', 'dog'],
    new Set(['car', 'person']),
  )
  t.deepEqual(
    found.map((d) => [d.label, d.box.x, d.box.y, d.box.w, d.box.h]),
    [
      ['person', 0, 0, 304, 10],
      ['car', 2, 5, 30, 5],
      ['car', 12, 5, 20, 5],
      ['car', 12, 25, 20, 5],
    ],
  )
})

test('a class that the network does not know is refused, with the ones it knows', (t) => {
  const { session } = manualSession()
  t.throws(() => detect(session, { classes: ['dog'] }), {
    code: 'ERR_ARGUMENT',
    message: 'the model has no class "dog"',
  })
})

test('a box that lies beside the sensor, in the letterbox, is none', (t) => {
  const fit = { offsetX: 0, offsetY: 33, factorX: 1, factorY: 1, width: 304, height: 240 }
  const rows = Float32Array.of(...[10, 0, 20, 30, 0.9, 0], ...[10, 40, 20, 60, 0.8, 0])
  const found = toDetections({ count: 2, rows }, fit, ['car'])
  t.deepEqual(
    found.map((d) => d.box),
    [{ x: 10, y: 7, w: 10, h: 20 }],
  )
})
