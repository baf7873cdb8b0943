import test from 'ava'
import fc from 'fast-check'
import { EdvsDecoder } from '../../pipeline/events/native.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { edvsRecord } from '../support/edvs-camera.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'

/** Bytes with the host times of their arrival, µs. */
interface Piece {
  bytes: Uint8Array
  now: number
  sentAfter?: number
}

/** Decodes piece by piece into packets of the given size. */
function decode(decoder: EdvsDecoder, pieces: readonly Piece[], capacity = 4096): PlainEvent[] {
  const packet = new EventPacket(capacity)
  const events: PlainEvent[] = []
  for (const { bytes, now, sentAfter = 0 } of pieces) {
    for (let from = 0, again = true; again; ) {
      from += decoder.decode(bytes, from, now, sentAfter, packet)
      again = from < bytes.length || packet.length === packet.capacity
      events.push(...eventsOf(packet))
      packet.reset()
    }
  }
  return events
}

/** A busy scene: events about 50 µs apart. */
function scene(n: number, start = 0, step = 50): PlainEvent[] {
  let state = 12345
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  let t = start
  return Array.from({ length: n }, () => {
    t += random(2 * step)
    return { t, x: random(128), y: random(128), p: random(2) }
  })
}

const bytesOf = (events: readonly PlainEvent[], stampBytes = 2) =>
  Uint8Array.from(events.flatMap((event) => edvsRecord(event, stampBytes)))
const pixels = (events: readonly PlainEvent[]) => events.map(({ x, y, p }) => [x, y, p])

test('bytes written by hand from the table become the events that it says', (t) => {
  const record = [
    [0x80, 0x00, 0x12, 0x34], // y 0, x 0, p bit 0 = ON, t 0x1234
    [0xff, 0x7f, 0x12, 0x35], // y 127, x 127, ON
    [0x85, 0x83, 0x12, 0x35], // y 5, x 3, p bit 1 = OFF, the same stamp
    [0xc0, 0x20, 0x12, 0xff], // y 64, x 32; a stamp byte with bit 7 set
    [0x81, 0xff, 0x13, 0x00], // y 1, x 127, OFF
    [0x82, 0x82, 0xff, 0xff],
    [0x83, 0x03, 0x00, 0x01], // wrapped: 2 µs later
    [0x84, 0x04, 0x00, 0x0a],
  ]
  const decoder = new EdvsDecoder(0, 2)
  const events = decode(decoder, [{ bytes: Uint8Array.from(record.flat()), now: 1_000_000 }])
  // The first event is dated by the host's clock, the others by the camera's from there.
  const at = (stamp: number) => 1_000_000 + stamp - 0x1234
  t.deepEqual(events, [
    { t: at(0x1234), x: 0, y: 0, p: 1 },
    { t: at(0x1235), x: 127, y: 127, p: 1 },
    { t: at(0x1235), x: 3, y: 5, p: 0 },
    { t: at(0x12ff), x: 32, y: 64, p: 1 },
    { t: at(0x1300), x: 127, y: 1, p: 0 },
    { t: at(0xffff), x: 2, y: 2, p: 0 },
    { t: at(0x10001), x: 3, y: 3, p: 1 },
    { t: at(0x1000a), x: 4, y: 4, p: 1 },
  ])
  t.is(decoder.resyncs, 0)
  t.is(decoder.skippedBytes, 0)
})

test('each number of stamp bytes is told from the stream, also where its high byte looks like a pixel', (t) => {
  for (const stampBytes of [0, 2, 3, 4]) {
    for (const uptime of [0, 0x8000, 0x800000, 0x80000000, 0xff8000]) {
      const events = scene(60, uptime)
      const decoder = new EdvsDecoder(0)
      t.is(decoder.stampBytes, undefined)
      const got = decode(decoder, [{ bytes: bytesOf(events, stampBytes), now: 5_000_000 }])
      t.is(decoder.stampBytes, stampBytes, `${stampBytes} bytes at ${uptime}`)
      t.deepEqual(pixels(got), pixels(events))
      t.is(decoder.skippedBytes, 0)
      if (stampBytes > 0)
        t.deepEqual(
          got.map((event) => event.t - got[0]!.t),
          events.map((event) => event.t - events[0]!.t),
        )
    }
  }
})

