import { writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
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

/** A DAT file of triggers at these times; the header's origin is added to each. */
function triggerFile(t: ExecutionContext, originUs: number, times: readonly number[]): string {
  const path = scratch(t, 'edges_trigger.dat')
  const head = `% Version 2\n% t0_us ${originUs}\n% Width 8\n% Height 8\n\x0e\x08`
  const words = Uint32Array.from(times.flatMap((time) => [time, 1]))
  writeFileSync(path, Buffer.concat([Buffer.from(head), Buffer.from(words.buffer)]))
  return path
}

async function edgesOf(stream: Stream<EventPacket>): Promise<[t: number, among: number][]> {
  const edges: [number, number][] = []
  for await (const { triggers = [], length } of stream)
    edges.push(...triggers.map((edge): [number, number] => [edge.t, length]))
  return edges
}

test('--to ends triggers without events as it ends events, far from 0, too', async (t) => {
  const file = triggerFile(t, 2 ** 33, [9, 20])
  t.deepEqual(await edgesOf(replay(file, { to: 2 ** 33 + 15 })), [[2 ** 33 + 9, 0]])
})

test('paced, a file of triggers alone gives them, at their times', async (t) => {
  const began = performance.now()
  const edges = await edgesOf(replay(triggerFile(t, 0, [9, 20_000, 60_000]), { speed: 1 }))
  t.deepEqual(edges, [
    [9, 0],
    [20_000, 0],
    [60_000, 0],
  ])
  // No sooner; how much later is the machine's affair.
  t.true(performance.now() - began >= 59)
})

test('paced, triggers come with the events around them and faults are told however short of buffers it is', async (t) => {
  const packets = [
    packetOf([0, 5000, 10_000, 15_000].map((time) => ({ t: time, x: 1, y: 1, p: 1 }))),
    packetOf([{ t: 20_000, x: 1, y: 1, p: 1 }]),
  ]
  packets[0]!.triggers = [0, 7000, 15_001, 21_000].map((time) => ({ t: time, id: 0, value: 1 }))
  packets[0]!.faults = { reserved_words: 2 }
  packets[1]!.faults = { reserved_words: 1 }
  await using empty = await openRecording(triggerFile(t, 0, [1]))
  const recording = Object.assign(Object.create(empty), {
    seek: async () => {},
    next: async (into: EventPacket) => {
      const packet = packets.shift()
      if (packet === undefined) return false
      into.reset()
      into.t.set(packet.t)
      into.x.set(packet.x)
      const { t0, length, triggers, faults } = packet
      Object.assign(into, { t0, length, triggers, faults })
      return true
    },
    [Symbol.asyncDispose]: async () => {},
  })
  const held: EventPacket[] = []
  const stages: [number, number[], number][] = []
  await new Promise<void>((resolve, reject) =>
    replay(recording, { speed: 4, geometry: { width: 8, height: 8 } }).subscribe({
      next: (packet) => {
        const { first, triggers = [], faults } = packet
        if (packet.length > 0 || triggers.length > 0 || faults)
          stages.push([first, triggers.map((edge) => edge.t), faults?.reserved_words ?? 0])
        held.push(packet)
        if (held.length > 2) held.shift()!.release()
      },
      error: reject,
      complete: resolve,
    }),
  )
  for (const packet of held) packet.release()
  t.deepEqual(stages, [
    [0, [0], 2],
    [5000, [], 0],
    [10_000, [7000], 0],
    [15_000, [], 0],
    [20_000, [15_001], 1],
    [Number.NaN, [21_000], 0],
  ])
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
