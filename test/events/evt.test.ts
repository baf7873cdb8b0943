// The words of EVT2, EVT2.1 and EVT3, one rule at a time.
import test from 'ava'
import fc from 'fast-check'
import { type DecoderName, EventDecoder, EventEncoder } from '../../pipeline/events/native.js'
import { cutInto, decodePieces } from '../support/decoding.js'
import { type PlainEvent, packetOf } from '../support/packets.js'

const bytesOf = (words: Uint16Array | Uint32Array) => new Uint8Array(words.buffer)
const evt3 = (...words: number[]) => bytesOf(Uint16Array.from(words))
const evt2 = (...words: number[]) => bytesOf(Uint32Array.from(words))
const decode = (format: DecoderName, bytes: Uint8Array, width = 1280, height = 720) =>
  decodePieces(new EventDecoder(format, width, height, 0), [bytes])
const plain = (...events: [t: number, x: number, y: number, p: number][]): PlainEvent[] =>
  events.map(([t, x, y, p]) => ({ t, x, y, p }))

test('a cut 12-12-8 group invents no event and loses no time (openeb issue 111)', (t) => {
  const words = [0x8000, 0x6001, 0x0000, 0x2000, 0x300a, 0x4001, 0x4000, 0x80ff, 0x2001]
  const { events, faults, offsets } = decode('evt3', evt3(...words))
  t.deepEqual(events, plain([1, 0, 0, 0], [1, 10, 0, 0], [1_044_480, 1, 0, 0]))
  t.deepEqual(faults, { PartialVect_12_12_8: 1, NonContinuousTimeHigh: 1 })
  t.deepEqual(offsets, { PartialVect_12_12_8: 14, NonContinuousTimeHigh: 14 })
})

test('vectors give an event for each set bit, lowest first, and several groups follow one base', (t) => {
  const group = [0x4801, 0x4001, 0x5081]
  const { events, faults } = decode('evt3', evt3(0x8001, 0x0007, 0x3864, ...group, ...group))
  t.deepEqual(
    events.map(({ x, p }) => [x, p]),
    [0, 11, 12, 24, 31, 32, 43, 44, 56, 63].map((x) => [100 + x, 1]),
  )
  t.true(events.every(({ t, y }) => t === 4096 && y === 7))
  t.deepEqual(faults, {})
})

test('a VECT_8 that stands alone counts, and moves the base on by 8', (t) => {
  const { events, faults } = decode('evt3', evt3(0x8000, 0x0000, 0x3005, 0x5001, 0x5001))
  t.deepEqual(
    events.map(({ x }) => x),
    [5, 13],
  )
  t.deepEqual(faults, {})
})

test('a group whose words are out of step gives no event at a wrong place', (t) => {
  const before = [0x8000, 0x0000, 0x3000]
  // 12, 8: the second 12 was lost. 12, 12, 12: the 8 was.
  for (const [words, xs, lost] of [
    [[0x4001, 0x5001], [0], 1],
    [[0x4001, 0x4001, 0x4003, 0x4001, 0x5001], [0, 12], 4],
  ] as const) {
    const { events, faults } = decode('evt3', evt3(...before, ...words, 0x3064, 0x5001))
    t.deepEqual(
      events.map(({ x }) => x),
      [...xs, 100],
    )
    t.deepEqual(faults, { PartialVect_12_12_8: 1, InvalidVectBase: lost })
  }
})

test('a new TIME_HIGH sets the low bits to 0, an equal one does not', (t) => {
  const { events } = decode(
    'evt3',
    evt3(0x8001, 0x0000, 0x6fff, 0x2000, 0x8001, 0x2001, 0x8002, 0x2002),
  )
  t.deepEqual(
    events.map((event) => event.t),
    [8191, 8191, 8192],
  )
})

test('EVT3 time wraps after 16.8 s, also when words around it were lost', (t) => {
  const { events, faults } = decode(
    'evt3',
    evt3(0x8fff, 0x0000, 0x2000, 0x8000, 0x2000, 0x8800, 0x2000),
  )
  t.deepEqual(
    events.map((event) => event.t),
    [4095 * 4096, 2 ** 24, 2 ** 24 + 2048 * 4096],
  )
  t.deepEqual(faults, { NonContinuousTimeHigh: 1 })
  const lossy = decode('evt3', evt3(0x8ff0, 0x0000, 0x2000, 0x8005, 0x2000))
  t.is(lossy.events[1]!.t, 2 ** 24 + 5 * 4096)
  t.deepEqual(lossy.faults, { NonContinuousTimeHigh: 1 })
})

test('one broken TIME_HIGH does not move the time of all that follows', (t) => {
  const { events, faults } = decode(
    'evt3',
    evt3(0x8010, 0x0000, 0x2000, 0x8811, 0x2000, 0x8011, 0x2000, 0x8012, 0x2000),
  )
  t.deepEqual(
    events.map((event) => event.t >> 12),
    [0x10, 0x811, 0x11, 0x12],
  )
  t.deepEqual(faults, { NonContinuousTimeHigh: 1, NonMonotonicTimeHigh: 1 })
})