/** The stream of `!E1`: each event with the step from the one before. */
const stepsOf = (events: readonly PlainEvent[]) =>
  Uint8Array.from(
    events.flatMap((event, i) =>
      edvsRecord({ ...event, t: i === 0 ? 0 : event.t - events[i - 1]!.t }, 1),
    ),
  )

test('steps of one to four bytes, as !E1 asks for them, are added up', (t) => {
  const gaps = [0, 1, 127, 128, 16_383, 16_384, 60_000, 5, 90, 127, 300, 8, 1]
  let time = 0
  const events = Array.from({ length: 60 }, (_, i) => {
    time += gaps[i % gaps.length]!
    return { t: time, x: i, y: 100 - i, p: i & 1 }
  })
  const decoder = new EdvsDecoder(0, undefined, true)
  // By hand: y 5, x 3, OFF, 300 µs later = 2 * 128 + 44.
  t.deepEqual(edvsRecord({ t: 300, x: 3, y: 5, p: 0 }, 1), [0x85, 0x83, 0x02, 0xac])
  const pieces = events.map((event, i) => ({
    bytes: stepsOf(events.slice(Math.max(0, i - 1), i + 1)).subarray(i === 0 ? 0 : 3),
    now: 2_000_000 + event.t,
    sentAfter: Math.max(0, 2_000_000 + event.t - 70_000),
  }))
  const got = decode(decoder, pieces)
  t.is(decoder.stampBytes, 1)
  t.is(decoder.skippedBytes, 0)
  t.deepEqual(
    got,
    events.map((event) => ({ ...event, t: event.t + 2_000_000 })),
  )
})

test('old firmware, which answers !E1 with stamps of 16 bits, is told apart from steps', (t) => {
  for (const uptime of [0, 0x7f00, 0x8000, 0xff80]) {
    const events = scene(120, uptime)
    const decoder = new EdvsDecoder(0, undefined, true)
    const got = decode(decoder, [{ bytes: bytesOf(events), now: 5_000_000 }])
    t.is(decoder.stampBytes, 2)
    t.deepEqual(pixels(got), pixels(events))
  }
})

test('after a lost byte in steps it is in step again within a few events', (t) => {
  const events = scene(400)
  const bytes = stepsOf(events)
  for (let lost = 300; lost < 330; lost++) {
    const decoder = new EdvsDecoder(0, undefined, true)
    const cut = Uint8Array.from([...bytes.subarray(0, lost), ...bytes.subarray(lost + 1)])
    const got = pixels(decode(decoder, [{ bytes: cut, now: 5_000_000 }])).map(String)
    const end = pixels(events).slice(-200).map(String)
    t.deepEqual(got.slice(-200), end, `byte ${lost}`)
    t.true(got.length >= 385, `${got.length} events`)
  }
})

test('a still scene, whose 16-bit stamps wrap between events, tells its stamp bytes too', (t) => {
  const events = scene(30, 0, 100_000)
  const decoder = new EdvsDecoder(0)
  const pieces = events.map((event) => ({
    bytes: bytesOf([event]),
    now: 1_000_000 + event.t,
    sentAfter: 1_000_000 + event.t - 10_000,
  }))
  const got = decode(decoder, pieces)
  t.is(decoder.stampBytes, 2)
  t.deepEqual(
    got,
    events.map((event) => ({ ...event, t: event.t + 1_000_000 })),
  )
})

