import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { EventDecoder, EventEncoder } from '../../pipeline/events/native.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

/** Decodes chunks as a reader does: a packet that takes no more is emptied, and the rest of the chunk goes on. */
function decodeAll(decoder: EventDecoder, chunks: Uint8Array[], capacity = 64) {
  const packet = new EventPacket(capacity)
  const packets: PlainEvent[][] = []
  for (const chunk of chunks) {
    let from = 0
    while (from < chunk.length) {
      const used = decoder.decode(chunk, from, chunk.length, packet)
      from += used
      if (from === chunk.length) break
      if (used === 0 && packet.length === 0) throw new Error('the decoder does not move')
      packets.push(eventsOf(packet))
      packet.reset()
    }
  }
  if (packet.length > 0) packets.push(eventsOf(packet))
  return packets
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}

test('a v2 record has 14 bits of x and y and takes bit 28 for polarity, whatever the reserved bits say', (t) => {
  const pixel = 0x1abc | (0x2def << 14)
  const bytes = words(
    7,
    pixel,
    8,
    pixel | 0x10000000,
    9,
    pixel | 0xe0000000,
    10,
    pixel | 0xf0000000,
  )
  const [events] = decodeAll(new EventDecoder('dat2', 0, 0, 0), [bytes])
  const at = { x: 0x1abc, y: 0x2def }
  t.deepEqual(events, [
    { t: 7, ...at, p: 0 },
    { t: 8, ...at, p: 1 },
    { t: 9, ...at, p: 0 },
    { t: 10, ...at, p: 1 },
  ])
})

test('a v1 record has 9 bits of x, 8 of y and polarity in bit 17', (t) => {
  const bytes = words(1, 303 | (239 << 9) | (1 << 17), 2, 0xfffc0000 | 5 | (6 << 9))
  t.deepEqual(decodeAll(new EventDecoder('dat1', 0, 0, 0), [bytes]), [
    [
      { t: 1, x: 303, y: 239, p: 1 },
      { t: 2, x: 5, y: 6, p: 0 },
    ],
  ])
})

test('a stamp that falls by more than 2^31 has wrapped; an event from before the wrap keeps its time', (t) => {
  const bytes = words(0xfffffff0, 0, 5, 0, 0xfffffff8, 0, 9, 0, 0x80000000, 0, 4, 0)
  const events = decodeAll(new EventDecoder('dat2', 0, 0, 0), [bytes]).flat()
  t.deepEqual(
    events.map((event) => event.t),
    [0xfffffff0, 2 ** 32 + 5, 0xfffffff8, 2 ** 32 + 9, 2 ** 32 + 2 ** 31, 2 ** 32 + 4],
  )
})

test('a packet ends where a stamp falls below its first or runs 2^32 past it', (t) => {
  const bytes = words(100, 0, 200, 0, 150, 0, 99, 0, 98, 0, 2 ** 31 + 98, 0, 97, 0, 98, 0)
  const packets = decodeAll(new EventDecoder('dat2', 0, 0, 0), [bytes]).map((events) =>
    events.map((event) => event.t),
  )
  t.deepEqual(packets, [[100, 200, 150], [99], [98, 2 ** 31 + 98, 2 ** 32 + 97], [2 ** 32 + 98]])
})

test('an event outside a known sensor is counted and left out', (t) => {
  const decoder = new EventDecoder('dat2', 304, 240, 0)
  const at = (x: number, y: number) => x | (y << 14)
  const bytes = words(
    1,
    at(303, 239),
    2,
    at(304, 0),
    3,
    at(0, 240),
    4,
    at(16383, 16383),
    5,
    at(0, 0),
  )
  const events = decodeAll(decoder, [bytes]).flat()
  t.deepEqual(
    events.map((event) => event.t),
    [1, 5],
  )
  t.deepEqual(decoder.takeFaults(), ['out_of_range', 3, 8])
  t.is(decoder.takeFaults(), undefined)
})

test('input cut at every byte gives the same events', (t) => {
  const records = words(5, 1, 6, 0x10000002, 3, 3, 0xfffffffe, 4, 1, 0x10000005)
  const whole = decodeAll(new EventDecoder('dat2', 304, 240, 0), [records])
  for (let cut = 0; cut <= records.length; cut++)
    for (let second = cut; second <= records.length; second++) {
      const chunks = [records.slice(0, cut), records.slice(cut, second), records.slice(second)]
      t.deepEqual(
        decodeAll(new EventDecoder('dat2', 304, 240, 0), chunks),
        whole,
        `${cut}, ${second}`,
      )
    }
  t.is(whole.flat().length, 5)
})

