import { EventEmitter } from 'node:events'
import test from 'ava'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { SerialSink } from '../../pipeline/sinks/serial.js'
import { FrameDecoder } from '../../pipeline/sinks/serial-decoder.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import type { Port } from '../../pipeline/streams/serial-port.js'
import { ManualClock } from '../support/manual-clock.js'
import { header, makeSet, summary } from '../support/sets.js'

/** A port whose driver is done at once, as that of a USB adapter. Notes when which bytes were written. */
class InstantPort extends EventEmitter {
  isOpen = false
  readonly writes: { at: number; bytes: Buffer }[] = []

  constructor(
    readonly clock: ManualClock,
    readonly failures: string[] = [],
  ) {
    super()
  }

  open(done: (error: Error | null) => void): void {
    const failure = this.failures.shift()
    setImmediate(() => {
      this.isOpen = failure === undefined
      done(failure === undefined ? null : new Error(failure))
    })
  }

  write(bytes: Uint8Array, done: (error?: Error) => void): boolean {
    this.writes.push({ at: this.clock.now(), bytes: Buffer.from(bytes) })
    setImmediate(done)
    return true
  }

  drain(done: (error: Error | null) => void): void {
    setImmediate(() => done(null))
  }

  resume(): void {}

  close(done?: () => void): void {
    this.isOpen = false
    setImmediate(() => done?.())
  }

  /** Sets as they were written, with their time. */
  get sets(): { at: number; seq: number; drops: number }[] {
    return this.writes.flatMap(({ at, bytes }) => {
      const found: { at: number; seq: number; drops: number }[] = []
      new FrameDecoder().push(bytes, (frame) => {
        if (frame.type === 'detections') found.push({ at, seq: frame.seq, drops: frame.drops })
      })
      return found
    })
  }
}

function makeSink(baud: number, failures?: string[]) {
  const clock = new ManualClock()
  const port = new InstantPort(clock, failures)
  const sink = new SerialSink(
    { port: 'PORT', baud },
    { clock, random: () => 1, makePort: () => port as unknown as Port },
  )
  return { clock, port, sink }
}

test('frames are paced by bytes x 10 / baud, whatever the driver says', async (t) => {
  const { clock, port, sink } = makeSink(115_200)
  const opened = sink.open(header, { wait: false, live: false })
  await clock.advance(50)
  await opened
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: false })
  const pushed = Promise.all(Array.from({ length: 10 }, (_, seq) => outlet.push(makeSet(seq, 8))))
  await clock.advance(120)
  await pushed
  // 118 bytes at 115200 baud: 10.24 ms each.
  const times = port.sets.map(({ at }) => at)
  t.is(times.length, 10)
  for (let i = 1; i < 10; i++) t.true(Math.abs(times[i]! - times[i - 1]! - 10.2431) < 0.001)
  const closed = outlet.close(summary)
  await clock.advance(200)
  await closed
  ledger.check()
})

test('live on an overloaded line every set that is sent is fresh, to the end', async (t) => {
  const { clock, port, sink } = makeSink(9600)
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: true })
  const opened = outlet.open(header, { wait: true })
  await clock.advance(500)
  await opened
  const pushedAt: number[] = []
  for (let seq = 0; seq < 500; seq++) {
    pushedAt.push(clock.now())
    await outlet.push(makeSet(seq, 3))
    await clock.advance(20)
    t.true(outlet.counts.held <= 2)
  }
  await clock.advance(1000)
  const closed = outlet.close(summary)
  await clock.advance(500)
  await closed
  ledger.check()
  // 58 bytes at 9600 baud take 60.4 ms: a set waits at most for the one before it.
  const ages = port.sets.map(({ at, seq }) => at - pushedAt[seq]!)
  t.true(Math.max(...ages) <= 61, `oldest ${Math.max(...ages)} ms`)
  t.is(port.sets.at(-1)!.seq, 499)
  t.is(port.sets.length, outlet.counts.out)
  t.is(outlet.counts.out + (outlet.counts.dropped.replaced ?? 0), 500)
  t.is(
    port.sets.reduce((sum, { drops }) => sum + drops, 0),
    outlet.counts.dropped.replaced ?? 0,
  )
})

test('a port is tried again after 0.25 s, doubling to 5 s', async (t) => {
  const gone = Array.from({ length: 8 }, () => 'Error: No such file or directory, cannot open PORT')
  const { clock, port, sink } = makeSink(115_200, gone)
  await sink.open(header, { wait: true, live: true })
  const tries: number[] = []
  let left = gone.length
  for (let ms = 0; ms < 30_000; ms += 50) {
    await clock.advance(50)
    if (port.failures.length < left) tries.push(ms + 50)
    left = port.failures.length
  }
  t.deepEqual(tries, [250, 750, 1750, 3750, 7750, 12_750, 17_750])
  t.is(sink.state, 'up')
  const closed = sink.close()
  await clock.advance(300)
  await closed
})
