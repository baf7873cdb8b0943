import test, { type ExecutionContext } from 'ava'
import type { DetectionSet } from '../pipeline/detect/detection.js'
import type { Model } from '../pipeline/detect/model.js'
import type { Session } from '../pipeline/detect/session.js'
import { type RunOptions, runPipeline } from '../pipeline/run.js'
import type { Sink, SinkState } from '../pipeline/sinks/sink.js'
import { replay } from '../pipeline/sources/replay.js'
import { Ledger } from '../pipeline/streams/ledger.js'
import type { WindowSpec } from '../pipeline/windows/spec.js'
import { sparseRecording } from './support/sparse.js'

const WINDOW: WindowSpec = {
  kind: 'count',
  durationUs: 50_000,
  steps: 1,
  bins: 1,
  clip: 15,
  width: 8,
  height: 4,
  channels: 2,
  timeOrder: 'oldest-first',
  scale: 1,
}

/** A network that finds nothing and takes a millisecond for it. */
const model = { name: 'none', sha256: '', labels: ['car'], window: WINDOW } as unknown as Model
const session = {
  labels: ['car'],
  run: () =>
    new Promise((resolve) => setTimeout(resolve, 1, { count: 0, rows: new Float32Array(0) })),
} as unknown as Session

/** A sink that is stuck from its second set on, as a link without a reader. */
class StuckSink implements Sink {
  readonly name = 'stuck'
  state: SinkState = 'up'
  readonly dropped: Record<string, number> = {}
  readonly seen: number[] = []
  #end: ((written: boolean) => void) | undefined
  async open() {}
  async write({ seq }: DetectionSet): Promise<boolean> {
    this.seen.push(seq)
    if (this.seen.length < 2) return true
    return new Promise((resolve) => {
      this.#end = resolve
    })
  }
  async close() {
    if (this.#end) this.dropped.stuck = 1
    this.#end?.(false)
  }
}

async function run(t: ExecutionContext, events: number, options: Partial<RunOptions> = {}) {
  const ledger = new Ledger()
  const source = replay(await sparseRecording(t, events), { ledger })
  return { ledger, done: runPipeline({ source, model, session, ledger, ...options }) }
}

test('a run gives one set for each window and closes its accounts', async (t) => {
  const seen: number[] = []
  const { ledger, done } = await run(t, 100, { onSet: ({ seq }) => seen.push(seq) })
  const summary = await done
  t.deepEqual(
    seen,
    Array.from({ length: 21 }, (_, i) => i),
  )
  t.deepEqual(summary, {
    windows: 21,
    events: 100,
    detections: 0,
    dropped: { events: 0, windows: 0, sets: 0 },
  })
  t.deepEqual(ledger.imbalances(), [])
})

test('a stop ends the run at the open window, though minutes of events have been read', async (t) => {
  const stop = new AbortController()
  const { ledger, done } = await run(t, 60_000, {
    signal: stop.signal,
    onSet: ({ seq }) => seq === 5 && stop.abort(),
  })
  const summary = await done
  t.true(summary.windows >= 6 && summary.windows < 20, `${summary.windows} windows of 12,000`)
  t.is(summary.events + summary.dropped.events, 60_000)
  t.deepEqual(ledger.imbalances(), [])
})

test('a stop does not wait for a sink that is stuck', async (t) => {
  const stop = new AbortController()
  const sink = new StuckSink()
  const { ledger, done } = await run(t, 60_000, {
    signal: stop.signal,
    sinks: [sink],
    onSet: ({ seq }) => seq === 1 && setTimeout(() => stop.abort(), 20),
  })
  const summary = await done
  const { in: taken, out, held } = ledger.stage('sink:stuck', 'sets')
  t.deepEqual(sink.seen.slice(0, 2), [0, 1])
  t.is(taken, summary.windows)
  t.deepEqual([out, held, summary.dropped.sets], [1, 0, taken - 1])
})

test('an error in onSet fails the run', async (t) => {
  const { done } = await run(t, 100, {
    onSet: () => {
      throw new Error('no room on the screen')
    },
  })
  await t.throwsAsync(done, { message: 'no room on the screen' })
})
