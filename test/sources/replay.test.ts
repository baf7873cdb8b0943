import test from 'ava'
import type { EventPacket } from '../../pipeline/events/packet.js'
import { writeDat } from '../../pipeline/sources/dat-writer.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { replay } from '../../pipeline/sources/replay.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import type { Stream } from '../../pipeline/streams/stream.js'
import { scratch } from '../support/folder.js'
import { eventsOf, packetOf } from '../support/packets.js'
import { sparseRecording } from '../support/sparse.js'

async function stampsOf(stream: Stream<EventPacket>, most = Number.POSITIVE_INFINITY) {
  const stamps: number[] = []
  for await (const packet of stream) {
    stamps.push(...eventsOf(packet).map((event) => event.t))
    if (stamps.length >= most) break
  }
  return stamps
}

test('a replay gives every event once, and all of them are in the ledger', async (t) => {
  const ledger = new Ledger()
  const stamps = await stampsOf(replay(await sparseRecording(t, 100), { ledger }))
  t.deepEqual(
    stamps,
    Array.from({ length: 100 }, (_, i) => 20_000 + i * 10_000),
  )
  const { in: taken, out } = ledger.stage('source', 'events')
  t.deepEqual([taken, out], [100, 100])
  t.deepEqual(ledger.imbalances(), [])
})

test('from counts, to does not; both from the first event on when they have a unit', async (t) => {
  const file = await sparseRecording(t, 100)
  t.deepEqual(await stampsOf(replay(file, { from: 50_000, to: 70_000 })), [50_000, 60_000])
  t.deepEqual(await stampsOf(replay(file, { from: '+30ms', to: '50ms' })), [50_000, 60_000])
  t.deepEqual(await stampsOf(replay(file, { from: '1min' })), [])
})

test('a recording that was read already is replayed from its start', async (t) => {
  const recording = await openRecording(await sparseRecording(t, 10))
  await recording.seek(80_000)
  t.deepEqual(await stampsOf(replay(recording, { to: '15ms' })), [20_000, 30_000])
})

test('in a loop the stamps go on rising, one µs after the last', async (t) => {
  const file = await sparseRecording(t, 3)
  const stamps = await stampsOf(replay(file, { loop: true }), 7)
  t.deepEqual(stamps.slice(0, 7), [20_000, 30_000, 40_000, 40_001, 50_001, 60_001, 60_002])
})

test('paced, packets are live and a silence is told by packets without events', async (t) => {
  const file = await sparseRecording(t, 8)
  let ticks = 0
  let events = 0
  for await (const packet of replay(file, { speed: 0.25 })) {
    t.true(packet.live)
    if (packet.length === 0) ticks += 1
    events += packet.length
  }
  t.is(events, 8)
  t.true(ticks > 0)
})

test('an aborted replay completes, and what it did not give is counted', async (t) => {
  const ledger = new Ledger()
  const stop = new AbortController()
  const stream = replay(await sparseRecording(t, 10), { loop: true, signal: stop.signal, ledger })
  let packets = 0
  for await (const _ of stream) if (++packets === 3) stop.abort()
  t.true(packets <= 4)
  t.deepEqual(ledger.imbalances(), [])
})

test('an end before the start is refused with both', async (t) => {
  const file = await sparseRecording(t, 3)
  await t.throwsAsync(stampsOf(replay(file, { from: '1s', to: '20ms' })), {
    code: 'ERR_ARGUMENT',
    message: /lies between 1s and 20ms$/,
  })
})

test('with --to, events that run backwards across the end are kept and those behind it are not', async (t) => {
  const file = scratch(t, 'back_td.dat')
  const stamps = [1000, 5000, 2000, 5000, 3000, 6000]
  const writer = await writeDat(file, { geometry: { width: 8, height: 8 } })
  await writer.write(packetOf(stamps.map((time) => ({ t: time, x: 1, y: 1, p: 1 }))))
  await writer.close()
  t.deepEqual(await stampsOf(replay(file, { to: 4000 })), [1000, 2000, 3000])
})
