import test from 'ava'
import type { DetectionSet, RunSummary } from '../../pipeline/detect/detection.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import type { Sink, SinkState } from '../../pipeline/sinks/sink.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { header, makeSet, summary } from '../support/sets.js'

/** A sink whose writes the test finishes. */
class ManualSink implements Sink {
  readonly name = 'manual'
  state: SinkState = 'up'
  readonly dropped: Record<string, number> = {}
  readonly seen: DetectionSet[] = []
  finish: ((written: boolean) => void) | undefined
  failure: Error | undefined
  closedWith: RunSummary | undefined
  async open() {}
  write(set: DetectionSet): Promise<boolean> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    this.seen.push(set)
    return new Promise((resolve) => {
      this.finish = (written) => {
        if (!written) this.dropped.lost = (this.dropped.lost ?? 0) + 1
        resolve(written)
      }
    })
  }
  async close(end: RunSummary | undefined) {
    this.closedWith = end
    this.finish?.(false)
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

function makeOutlet(live: boolean) {
  const sink = new ManualSink()
  const ledger = new Ledger()
  return { sink, ledger, outlet: new Outlet(sink, ledger, { live }) }
}

test('in a replay push waits for the write, so that a slow line slows the replay', async (t) => {
  const { sink, ledger, outlet } = makeOutlet(false)
  await outlet.open(header, { wait: false })
  let pushed = false
  const first = outlet.push(makeSet(0)).then(() => {
    pushed = true
  })
  await settle()
  t.false(pushed)
  t.is(outlet.counts.held, 1)
  sink.finish!(true)
  await first
  t.true(pushed)
  const second = outlet.push(makeSet(1))
  await settle()
  sink.finish!(true)
  await second
  await outlet.close(summary)
  t.deepEqual(
    sink.seen.map(({ seq }) => seq),
    [0, 1],
  )
  t.like(outlet.counts, { name: 'sink:manual', unit: 'sets', in: 2, out: 2, held: 0, dropped: {} })
  ledger.check()
})

test('live one set waits, a newer one replaces it, and the next one written tells the gap', async (t) => {
  const { sink, ledger, outlet } = makeOutlet(true)
  for (let seq = 0; seq < 5; seq++) {
    const set = makeSet(seq)
    if (seq === 2) set.dropped = { events: 7, windows: 2 }
    await outlet.push(set)
    t.true(outlet.counts.held <= 2, 'one in flight, one that waits')
  }
  sink.finish!(true)
  await settle()
  t.deepEqual(
    sink.seen.map(({ seq, dropped }) => [seq, dropped.windows, dropped.events]),
    // 1, 2 and 3 were replaced; 2 already told of two windows and 7 events before it.
    [
      [0, 0, 0],
      [4, 5, 7],
    ],
  )
  sink.finish!(true)
  await settle()
  t.like(outlet.counts, { in: 5, out: 2, held: 0, dropped: { replaced: 3 } })
  t.is(ledger.imbalances().length, 0)
  await outlet.close(summary)
  ledger.check()
  t.is(sink.closedWith?.dropped.sets, 3)
})

test('a set that the sink lost is counted under the cause of the sink and told with the next', async (t) => {
  const { sink, ledger, outlet } = makeOutlet(true)
  await outlet.push(makeSet(0))
  sink.finish!(false)
  await settle()
  await outlet.push(makeSet(1))
  sink.finish!(true)
  await settle()
  t.is(sink.seen[1]!.dropped.windows, 1)
  await outlet.close(summary)
  t.like(outlet.counts, { in: 2, out: 1, dropped: { lost: 1 } })
  ledger.check()
})

test('sets are shared between sinks: telling a gap does not change the set itself', async (t) => {
  const { sink, outlet } = makeOutlet(true)
  await outlet.push(makeSet(0))
  await outlet.push(makeSet(1))
  const shared = makeSet(2)
  await outlet.push(shared)
  sink.finish!(true)
  await settle()
  t.is(sink.seen[1]!.dropped.windows, 1)
  t.is(shared.dropped.windows, 0)
  sink.finish!(true)
})

test('closing is bounded: what hangs in a dead sink is counted and the account balances', async (t) => {
  const { ledger, outlet } = makeOutlet(true)
  await outlet.push(makeSet(0))
  await outlet.push(makeSet(1))
  await outlet.close(undefined)
  t.like(outlet.counts, { in: 2, out: 0, held: 0, dropped: { unsent: 1, lost: 1 } })
  await outlet.push(makeSet(2))
  t.is(outlet.counts.dropped.closed, 1)
  ledger.check()
})

test('an error of the sink reaches the next push and the sets are counted as failed', async (t) => {
  const { sink, ledger, outlet } = makeOutlet(false)
  sink.failure = new Error('the disk is full')
  await t.throwsAsync(outlet.push(makeSet(0)), { message: 'the disk is full' })
  await t.throwsAsync(outlet.push(makeSet(1)), { message: 'the disk is full' })
  await outlet.close(undefined)
  t.like(outlet.counts, { in: 1, out: 0, dropped: { failed: 1 } })
  ledger.check()
})

test('live, an error of the last write is told by close, once the account is closed', async (t) => {
  const { sink, ledger, outlet } = makeOutlet(true)
  await outlet.open(header, { wait: false })
  sink.failure = new Error('the disk is full')
  await outlet.push(makeSet(0))
  await t.throwsAsync(outlet.close(summary), { message: 'the disk is full' })
  t.deepEqual(ledger.imbalances(), [])
  t.deepEqual(outlet.counts.dropped, { failed: 1 })
})
