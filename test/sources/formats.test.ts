// Event Stream, AEDAT 2 and 4, libcaer words and N-MNIST: the recordings that are there, every place where they can be cut,
// seeking, and damage.
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { SaccadeError } from '../../pipeline/errors.js'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket, type Geometry } from '../../pipeline/events/packet.js'
import { AEDAT4_MAGIC } from '../../pipeline/sources/aedat4-header.js'
import {
  description,
  fileHead,
  TRIGGER_STREAM,
  triggerPacket,
} from '../../pipeline/sources/aedat4-packets.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { Lz4Unpacker } from '../../pipeline/sources/unpack.js'
import { type CutOptions, checkCuts } from '../support/cuts.js'
import { damage } from '../support/damage.js'
import { expectedDigest, expectedOf } from '../support/expected.js'
import { scratch } from '../support/folder.js'
import { Random } from '../support/make-plan.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

interface Case {
  format: string
  faults?: Record<string, number>
  /** What the file does not say. */
  geometry?: Geometry
  cuts?: CutOptions
}

const imu = (packets: number) => ({ imu_packets: packets })
/** A cut unpacks eight packets or so, which takes some ms. */
const AEDAT4 = { cuts: { around: 40_000, most: 200 } }

const RECORDINGS: Record<string, Case> = {
  'formats/es_dvs_320x240.es': { format: 'Event Stream 2.0.0, DVS' },
  'formats/es_dvs_1ms_320x240.es': { format: 'Event Stream 2.0.0, DVS' },
  'formats/es_dvs_ncars_54x239.es': { format: 'Event Stream 2.0.0, DVS' },
  'formats/es_color_320x240.es': { format: 'Event Stream 2.0.0, colour' },
  'formats/made/es_atis_304x240.es': {
    format: 'Event Stream 2.0.0, ATIS',
    faults: { other_records: 9539 },
  },
  'formats/aedat4_lz4_dvxplorer_320x240.aedat4': {
    format: 'AEDAT 4.0, lz4',
    faults: imu(59),
    ...AEDAT4,
  },
  'formats/made/aedat4_none.aedat4': { format: 'AEDAT 4.0, none', faults: imu(5), ...AEDAT4 },
  'formats/made/aedat4_zstd.aedat4': { format: 'AEDAT 4.0, zstd', faults: imu(12), ...AEDAT4 },
  'formats/made/aedat4_lz4_cut.aedat4': {
    format: 'AEDAT 4.0, lz4',
    faults: { imu_packets: 11, trailing_bytes: 15_494 },
    ...AEDAT4,
  },
  'formats/aedat2_edvs_128x128.aedat': { format: 'AEDAT 2.0, DVS128' },
  'formats/libcaer_polarity_wrap_640x480.bin': {
    format: 'libcaer polarity words',
    geometry: { width: 640, height: 480 },
  },
  'formats/nmnist_34x34.bin': { format: 'N-MNIST', geometry: { width: 34, height: 34 } },
}

for (const [name, { format, faults = {}, geometry }] of Object.entries(RECORDINGS))
  test(`${name} has the events that are expected of it`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const want = expectedOf(name)
    await using recording = await openRecording(path, { geometry })
    t.is(recording.format, format)
    t.deepEqual(recording.geometry, { width: want.width, height: want.height })
    const got = await digestRecording(recording)
    t.like(got, expectedDigest(want))
    t.deepEqual(got.faults, faults)
  })

for (const [name, { cuts, geometry }] of Object.entries(RECORDINGS))
  test(`${name} cut in two at any byte gives the same`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    checkCuts(t, path, { geometry, ...cuts })
  })

async function eventsIn(path: string, geometry?: Geometry): Promise<PlainEvent[]> {
  await using recording = await openRecording(path, { geometry })
  const packet = new EventPacket(5000)
  const events = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  return events
}

