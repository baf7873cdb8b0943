import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { EventPacket, openRecording, SaccadeError } from '../../pipeline/index.js'
import { damage } from '../support/damage.js'
import { scratch } from '../support/folder.js'
import { type H5Events, makeH5 } from '../support/make-h5.js'
import { Random } from '../support/make-plan.js'

/** 150,000 events in order: three blocks; every stamp twice. */
const COUNT = 150_000
function events(): Required<Omit<H5Events, 't_offset'>> {
  const t = BigInt64Array.from({ length: COUNT }, (_, i) =>
    BigInt(1_000_000 + Math.floor(i / 2) * 10),
  )
  return {
    t,
    x: Uint16Array.from({ length: COUNT }, (_, i) => i % 304),
    y: Uint16Array.from({ length: COUNT }, (_, i) => i % 240),
    p: Int8Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? -1 : 1)),
    width: 304,
    height: 240,
  }
}

for (const packing of [undefined, 'gzip', 'blosc'] as const)
  test(`events of RVT's files come in order, packed with ${packing ?? 'nothing'}; seeking finds the first`, async (t) => {
    const path = scratch(t, 'drive_td.dat.h5')
    const made = events()
    await makeH5(path, made, packing)
    await using recording = await openRecording(path)
    t.deepEqual(recording.geometry, { width: 304, height: 240 })
    t.is(recording.records, COUNT)
    const packet = new EventPacket()
    let seen = 0
    while (await recording.next(packet))
      for (let i = 0; i < packet.length; i++, seen++) {
        const same =
          packet.t0 + packet.t[i]! === Number(made.t[seen]) &&
          packet.x[i] === made.x[seen] &&
          packet.y[i] === made.y[seen] &&
          packet.p[i] === (made.p[seen]! > 0 ? 1 : 0)
        if (!same) return t.fail(`event ${seen} differs`)
      }
    t.is(seen, COUNT)
    // A block's border, the middle, between two stamps, before all, behind all.
    const places: [at: number, first: number][] = [
      [1_327_680, 1_327_680],
      [1_400_000, 1_400_000],
      [1_400_001, 1_400_010],
      [0, 1_000_000],
    ]
    for (const [at, first] of places) {
      await recording.seek(at)
      t.true(await recording.next(packet))
      t.is(packet.t0, first)
      t.is(packet.t[1], 0)
    }
    await recording.seek(9_000_000)
    t.false(await recording.next(packet))
  })

test('a packet ends where stamps run backwards; pixels off the sensor are counted', async (t) => {
  const path = scratch(t, 'a_td.dat.h5')
  await makeH5(path, {
    t: BigInt64Array.of(50n, 60n, 40n, 41n),
    x: Int16Array.of(1, 304, -1, 2),
    y: Uint16Array.of(1, 1, 1, 1),
    p: Int8Array.of(1, 1, 1, 0),
    width: 304,
    height: 240,
  })
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.deepEqual([packet.t0, packet.length, packet.faults], [50, 1, { out_of_range: 1 }])
  t.true(await recording.next(packet))
  t.deepEqual([packet.t0, packet.length, packet.faults], [41, 1, { out_of_range: 1 }])
  t.deepEqual(recording.faults, { out_of_range: 2 })
})

test('what is no such file is refused with a sentence', async (t) => {
  const path = scratch(t, 'a_td.dat.h5')
  const whole = (): H5Events => ({
    t: BigInt64Array.of(1n),
    x: Uint16Array.of(1),
    y: Uint16Array.of(1),
    p: Int8Array.of(1),
  })
  const cases: [H5Events, RegExp][] = [
    [{ ...whole(), p: undefined }, /has no column events\/p/],
    [{ ...whole(), t: Float64Array.of(1) }, /events\/t that is not of whole numbers/],
    [{ ...whole(), x: Uint16Array.of(1, 2) }, /has 1 stamps but 2 values of x/],
    [{ ...whole(), width: 0, height: 240 }, /of 0 x 240 pixels/],
  ]
  for (const [events, sentence] of cases) {
    const given = Object.entries(events).filter(([, value]) => value !== undefined)
    await makeH5(path, Object.fromEntries(given))
    const error = await t.throwsAsync(openRecording(path), { instanceOf: SaccadeError })
    t.regex(error.message, sentence)
  }
  writeFileSync(
    path,
    Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(90, 7)]),
  )
  const error = await t.throwsAsync(openRecording(path), { instanceOf: SaccadeError })
  t.regex(error.message, /is damaged or no HDF5 file$/)
  await makeH5(path, { ...whole(), t: BigInt64Array.of(-5n) })
  await using recording = await openRecording(path)
  const stamp = await t.throwsAsync(recording.next(new EventPacket()))
  t.regex(stamp.message, /event 0 has the stamp -5 µs/)
})

test('a damaged file gives events or a sentence, and the next one is read all the same', async (t) => {
  const path = scratch(t, 'a_td.dat.h5')
  const count = 3000
  await makeH5(
    path,
    {
      t: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)),
      x: new Uint16Array(count),
      y: new Uint16Array(count),
      p: new Uint8Array(count),
    },
    'blosc',
  )
  const whole = readFileSync(path)
  const read = async () => {
    await using recording = await openRecording(path)
    const packet = new EventPacket()
    let events = 0
    while (await recording.next(packet)) events += packet.length
    return events
  }
  let refused = 0
  for (let seed = 1; seed <= 300; seed++) {
    writeFileSync(path, damage(whole, new Random(seed)))
    try {
      await read()
    } catch (error) {
      if (!(error instanceof SaccadeError)) return t.fail(`seed ${seed}: ${error}`)
      refused += 1
    }
  }
  t.true(refused > 0)
  writeFileSync(path, whole)
  t.is(await read(), count)
})