test('any bytes in any chunks and packets decode as they do in one piece', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1 as const, 2 as const),
      (bytes, sizes, capacity, version) => {
        const chunks: Uint8Array[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!
          chunks.push(bytes.slice(at, at + size))
          at += size
        }
        const whole = decodeAll(
          new EventDecoder(`dat${version}`, 9000, 9000, 0),
          [bytes],
          64,
        ).flat()
        t.deepEqual(
          decodeAll(new EventDecoder(`dat${version}`, 9000, 9000, 0), chunks, capacity).flat(),
          whole,
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('what is encoded is decoded again, over wraps and steps back', (t) => {
  const step = fc.oneof(
    fc.integer({ min: -1000, max: 5000 }),
    fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
  )
  const pixel = fc.record({
    x: fc.integer({ min: 0, max: 1279 }),
    y: fc.integer({ min: 0, max: 719 }),
    p: fc.integer({ min: 0, max: 1 }),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(step, pixel), { minLength: 1, maxLength: 40 }), (steps) => {
      const encoder = new EventEncoder('dat2', 1280, 720, 0)
      const decoder = new EventDecoder('dat2', 1280, 720, 0)
      let now = 10_000
      for (const [by, at] of steps) {
        now = Math.max(0, now + by)
        const out = new Uint8Array(64)
        t.is(encoder.encode(packetOf([{ t: now, ...at }]), 0, 1, out), 1)
        t.deepEqual(decodeAll(decoder, [out.subarray(0, encoder.bytes)]).flat(), [
          { t: now, ...at },
        ])
      }
    }),
    { numRuns: 200 },
  )
})

test('the encoder stops at a stamp that a reader would not get back, and at a pixel outside', (t) => {
  const out = new Uint8Array(64)
  const late = new EventEncoder('dat2', 304, 240, 0)
  t.is(late.encode(packetOf([{ t: 2 ** 32, x: 0, y: 0, p: 1 }]), 0, 1, out), 0)
  t.is(late.error, 'stamp')
  const shifted = new EventEncoder('dat2', 304, 240, 1_600_000_000_000_000)
  t.is(shifted.encode(packetOf([{ t: 1_600_000_000_000_005, x: 1, y: 0, p: 1 }]), 0, 1, out), 1)
  t.is(shifted.error, '')
  t.deepEqual([...out.subarray(0, 8)], [5, 0, 0, 0, 1, 0, 0, 0x10])
  const events = [
    { t: 1, x: 303, y: 239, p: 1 },
    { t: 2, x: 304, y: 0, p: 1 },
  ]
  const narrow = new EventEncoder('dat2', 304, 240, 0)
  t.is(narrow.encode(packetOf(events), 0, 2, out), 1)
  t.is(narrow.error, 'coordinate')
})

test('the addon refuses what is no packet or lies outside the bytes', (t) => {
  const decoder = new EventDecoder('dat2', 0, 0, 0)
  const bytes = new Uint8Array(16)
  const packet = new EventPacket(4)
  t.throws(() => decoder.decode(bytes, 0, 17, packet), { code: 'ERR_ARGUMENT' })
  t.throws(() => decoder.decode(bytes, 9, 8, packet), { code: 'ERR_ARGUMENT' })
  t.throws(() => decoder.decode(bytes, 0, 8, {} as EventPacket), { code: 'ERR_ARGUMENT' })
  packet.length = 5
  t.throws(() => decoder.decode(bytes, 0, 8, packet), { code: 'ERR_ARGUMENT' })
  const encoder = new EventEncoder('dat2', 1, 1, 0)
  const event = packetOf([{ t: 0, x: 0, y: 0, p: 0 }])
  t.throws(() => encoder.encode(event, 0, 1, new Uint8Array(63)), { code: 'ERR_ARGUMENT' })
  t.throws(() => encoder.encode(event, 0, 2, new Uint8Array(64)), { code: 'ERR_ARGUMENT' })
  t.throws(() => new EventDecoder('dat9' as 'dat1', 0, 0, 0), { code: 'ERR_ARGUMENT' })
  t.throws(() => new EventEncoder('dat9' as 'dat2', 0, 0, 0), { code: 'ERR_ARGUMENT' })
  t.false(decoder.restore(new Uint8Array(3)))
})

test('a recording in chunks of any size has the events of the whole', (t) => {
  const path = sharedPath('recordings/formats/made/dat_v2_wrap_304x240.dat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const file = readFileSync(path)
  const records = file.subarray(file.length - 20_000 * 8)
  const whole = decodeAll(new EventDecoder('dat2', 304, 240, 0), [records], 65_536).flat()
  t.is(whole.length, 20_000)
  for (const sizes of [[1], [2], [3], [7], [4096], [5, 1, 64, 3, 1000, 9]]) {
    const chunks: Uint8Array[] = []
    for (let at = 0; at < records.length; at += chunks.at(-1)!.length)
      chunks.push(records.subarray(at, at + sizes[chunks.length % sizes.length]!))
    const packets = decodeAll(new EventDecoder('dat2', 304, 240, 0), chunks, 1000)
    const got = packets.flat()
    t.is(
      got.findIndex((event, i) => !same(event, whole[i]!)),
      -1,
      `${sizes}`,
    )
    t.is(got.length, whole.length)
  }
})

function same(a: PlainEvent, b: PlainEvent): boolean {
  return a.t === b.t && a.x === b.x && a.y === b.y && a.p === b.p
}