for (const [name, { geometry }] of Object.entries(RECORDINGS))
  test(`seek in ${name} gives what a scan from the start gives`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const events = await eventsIn(path, geometry)
    await using recording = await openRecording(path, { geometry })
    const packet = new EventPacket()
    for (let k = 0; k <= 20; k++) {
      const at = events[Math.min(events.length - 1, Math.floor((k * events.length) / 20))]!.t
      const first = events.findIndex((event) => event.t >= at)
      await recording.seek(at)
      t.true(await recording.next(packet))
      const got = eventsOf(packet).slice(0, 50)
      t.deepEqual(got, events.slice(first, first + got.length))
    }
    await recording.seek(events.at(-1)!.t + 1)
    t.false(await recording.next(packet))
  })

test('damaged files give events inside the sensor or a sentence, and what is wrong is counted', async (t) => {
  const path = scratch(t, 'damaged.bin')
  const packet = new EventPacket()
  let counted = 0
  let files = 0
  for (const [name, { geometry, faults = {} }] of Object.entries(RECORDINGS)) {
    const source = sharedPath(`recordings/${name}`)
    if (source === undefined) return skipWithout(t, 'no shared recordings')
    const whole = readFileSync(source).subarray(0, 25_000)
    for (let seed = 1; seed <= 60; seed++) {
      writeFileSync(path, damage(whole, new Random(seed)))
      files += 1
      try {
        await using recording = await openRecording(path, { geometry })
        const { width, height } = recording.geometry!
        while (await recording.next(packet))
          for (let i = 0; i < packet.length; i++)
            if (packet.x[i]! >= width || packet.y[i]! >= height || packet.p[i]! > 1)
              t.fail(`${name}, seed ${seed}: an event outside the sensor`)
        const kinds = Object.keys(recording.faults).filter((kind) => faults[kind] === undefined)
        if (kinds.length > 0) counted += 1
      } catch (error) {
        if (!(error instanceof SaccadeError)) throw error
        counted += 1
      }
    }
  }
  t.log(`${counted} of ${files} files had faults`)
  t.true(counted > 200)
})

function made(t: Parameters<typeof scratch>[0], bytes: Uint8Array, name: string) {
  const path = scratch(t, name)
  writeFileSync(path, bytes)
  return path
}

test('overflows of N-MNIST add 8192 µs to all that follows', async (t) => {
  const path = made(
    t,
    Uint8Array.of(3, 4, 0x80, 0, 9, 0, 240, 0, 0, 0, 5, 6, 0x01, 0, 0, 7),
    'a.bin',
  )
  await using recording = await openRecording(path, { format: 'nmnist' })
  const packet = new EventPacket()
  await recording.next(packet)
  t.deepEqual(eventsOf(packet), [
    { t: 9, x: 3, y: 4, p: 1 },
    { t: 8192 + 65_536, x: 5, y: 6, p: 0 },
  ])
  t.deepEqual(recording.faults, { trailing_bytes: 1 })
})

test('rows of a DAVIS are counted from the top, and its frames and IMU are counted', async (t) => {
  const head = Buffer.from(
    '#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n',
  )
  const word = (address: number, stamp: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(address >>> 0, 0)
    bytes.writeUInt32BE(stamp, 4)
    return bytes
  }
  const event = (x: number, up: number, on: number) => up * 2 ** 22 + x * 2 ** 12 + on * 2 ** 11
  const path = made(
    t,
    Buffer.concat([
      head,
      // A row whose first byte is "#".
      word(event(0, 141, 1), 0xfffffff0),
      word(0x80000000, 0xfffffff1),
      word(event(345, 0, 0), 0x10),
      word(event(346, 0, 0), 0x11),
    ]),
    'a.aedat',
  )
  await using recording = await openRecording(path)
  t.deepEqual(recording.geometry, { width: 346, height: 260 })
  const packet = new EventPacket()
  await recording.next(packet)
  t.deepEqual(eventsOf(packet), [
    { t: 0xfffffff0, x: 0, y: 118, p: 1 },
    { t: 2 ** 32 + 0x10, x: 345, y: 259, p: 0 },
  ])
  t.deepEqual(recording.faults, { other_records: 1, out_of_range: 1 })
  const empty = sharedPath('recordings/formats/aedat2_header_davis346.aedat')
  if (empty !== undefined) await t.throwsAsync(openRecording(empty), { code: 'ERR_TRUNCATED' })
})