test('without stamps an event has the time at which it was read', (t) => {
  const events = scene(20)
  const got = decode(new EdvsDecoder(0, 0), [
    { bytes: bytesOf(events.slice(0, 10), 0), now: 1000 },
    { bytes: bytesOf(events.slice(10), 0), now: 2000 },
  ])
  t.deepEqual(pixels(got), pixels(events))
  t.deepEqual(new Set(got.slice(0, 10).map((event) => event.t)), new Set([1000]))
  t.deepEqual(new Set(got.slice(10).map((event) => event.t)), new Set([2000]))
})

test('the input may be cut anywhere, and packets may be of any size', (t) => {
  const damaged = (stampBytes: number, lost: number) => {
    const bytes = Array.from(bytesOf(scene(300, 60_000), stampBytes))
    bytes.splice(lost, 1)
    return Uint8Array.from(bytes)
  }
  fc.assert(
    fc.property(
      fc.constantFrom(0, 2, 3, 4),
      fc.boolean(),
      fc.nat(500),
      fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (stampBytes, detect, lost, cuts, capacity) => {
        const bytes = damaged(stampBytes, lost)
        const make = () => new EdvsDecoder(0, detect ? undefined : stampBytes)
        const whole = make()
        const want = decode(whole, [{ bytes, now: 777 }])
        const pieces: Piece[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + cuts[i % cuts.length]!
          pieces.push({ bytes: bytes.subarray(at, end), now: 777 })
          at = end
        }
        const cut = make()
        const got = decode(cut, pieces, capacity)
        if (JSON.stringify(got) !== JSON.stringify(want)) return false
        return cut.resyncs === whole.resyncs && cut.skippedBytes === whole.skippedBytes
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

test('after a lost byte it is in step again within a few events, and counts what it skipped', (t) => {
  const events = scene(400, 1000)
  const bytes = bytesOf(events)
  let wrong = 0
  for (let lost = 800; lost < 880; lost++) {
    const decoder = new EdvsDecoder(0, 2)
    const damaged = Uint8Array.from([...bytes.subarray(0, lost), ...bytes.subarray(lost + 1)])
    const got = decode(decoder, [
      { bytes: damaged.subarray(0, 796), now: 1_000_000 },
      { bytes: damaged.subarray(796), now: 1_000_000 + events.at(-1)!.t - events[199]!.t },
    ])
    t.true(decoder.resyncs >= 1)
    t.true(
      decoder.skippedBytes >= 3 && decoder.skippedBytes < 60,
      `${decoder.skippedBytes} skipped`,
    )
    // Every byte is in an event or counted.
    t.true(damaged.length - 4 * got.length - decoder.skippedBytes < 4)
    const want = events.slice(-150)
    t.deepEqual(pixels(got).slice(-150), pixels(want))
    t.deepEqual(
      got.slice(-150).map((event) => event.t - got.at(-1)!.t),
      want.map((event) => event.t - want.at(-1)!.t),
    )
    // Bytes of two events may pass as one: the stamp is then seldom near enough to pass as well.
    const known = new Set(events.map((event) => pixels([event]).join()))
    wrong += got.filter((event) => !known.has(pixels([event]).join())).length
  }
  t.true(wrong <= 20, `${wrong} of 80 losses left a wrong event`)
})

test('text and stale bytes before the first event are skipped', (t) => {
  const events = scene(100, 500)
  const stale = Uint8Array.from([...Buffer.from('!E2\n'), 0x90, 0x91, 0x05])
  const decoder = new EdvsDecoder(0)
  const got = decode(decoder, [{ bytes: Buffer.concat([stale, bytesOf(events)]), now: 0 }])
  t.is(decoder.stampBytes, 2)
  t.deepEqual(pixels(got), pixels(events))
  t.is(decoder.skippedBytes, 7)
  t.is(decoder.resyncs, 0)
})

test('random bytes give next to no events, whatever is looked for', (t) => {
  let state = 1
  const noise = Uint8Array.from({ length: 100_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
  const decoder = new EdvsDecoder(0)
  t.is(decode(decoder, [{ bytes: noise, now: 0 }]).length, 0)
  t.is(decoder.stampBytes, undefined)
  const told = new EdvsDecoder(0, 2)
  t.true(decode(told, [{ bytes: noise, now: 0 }]).length < 200)
})

test('a silence longer than a wrap takes its time from the host', (t) => {
  for (const silence of [40_000, 65_536, 100_000, 131_072, 1_000_000, 3_600_000_000]) {
    const before = scene(50, 1000)
    const after = scene(50, before.at(-1)!.t + silence)
    const start = 10_000_000
    // The cable and the host together take 3 to 12 ms; a tick of 5 ms says until when all was read.
    const resumed = start + after[0]!.t
    const got = decode(new EdvsDecoder(0, 2), [
      { bytes: bytesOf(before), now: start + 1000 },
      { bytes: bytesOf(after.slice(0, 20)), now: resumed + 12_000, sentAfter: resumed - 9000 },
      { bytes: bytesOf(after.slice(20)), now: resumed + 15_000, sentAfter: resumed + 2000 },
    ])
    const events = [...before, ...after]
    t.deepEqual(
      got.map((event) => event.t - got[0]!.t),
      events.map((event) => event.t - events[0]!.t),
      `${silence} µs`,
    )
  }
})

test('a host that was busy reads late and adds no time', (t) => {
  // 200 ms of events are read at once, after 200 ms in which nothing was.
  const events = scene(4000, 0, 50)
  const got = decode(new EdvsDecoder(0, 2), [
    { bytes: bytesOf(events.slice(0, 100)), now: 1_000_000, sentAfter: 995_000 },
    { bytes: bytesOf(events.slice(100)), now: 1_200_000, sentAfter: 995_000 },
  ])
  t.deepEqual(
    got.map((event) => event.t - got[0]!.t),
    events.map((event) => event.t - events[0]!.t),
  )
})

test('a camera whose clock runs apart from the host is followed for an hour', (t) => {
  // 100 µs per second too slow, one event every 10 ms, then a pause of 100 ms each minute.
  const decoder = new EdvsDecoder(0, 2)
  const packet = new EventPacket(4096)
  let camera = 0
  let first: number | undefined
  let last = 0
  for (let minute = 0; minute < 60; minute++) {
    for (let i = 0; i < 5990; i++) {
      camera += i === 0 ? 100_000 : 10_000
      const host = Math.round(camera * 1.0001)
      const bytes = Uint8Array.from(edvsRecord({ t: camera, x: 1, y: 2, p: 1 }, 2))
      decoder.decode(bytes, 0, host + 2000, host - 8000, packet)
      if (packet.length > 0) {
        last = packet.t0 + packet.t[packet.length - 1]!
        first ??= packet.t0
      }
      packet.reset()
    }
  }
  t.is(last - first!, camera - 100_000)
  t.is(decoder.resyncs, 0)
  t.is(decoder.skippedBytes, 0)
})

test('stamps go on from the time given', (t) => {
  const events = scene(20)
  const got = decode(new EdvsDecoder(9_000_000, 2), [{ bytes: bytesOf(events), now: 8_000_000 }])
  t.is(got[0]!.t, 9_000_000)
})

test('wrong calls are refused', (t) => {
  t.throws(() => new EdvsDecoder(0, 5), {
    message: 'an eDVS sends 0, 2, 3 or 4 bytes of stamp, or steps (1)',
  })
  const decoder = new EdvsDecoder(0, 2)
  const packet = new EventPacket(8)
  t.throws(() => decoder.decode(new Uint8Array(4), 5, 0, 0, packet), {
    message: 'the range lies outside the bytes',
  })
  t.throws(() => decoder.decode([] as unknown as Uint8Array, 0, 0, 0, packet), {
    message: 'a Uint8Array was expected',
  })
})
