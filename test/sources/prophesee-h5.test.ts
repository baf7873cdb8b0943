// HDF5 beside RVT's: Prophesee's packed chunks and triggers, DSEC's offset, filters that are missing, and damage.
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { SaccadeError } from '../../pipeline/errors.js'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { decodeEcf } from '../../pipeline/sources/codecs.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { damage } from '../support/damage.js'
import { expectedDigest, expectedOf } from '../support/expected.js'
import { scratch } from '../support/folder.js'
import { makeH5 } from '../support/make-h5.js'
import { Random } from '../support/make-plan.js'
import { eventsOf } from '../support/packets.js'
import { propheseeFile } from '../support/prophesee-h5.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const RECORDINGS = {
  'formats/made/ecf_304x240.h5': 'HDF5, ECF',
  'formats/made/dsec_like_gzip_304x240.h5': 'HDF5 events, DSEC',
}

for (const [name, format] of Object.entries(RECORDINGS))
  test(`${name} has the events that are expected of it, and seeking finds the first`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const want = expectedOf(name)
    const geometry = { width: want.width!, height: want.height! }
    // DSEC's files do not say their size.
    await using recording = await openRecording(path, { geometry })
    t.is(recording.format, format)
    t.deepEqual(recording.geometry, geometry)
    t.is(recording.records, want.events)
    const got = await digestRecording(recording)
    t.like(got, expectedDigest(want))
    t.deepEqual(got.faults, {})
    const packet = new EventPacket()
    await recording.seek(0)
    const all = []
    while (await recording.next(packet)) all.push(...eventsOf(packet))
    for (const part of [0, 0.3, 0.5462, 0.9, 1]) {
      const { t: at } = all[Math.min(all.length - 1, Math.floor(part * all.length))]!
      const first = all.findIndex((event) => event.t >= at)
      await recording.seek(at)
      t.true(await recording.next(packet))
      t.deepEqual(eventsOf(packet).slice(0, 20), all.slice(first, first + 20))
    }
    await recording.seek(want.t_last + 1)
    t.false(await recording.next(packet))
  })

test('records that are not packed are read too, and triggers come with the events around them', async (t) => {
  const path = scratch(t, 'a.hdf5')
  writeFileSync(path, propheseeFile())
  await using recording = await openRecording(path)
  t.is(recording.format, 'HDF5, Prophesee')
  t.deepEqual(recording.geometry, { width: 64, height: 48 })
  const packet = new EventPacket(5)
  const events = []
  const triggers = []
  for (const at of [0, 5_000_000_400]) {
    await recording.seek(at)
    while (await recording.next(packet)) {
      events.push(eventsOf(packet))
      triggers.push((packet.triggers ?? []).map((edge) => [edge.t - 5e9, edge.id, edge.value]))
    }
  }
  const want = Array.from({ length: 10 }, (_, i) => ({
    t: 5_000_000_000 + 100 * i,
    x: 3 * i,
    y: 2 * i,
    p: i % 2,
  }))
  t.deepEqual(events, [want.slice(0, 5), want.slice(5), want.slice(4, 9), want.slice(9)])
  t.deepEqual(triggers, [
    [[150, 0, 1]],
    [
      [550, 0, 0],
      [9000, 3, 1],
    ],
    [[550, 0, 0]],
    [[9000, 3, 1]],
  ])
})