test('AEDAT 4 hands triggers on a few thousand at a time, and a packet that claims too many is broken', async (t) => {
  const size = { width: 8, height: 8 }
  const packet = (count: number) => {
    const list = Array.from({ length: count }, (_, i) => ({ t: i, id: 0, value: 1 as const }))
    const payload = triggerPacket(list, 0)
    const head = Buffer.alloc(8)
    head.writeInt32LE(TRIGGER_STREAM, 0)
    head.writeUInt32LE(payload.length, 4)
    return Buffer.concat([head, payload])
  }
  const begin = [AEDAT4_MAGIC, fileHead(description(size, 'NONE'), 0, -1)]
  const packets = [packet(65_537), packet(5000), packet(5000), packet(7)]
  const path = made(t, Buffer.concat([...begin, ...packets]), 'edges.aedat4')
  await using recording = await openRecording(path)
  const counts: (number | undefined)[] = []
  const into = new EventPacket()
  while (await recording.next(into)) counts.push(into.triggers?.length)
  t.deepEqual(counts, [5000, 5000, 7])
  t.deepEqual(recording.faults, { broken_packets: 1 })
})

test('a block of LZ4 that refers to what it has not made yet is broken', (t) => {
  const unpack = (...block: number[]) => {
    const head = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0]
    return new Lz4Unpacker().unpack(
      Uint8Array.of(...head, block.length, 0, 0, 0, ...block, 0, 0, 0, 0),
    )
  }
  const end = [0x50, 1, 2, 3, 4, 5]
  t.deepEqual(
    unpack(0x40, 6, 7, 8, 9, 4, 0, ...end),
    Uint8Array.of(6, 7, 8, 9, 6, 7, 8, 9, 1, 2, 3, 4, 5),
  )
  t.is(unpack(0x40, 6, 7, 8, 9, 0, 0, ...end), undefined, 'distance 0')
  t.is(unpack(0x40, 6, 7, 8, 9, 5, 0, ...end), undefined, 'before the first byte')
  t.is(unpack(0x60, 1, 2, 3, 4, 5), undefined, 'literals beyond the block')
})

test('AEDAT 4 without a whole packet is refused, with and without a data table', async (t) => {
  const source = sharedPath('recordings/formats/made/aedat4_none.aedat4')
  if (source === undefined) return skipWithout(t, 'no shared recordings')
  const file = readFileSync(source)
  const start = 14 + 4 + file.readUInt32LE(14)
  const size = 8 + file.readUInt32LE(start + 4)
  for (const [length, sentence] of [
    [start, `holds no event after its header, at byte ${start}`],
    [start + 3, `holds only 3 of the 8 bytes of a packet after its header, at byte ${start}`],
    [
      start + size - 1,
      `holds only ${size - 1} of the ${size} bytes of a packet after its header, at byte ${start}`,
    ],
  ] as const) {
    const path = made(t, file.subarray(0, length), 'cut.aedat4')
    const error = await t.throwsAsync(openRecording(path), { code: 'ERR_TRUNCATED' })
    t.is(error?.message, `${path} ${sentence}`)
  }
})

test('what is of these families but is not read is refused in one sentence', async (t) => {
  const generic = sharedPath('recordings/formats/es_generic.es')
  if (generic === undefined) return skipWithout(t, 'no shared recordings')
  t.is(
    (await t.throwsAsync(openRecording(generic), { code: 'ERR_FORMAT' }))?.message,
    `${generic} holds generic events, not change events`,
  )
  const old = made(t, Buffer.from('Event Stream\x01\0\0\x01\x40\x01\xf0\0'), 'old.es')
  t.is(
    (await t.throwsAsync(openRecording(old), { code: 'ERR_FORMAT' }))?.message,
    `${old} is of Event Stream version 1.0.0; version 2 is read`,
  )
  const aedat3 = made(t, Buffer.from('#!AER-DAT3.1\r\n#!END-HEADER\r\n'), 'a.aedat')
  t.is(
    (await t.throwsAsync(openRecording(aedat3), { code: 'ERR_FORMAT' }))?.message,
    `${aedat3} is of AEDAT version 3.1; 2.0 and 4.0 are read`,
  )
})
