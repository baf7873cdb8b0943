// Arrays of events in .npy and .npz: layouts, columns named and guessed, seconds, cuts, seeking, hostile headers; and written.
import { writeFileSync } from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { SaccadeError } from '../../pipeline/errors.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { checkCuts } from '../support/cuts.js'
import { damage } from '../support/damage.js'
import { scratch } from '../support/folder.js'
import { Random } from '../support/make-plan.js'
import { makeZip, type ZipEntry } from '../support/make-zip.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'

/** Three blocks of columns, every stamp twice, from a time that has more than 32 bits. */
const COUNT = 150_000
const T0 = 1_605_537_493_718_345
const EVENTS: PlainEvent[] = Array.from({ length: COUNT }, (_, i) => ({
  t: T0 + Math.floor(i / 2) * 10,
  x: (i * 7) % 304,
  y: i % 240,
  p: i % 3 === 0 ? 0 : 1,
}))

function npy(descr: string, shape: string, data: Uint8Array, fortran = false): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`
  const head = Buffer.from(`\x93NUMPY\x01\x00..${text.padEnd(117)}\n`, 'latin1')
  head.writeUInt16LE(head.length - 10, 8)
  return Buffer.concat([head, data])
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength)
const column = (key: keyof PlainEvent) => EVENTS.map((event) => event[key])

/** expelliarmus' records: t, x, y, p and three bytes of padding. */
function records(): Buffer {
  const data = Buffer.alloc(16 * COUNT)
  for (const [i, { t, x, y, p }] of EVENTS.entries()) {
    data.writeBigInt64LE(BigInt(t), 16 * i)
    data.writeInt16LE(x, 16 * i + 8)
    data.writeInt16LE(y, 16 * i + 10)
    data.writeUInt8(p, 16 * i + 12)
  }
  const descr = "[('t', '<i8'), ('x', '<i2'), ('y', '<i2'), ('p', '|u1'), ('', '|V3')]"
  return npy(descr, `(${COUNT},)`, data)
}

const deflated = (name: string, plain: Uint8Array): ZipEntry => [
  name,
  deflateRawSync(plain),
  { method: 8, plain: plain.length, checksum: crc32(plain) },
]

function archive(pack: (name: string, data: Uint8Array) => ZipEntry): Uint8Array {
  const arrays: [name: string, descr: string, data: ArrayBufferView][] = [
    ['polarity', "'|i1'", Int8Array.from(EVENTS, ({ p }) => (p === 1 ? 1 : -1))],
    ['x', "'<u2'", Uint16Array.from(column('x'))],
    ['timestamps', "'<i8'", BigInt64Array.from(EVENTS, ({ t }) => BigInt(t))],
    ['y', "'<f4'", Float32Array.from(column('y'))],
    ['note', "'<U3'", new Uint8Array(12)],
  ]
  return makeZip(
    arrays.map(([name, descr, data]) =>
      pack(`${name}.npy`, npy(descr, name === 'note' ? '()' : `(${COUNT},)`, bytesOf(data))),
    ),
  )
}

const rows = (order: readonly (keyof PlainEvent)[], scale = 1) =>
  Float64Array.from(EVENTS.flatMap((e) => order.map((key) => (key === 't' ? e.t * scale : e[key]))))
const inFortran = (order: readonly (keyof PlainEvent)[]) =>
  Float64Array.from(order.flatMap((key) => column(key)))

const CASES: Record<string, { file: () => Uint8Array; format: string; name?: string }> = {
  records: { file: records, format: 'NPY, columns t x y p, times in µs' },
  'N x 4, t x y p': {
    file: () => npy("'<f8'", `(${COUNT}, 4)`, bytesOf(rows(['t', 'x', 'y', 'p']))),
    format: 'NPY, columns t x y p (guessed), times in µs',
  },
  'N x 4, x y t p, seconds': {
    file: () => npy("'<f8'", `(${COUNT}, 4)`, bytesOf(rows(['x', 'y', 't', 'p'], 1e-6))),
    format: 'NPY, columns x y t p (guessed), times in s',
  },
  "N x 4 in Fortran's order": {
    file: () => npy("'<f8'", `(${COUNT}, 4)`, bytesOf(inFortran(['x', 'y', 'p', 't'])), true),
    format: 'NPY, columns x y p t (guessed), times in µs',
  },
  '4 x N': {
    file: () => npy("'<f8'", `(4, ${COUNT})`, bytesOf(inFortran(['t', 'x', 'y', 'p']))),
    format: 'NPY, columns t x y p (guessed), times in µs',
  },
  'an archive of columns, stored': {
    file: () => archive((name, data) => [name, data]),
    format: 'NPZ, arrays t x y p, times in µs',
    name: 'events.npz',
  },
  'an archive of columns, deflated': {
    file: () => archive(deflated),
    format: 'NPZ, arrays t x y p, times in µs',
    name: 'events.npz',
  },
  'an archive of records, stored': {
    file: () => makeZip([['events.npy', records()]]),
    format: 'NPY, columns t x y p, times in µs',
    name: 'events.npz',
  },
  'an archive of records, deflated': {
    file: () => makeZip([deflated('events.npy', records())]),
    format: 'NPY, columns t x y p, times in µs',
    name: 'events.npz',
  },
}

function written(t: ExecutionContext, file: Uint8Array, name = 'events.npy'): string {
  const path = scratch(t, name)
  writeFileSync(path, file)
  return path
}

for (const [what, { file, format, name }] of Object.entries(CASES))
  test(`${what}: every event comes, and seeking finds the first`, async (t) => {
    const path = written(t, file(), name)
    await using recording = await openRecording(path, { geometry: { width: 304, height: 240 } })
    // A double of 1.6e9 s has steps of 0.24 µs, so that its µs are exact.
    t.is(recording.format, format)
    const packet = new EventPacket()
    let seen = 0
    while (await recording.next(packet))
      for (const got of eventsOf(packet)) {
        const want = EVENTS[seen++]!
        if (got.t !== want.t || got.x !== want.x || got.y !== want.y || got.p !== want.p)
          return t.deepEqual(got, want, `event ${seen - 1}`)
      }
    t.is(seen, COUNT)
    t.deepEqual(recording.faults, {})
    for (const [at, first] of [
      [T0 + 327_680, T0 + 327_680],
      [T0 + 500_001, T0 + 500_010],
      [T0 + 9, T0 + 10],
      [0, T0],
    ] as const) {
      await recording.seek(at)
      t.true(await recording.next(packet))
      t.is(packet.first, first)
      t.is(packet.t[1], packet.t[0]!)
    }
    await recording.seek(T0 + 9_000_000)
    t.false(await recording.next(packet))
  })

test('records cut in two at any byte give the same', (t) => {
  const path = written(t, records().subarray(0, 30_000))
  checkCuts(t, path, { geometry: { width: 200, height: 240 } })
})

test('what is no event is counted, and what the header promises beyond the end', async (t) => {
  const values = Float64Array.of(
    ...[1, 2, 3, 1],
    ...[2, 2.5, 3, 1],
    ...[3, 400, 3, 0],
    ...[4, -1, 3, 0],
    ...[5, 6, 7, 0],
  )
  // The guess looks at whole places only, so columns are named.
  const descr = "[('t', '<f8'), ('x', '<f8'), ('y', '<f8'), ('p', '<f8')]"
  const path = written(t, npy(descr, '(9,)', Buffer.concat([bytesOf(values), Buffer.alloc(5)])))
  await using recording = await openRecording(path, { geometry: { width: 304, height: 240 } })
  t.is(recording.records, 5)
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.deepEqual(eventsOf(packet), [
    { t: 1, x: 2, y: 3, p: 1 },
    { t: 5, x: 6, y: 7, p: 0 },
  ])
  t.deepEqual(recording.faults, {
    missing_bytes: 123,
    trailing_bytes: 5,
    broken_records: 1,
    out_of_range: 2,
  })
})

test('what holds no events, or claims what it has not, is refused with a sentence', async (t) => {
  const two = bytesOf(Float64Array.of(1, 2, 3, 1, 2, 2, 3, 0))
  const list = (bytes: number) => npy("'<i8'", `(${bytes / 8},)`, Buffer.alloc(bytes))
  const cases: [file: Uint8Array, format: string, sentence: RegExp][] = [
    [npy("'|O'", '(3, 4)', Buffer.alloc(96)), 'npy', /a pickle\), which are not loaded$/],
    [npy("'<f8'", '(2, 5)', two), 'npy', /is no table of four columns$/],
    [npy("'<f8'", '(2, 4)', two.fill(9, 24, 25)), 'npy', /cannot tell what they are$/],
    [npy("'<f8'", '(0, 4)', two), 'npy', /holds no whole event$/],
    [
      npy("'<f8'", '(4, 99999999999)', two),
      'npz',
      /holds no whole event$|of the 3199999999968 bytes/,
    ],
    [makeZip([['a.npy', list(8)]]), 'npz', /holds a: neither arrays t, x, y and p nor one table/],
    [
      makeZip(['t', 'x', 'y', 'p'].map((name) => [`${name}.npy`, list(name === 'y' ? 16 : 8)])),
      'npz',
      /y\.npy holds 2 numbers, others 1$/,
    ],
    [
      makeZip([['t.npy', npy("'<i8'", '(1000000000000,)', Buffer.alloc(8))]]),
      'npz',
      /neither arrays/,
    ],
    [
      makeZip(
        ['t', 'x', 'y', 'p'].map((n) => [`${n}.npy`, npy("'<i8'", '(99999999999,)', list(8))]),
      ),
      'npz',
      /t\.npy claims 99999999999 numbers but has \d+ bytes$/,
    ],
    [makeZip([['t.npy', list(8), { method: 12 }]]), 'npz', /packs t\.npy in the way number 12/],
    [makeZip([['t.npy', list(8), { size: 1e9 }]]), 'npz', /claims 1000000000 bytes for t\.npy$/],
    [makeZip([['t.npy', list(8), { checksum: 1 }]]), 'npz', /its checksum is not that/],
  ]
  for (const [file, format, sentence] of cases) {
    const path = written(t, file)
    const error = await t.throwsAsync(openRecording(path, { format }), { instanceOf: SaccadeError })
    t.regex(error.message, sentence)
  }
})

test('damaged arrays and archives give events inside the sensor or a sentence', async (t) => {
  const few = (file: Uint8Array) => file.subarray(0, 40_000)
  const wholes: [name: string, file: Uint8Array][] = [
    ['a.npy', few(CASES.records!.file())],
    ['b.npy', few(CASES['N x 4, x y t p, seconds']!.file())],
    [
      'c.npz',
      makeZip(
        (['t', 'x', 'y', 'p'] as const).map((key) =>
          deflated(
            `${key}.npy`,
            npy("'<i8'", '(900,)', bytesOf(BigInt64Array.from(column(key).slice(0, 900), BigInt))),
          ),
        ),
      ),
    ],
  ]
  const geometry = { width: 304, height: 240 }
  const packet = new EventPacket()
  let refused = 0
  for (const [name, whole] of wholes) {
    const path = scratch(t, name)
    for (let seed = 1; seed <= 150; seed++) {
      writeFileSync(path, damage(whole, new Random(seed)))
      try {
        await using recording = await openRecording(path, { geometry })
        while (await recording.next(packet))
          for (let i = 0; i < packet.length; i++)
            if (packet.x[i]! >= 304 || packet.y[i]! >= 240 || packet.p[i]! > 1)
              t.fail(`${name}, seed ${seed}: an event outside the sensor`)
      } catch (error) {
        if (!(error instanceof SaccadeError)) throw error
        refused += 1
      }
    }
  }
  t.true(refused > 50)
})

test('npy is written as records that read back; into a stream it is refused', async (t) => {
  const path = scratch(t, 'copy.npy')
  {
    await using file = await createRecording(path, { geometry: { width: 304, height: 240 } })
    for (let at = 0; at < COUNT; at += 70_000)
      await file.write(packetOf(EVENTS.slice(at, at + 70_000)))
    await file.close()
    t.is(file.events, COUNT)
  }
  await using recording = await openRecording(path)
  t.is(recording.records, COUNT)
  const packet = new EventPacket()
  const events = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  t.true(events.every((event, i) => JSON.stringify(event) === JSON.stringify(EVENTS[i])))
  await t.throwsAsync(createRecording('-', { geometry: { width: 3, height: 2 }, format: 'npy' }), {
    message: /npy cannot be written to stdout: the number of events stands at its start/,
  })
})