test('a time that goes back by less than half the range goes back, and is counted', (t) => {
  const { events, faults } = decode('evt3', evt3(0x8100, 0x0000, 0x2000, 0x8050, 0x2000))
  t.deepEqual(
    events.map((event) => event.t),
    [0x100000, 0x50000],
  )
  t.deepEqual(faults, { NonMonotonicTimeHigh: 1 })
})

test('what cannot be placed in time or on the sensor is counted by kind, with the offset of the first', (t) => {
  const { events, triggers, faults, offsets } = decode(
    'evt3',
    evt3(
      // Before any time: an event, a vector of three, a trigger.
      ...[0x0000, 0x2000, 0x3000, 0x4007, 0xa001, 0x8000],
      // Vectors without a base, then outside the sensor.
      ...[0x4003, 0x0000, 0x34ff, 0x4fff, 0x4000, 0x5000, 0x2500, 0x02d0, 0x2000],
      // A reserved word, padding, half a payload, a whole one.
      ...[0x1000, 0x9999, 0xe014, 0xf001, 0x0001, 0xe014, 0xf001, 0xf002, 0x7003, 0x2001],
    ),
  )
  t.deepEqual(events, plain([0, 0x4ff, 0, 0], [0, 1, 1, 0]))
  t.deepEqual(triggers, [])
  t.deepEqual(faults, {
    undated: 5,
    PartialVect_12_12_8: 2,
    InvalidVectBase: 2,
    OutOfBoundsEventCoordinate: 13,
    reserved_words: 1,
    PartialContinued_12_12_4: 1,
  })
  t.is(offsets.undated, 2)
  t.is(offsets.OutOfBoundsEventCoordinate, 18)
  const headless = decode('evt3', evt3(0x8000, 0x2000, 0x3000, 0x5003))
  t.deepEqual(headless.faults, { MissingYAddr: 3 })
})

test('triggers carry time, input and edge in EVT2, EVT2.1 and EVT3', (t) => {
  const want = [{ t: 64 + 5, id: 3, value: 1 }]
  const two = [0x80000001, 0xa0000301 | (5 << 22)]
  t.deepEqual(decode('evt2', evt2(...two)).triggers, want)
  t.deepEqual(decode('evt21', evt2(0, two[0]!, 0, two[1]!)).triggers, want)
  t.deepEqual(decode('evt21-legacy', evt2(two[0]!, 0, two[1]!, 0)).triggers, want)
  t.deepEqual(decode('evt3', evt3(0x8000, 0x6045, 0xa301)).triggers, want)
})

test('an EVT2 event has x above y, and time wraps after 2^34 µs', (t) => {
  const event = (p: number, low: number, x: number, y: number) =>
    ((p << 28) | (low << 22) | (x << 11) | y) >>> 0
  const { events, faults } = decode(
    'evt2',
    evt2(
      event(1, 0, 1, 1),
      ...[0x8fffffff, event(1, 63, 640, 7), 0x80000000, event(0, 1, 3, 479), 0x80000001],
      ...[
        event(0, 0, 1280, 0),
        event(0, 0, 0, 720),
        event(0, 0, 1279, 719),
        0x80000000,
        0xe0000014,
      ],
      ...[0xf0000000, 0xd0000000, 0x20000000, event(0, 0, 0, 0)],
    ),
  )
  t.deepEqual(
    events,
    plain(
      [2 ** 34 - 1, 640, 7, 1],
      [2 ** 34 + 1, 3, 479, 0],
      [2 ** 34 + 64, 1279, 719, 0],
      [2 ** 34, 0, 0, 0],
    ),
  )
  t.deepEqual(faults, {
    undated: 1,
    OutOfBoundsEventCoordinate: 2,
    NonMonotonicTimeHigh: 1,
    reserved_words: 1,
  })
})

test('an EVT2.1 mask has 32 pixels, bit 31 too, and none beyond the sensor', (t) => {
  const at = (x: number) => ((1 << 28) | (x << 11) | 2) >>> 0
  const words = [0x80000000, 0, at(64), 0x80000001, at(1270), 0xffffffff]
  const swapped = words.map((_, i) => words[i ^ 1]!)
  for (const [format, list] of [
    ['evt21-legacy', words],
    ['evt21', swapped],
  ] as const) {
    const { events, faults } = decode(format, evt2(...list))
    t.deepEqual(
      events.map(({ x }) => x),
      [64, 95, 1270, 1271, 1272, 1273, 1274, 1275, 1276, 1277, 1278, 1279],
    )
    t.deepEqual(faults, { OutOfBoundsEventCoordinate: 22 })
  }
})

const FORMATS = ['evt2', 'evt21', 'evt21-legacy', 'evt3'] as const