test('a chunk of each packing of ECF, word by word', (t) => {
  const out = [
    new Float64Array(9),
    new Uint16Array(9),
    new Uint16Array(9),
    new Uint8Array(9),
  ] as const
  const events = (chunk: readonly number[]) => {
    const count = decodeEcf(Uint8Array.from(chunk), ...out)
    return count < 0
      ? count
      : Array.from({ length: count }, (_, i) => out.map((column) => column[i]!))
  }
  const t0 = [100, 0, 0, 0, 0, 0, 0, 0]
  // Two at +2 µs; then 0x321 + 1 µs more, as nibbles, lowest first.
  const times = [0x22, 0xf1, 0xf2, 0xf3, 0x11]
  // y 5 twice and 7 once; x 10 with the neighbour at 12 (bit 3), x 20; p 1, 1, 0.
  const rows = [(5 << 5) | 2, 0, (7 << 5) | 1, 0]
  const masked = [((10 << 5) | 8) & 255, (10 << 5) >> 8, (20 << 5) & 255, (20 << 5) >> 8]
  const apart = [3 << 2, 0, 0, 0, ...t0, ...times, ...rows, ...masked, 0x82, 0x01]
  const want = [
    [102, 10, 5, 1],
    [102, 12, 5, 1],
    [904, 20, 7, 0],
  ]
  t.deepEqual(events(apart), want)
  // 12-bit values 21, 25, 40 and padding in three words.
  const [a, b, c] = [21, 25, 40]
  const words = [(a << 4) | (b & 15), ((b >> 4) << 8) | (c & 255), (c >> 8) << 12]
  const bytes = words.flatMap((word) => [word & 255, word >> 8])
  t.deepEqual(events([(3 << 2) | 1, 0, 0, 0, ...t0, ...times, ...rows, ...bytes]), want)
  const [d, e, f] = [(5 << 12) | 21, (5 << 12) | 25, (7 << 12) | 40]
  const long = [d * 256 + (e & 255), (e >> 8) * 65_536 + (f & 65_535), (f >> 16) * 2 ** 24]
  const packed = [...new Uint8Array(Uint32Array.from(long).buffer)]
  t.deepEqual(events([(3 << 2) | 2, 0, 0, 0, ...t0, ...times, ...packed]), want)
  for (let length = 0; length < apart.length; length++) t.is(events(apart.slice(0, length)), -1)
  t.is(events([10 << 2, 0, 0, 0, ...t0, 0x0a]), -1)
})

test("DSEC's stamps are counted from t_offset, packed with Blosc as they are", async (t) => {
  const path = scratch(t, 'events.h5')
  // Blosc packs no shorter lists.
  const count = 3000
  await makeH5(
    path,
    {
      t: Int32Array.from({ length: count }, (_, i) => 7 * ((i + 1) >> 1)),
      x: Uint16Array.from({ length: count }, (_, i) => i % 600),
      y: new Uint16Array(count),
      p: Uint8Array.from({ length: count }, (_, i) => i & 1),
      t_offset: 49_599_300_523n,
    },
    'blosc',
  )
  await using recording = await openRecording(path)
  t.is(recording.format, 'HDF5 events, DSEC')
  t.deepEqual(recording.header, { t_offset: '49599300523' })
  const packet = new EventPacket()
  await recording.seek(49_599_300_525)
  t.true(await recording.next(packet))
  t.deepEqual(eventsOf(packet)[0], { t: 49_599_300_530, x: 1, y: 0, p: 1 })
  // A filter that is not there is named. Its number stands in each column's header.
  const file = readFileSync(path)
  const [known, unknown] = [Buffer.of(0x01, 0x7d), Buffer.of(0xe7, 0x7d)]
  for (let at = file.indexOf(known); at >= 0; at = file.indexOf(known, at + 1))
    unknown.copy(file, at)
  const without = scratch(t, 'without.h5')
  writeFileSync(without, file)
  await using other = await openRecording(without)
  const error = await t.throwsAsync(other.next(packet), { instanceOf: SaccadeError })
  t.regex(error.message, /is packed with the filter /)
})

test('damaged files give events inside the sensor or a sentence', async (t) => {
  const ecf = sharedPath('recordings/formats/made/ecf_304x240.h5')
  const wholes = [propheseeFile(), ...(ecf === undefined ? [] : [readFileSync(ecf)])]
  const path = scratch(t, 'a.hdf5')
  const packet = new EventPacket()
  let refused = 0
  for (const whole of wholes)
    for (let seed = 1; seed <= 150; seed++) {
      writeFileSync(path, damage(whole, new Random(seed)))
      try {
        await using recording = await openRecording(path)
        const { width = 4096, height = 4096 } = recording.geometry ?? {}
        while (await recording.next(packet))
          for (let i = 0; i < packet.length; i++)
            if (packet.x[i]! >= width || packet.y[i]! >= height || packet.p[i]! > 1)
              t.fail(`seed ${seed}: an event outside the sensor`)
      } catch (error) {
        if (!(error instanceof SaccadeError)) throw error
        refused += 1
      }
    }
  t.log(`${refused} of ${150 * wholes.length} files were refused`)
  t.true(refused > 30)
})