test('a vector that a small packet cannot take whole goes on in the next', (t) => {
  const words = evt3(0x8000, 0x0000, 0x3000, 0x4fff, 0x4fff, 0x50ff, 0x2005)
  const whole = decode('evt3', words).events
  t.is(whole.length, 33)
  for (const capacity of [1, 2, 5, 31, 32, 33])
    for (const sizes of [[1], [3], [100]])
      t.deepEqual(
        decodePieces(new EventDecoder('evt3', 1280, 720, 0), cutInto(words, sizes), capacity)
          .events,
        whole,
      )
})

test('what is encoded is decoded again: rows, vectors, silences, wraps, small steps back', (t) => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.integer({ min: -300, max: 9000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 26 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 35 }) },
  )
  const event = fc.record({
    by: step,
    x: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 3000 })),
    y: fc.integer({ min: 0, max: 2 }),
    p: fc.integer({ min: 0, max: 1 }),
  })
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 150 }),
      fc.constantFrom(...FORMATS),
      fc.constantFrom(1280, 304),
      (list, format, width) => {
        let now = 5000
        let x = 0
        const events = list.map((item) => {
          now = Math.max(0, now + item.by)
          // Mostly the pixel to the right, so that there are vectors.
          x = (x + item.x) % width
          return { t: now, x, y: item.y, p: item.p }
        })
        const encoder = new EventEncoder(format, width, 720, 0)
        const decoder = new EventDecoder(format, width, 720, 0)
        const out = new Uint8Array(200)
        const pieces: Uint8Array[] = []
        for (const one of runs(events)) {
          const packet = packetOf(one)
          for (let at = 0; at < packet.length; ) {
            at = encoder.encode(packet, at, packet.length, out)
            pieces.push(out.slice(0, encoder.bytes))
            // A step far back is refused, not written as another.
            if (encoder.error !== '') return
          }
        }
        const got = decodePieces(decoder, pieces)
        t.deepEqual(got.events, events)
        const back = events.some((one, i) => i > 0 && one.t < events[i - 1]!.t)
        if (!back && format !== 'evt3') t.deepEqual(got.faults, {})
      },
    ),
    { numRuns: 300 },
  )
})

test('the bytes do not depend on the room of an output, nor on the packets', (t) => {
  // Silences of 4 minutes, whose periods are written one by one, and of 7 hours.
  const events = plain([0, 1, 1, 0], [240_000_000, 2, 1, 0], [25_000_000_000, 3, 1, 1])
  for (const format of FORMATS) {
    const [whole, ...others] = [2 ** 20, 64, 100, 1000].map((room) => {
      const encoder = new EventEncoder(format, 1280, 720, 0)
      const out = new Uint8Array(room)
      const pieces: Uint8Array[] = []
      for (const one of room === 100 ? events.map((event) => [event]) : runs(events)) {
        const packet = packetOf(one)
        for (let at = 0; at < packet.length; ) {
          at = encoder.encode(packet, at, packet.length, out)
          t.is(encoder.error, '')
          pieces.push(out.slice(0, encoder.bytes))
        }
      }
      return Buffer.concat(pieces)
    })
    for (const other of others) t.is(Buffer.compare(other, whole!), 0, format)
  }
})

/** Runs of events that one packet can hold. */
function runs(events: PlainEvent[]): PlainEvent[][] {
  const list: PlainEvent[][] = []
  for (const event of events) {
    const last = list.at(-1)
    const step = last === undefined ? -1 : event.t - last[0]!.t
    if (step >= 0 && step < 2 ** 32) last!.push(event)
    else list.push([event])
  }
  return list
}

test('any words in any pieces decode as they do in one, and a saved state goes on', (t) => {
  const random = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
  const typed = fc.array(
    fc
      .tuple(
        fc.constantFrom(0, 2, 2, 2, 3, 4, 4, 5, 6, 8, 10, 14, 15, 7, 9),
        fc.integer({ min: 0, max: 0xfff }),
      )
      .map(([type, value]) => (type << 12) | (type === 8 ? value & 3 : value)),
    { maxLength: 300 },
  )
  fc.assert(
    fc.property(
      fc.oneof(random, typed),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(...FORMATS),
      fc.nat(600),
      (words, sizes, capacity, format, cut) => {
        const bytes = evt3(...words)
        const make = () => new EventDecoder(format, 1280, 720, 0)
        const whole = decodePieces(make(), [bytes])
        t.deepEqual(decodePieces(make(), cutInto(bytes, sizes), capacity), whole)
        const first = make()
        const at = Math.min(cut, bytes.length)
        const head = decodePieces(first, [bytes.subarray(0, at)])
        const second = make()
        t.true(second.restore(first.save()))
        const rest = decodePieces(second, [bytes.subarray(at)])
        t.deepEqual([...head.events, ...rest.events], whole.events)
      },
    ),
    { numRuns: 400 },
  )
})
