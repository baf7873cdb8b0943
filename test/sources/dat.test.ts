import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { writeDat } from '../../pipeline/sources/dat-writer.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { scratch } from '../support/folder.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const GEOMETRY = { width: 304, height: 240 }
const HEAD = '% Data file containing CD events.\n% Version 2\n% Height 240\n% Width 304\n'

function dat(head: string, type: number, ...words: number[]): Buffer {
  return Buffer.concat([
    Buffer.from(head),
    Buffer.of(type, 8),
    Buffer.from(Uint32Array.from(words).buffer),
  ])
}

function fileOf(
  t: Parameters<typeof scratch>[0],
  bytes: Uint8Array | string,
  name = 'made_td.dat',
) {
  const path = scratch(t, name)
  writeFileSync(path, bytes)
  return path
}

async function allEvents(path: string, options = {}): Promise<PlainEvent[]> {
  await using recording = await openRecording(path, options)
  const packet = new EventPacket(100)
  const events: PlainEvent[] = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  return events
}

test('a header gives version, geometry and entries; type bytes 0 and 12 both hold change events', async (t) => {
  for (const type of [0, 12]) {
    const path = fileOf(t, dat(`${HEAD}% __proto__ polluted\r\n`, type, 9, 0x10000001))
    await using recording = await openRecording(path)
    t.is(recording.format, 'DAT v2')
    t.deepEqual(recording.geometry, GEOMETRY)
    t.is(recording.records, 1)
    t.is(recording.header.Data, 'file containing CD events.')
    t.is(Object.getPrototypeOf({}).polluted, undefined)
    const packet = new EventPacket()
    t.true(await recording.next(packet))
    t.deepEqual(eventsOf(packet), [{ t: 9, x: 1, y: 0, p: 1 }])
    t.deepEqual([packet.width, packet.height], [304, 240])
    t.deepEqual(recording.progress, {
      bytes: recording.progress.total,
      total: recording.progress.total,
    })
    t.false(await recording.next(packet))
  }
})

test('a header without Version is v2, without size takes --geometry, and ends at "% end"', async (t) => {
  const path = fileOf(t, dat('% Data file\n% end\n', 0, 0x20252025, 400))
  await using recording = await openRecording(path, { geometry: GEOMETRY })
  t.is(recording.format, 'DAT v2')
  t.deepEqual(recording.geometry, GEOMETRY)
  t.false(await recording.next(new EventPacket()))
  t.deepEqual(recording.faults, { out_of_range: 1 })
  t.deepEqual(await allEvents(path), [{ t: 0x20252025, x: 400, y: 0, p: 0 }])
})

test('a file without a header is read only when its format is named', async (t) => {
  const path = fileOf(t, Buffer.from(Uint32Array.of(3, 1, 4, 0x10000002).buffer), 'bare.bin')
  t.deepEqual(await allEvents(path, { format: 'dat' }), [
    { t: 3, x: 1, y: 0, p: 0 },
    { t: 4, x: 2, y: 0, p: 1 },
  ])
  const error = await t.throwsAsync(openRecording(path), { code: 'ERR_FORMAT' })
  t.is(
    error?.message,
    `${path} is no recording that saccade knows: it begins with the bytes 03 00 00 00 01 00 00 00`,
  )
})

test('a cut tail is counted and the whole records before it are read', async (t) => {
  const path = fileOf(t, dat(HEAD, 12, 1, 1, 2, 2, 3, 3).subarray(0, -3))
  await using recording = await openRecording(path)
  t.is(recording.records, 2)
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.is(packet.length, 2)
  t.deepEqual(packet.faults, { trailing_bytes: 5 })
  t.deepEqual(recording.faults, { trailing_bytes: 5 })
  t.false(await recording.next(packet))
})

test('events outside the sensor are counted with the packet they are missing from', async (t) => {
  const path = fileOf(t, dat(HEAD, 12, 1, 1, 2, 304, 3, 3, 4, 240 << 14))
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.is(packet.length, 2)
  t.deepEqual(packet.faults, { out_of_range: 2 })
  await recording.seek(0)
  t.true(await recording.next(packet))
  t.deepEqual(packet.faults, { out_of_range: 2 })
  // Of the pass, not of all passes.
  t.deepEqual(recording.faults, { out_of_range: 2 })
  await recording.seek(4)
  t.false(await recording.next(packet))
  t.deepEqual(recording.faults, { out_of_range: 1 })
  t.is(recording.faultOffsets?.out_of_range, HEAD.length + 2 + 24)
})

test('a file of external triggers gives packets of triggers alone', async (t) => {
  const path = fileOf(t, dat(HEAD, 14, 9, 1 | (3 << 26), 20, 0))
  await using recording = await openRecording(path)
  t.is(recording.format, 'DAT triggers')
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.is(packet.length, 0)
  t.deepEqual(packet.triggers, [
    { t: 9, id: 3, value: 1 },
    { t: 20, id: 0, value: 0 },
  ])
  t.false(await recording.next(packet))
  t.is((await digestRecording(recording)).events, 0)
})

test('the first fault of a kind is told with its place in the file', async (t) => {
  const path = fileOf(t, dat(HEAD, 12, 1, 1, 2, 304, 3, 305).subarray(0, -1))
  await using recording = await openRecording(path)
  while (await recording.next(new EventPacket(1)));
  const start = HEAD.length + 2
  t.deepEqual(recording.faults, { trailing_bytes: 7, out_of_range: 1 })
  t.deepEqual(recording.faultOffsets, { trailing_bytes: start + 16, out_of_range: start + 8 })
  await recording.seek(0)
  t.deepEqual(recording.faults, { trailing_bytes: 7 })
})

test('a header with t0_us gives the stamps of before', async (t) => {
  const path = scratch(t, 'unix_td.dat')
  const events = [
    { t: 1_605_537_493_718_345, x: 1, y: 2, p: 1 },
    { t: 1_605_537_493_718_345 + 2 ** 31 - 5, x: 3, y: 4, p: 0 },
    { t: 1_605_537_493_718_345 + 2 ** 32 - 10, x: 5, y: 6, p: 1 },
  ]
  {
    await using file = await createRecording(path, { geometry: GEOMETRY })
    for (const event of events) await file.write(packetOf([event]))
    await file.close()
  }
  t.deepEqual(await allEvents(path), events)
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  for (const { t: at } of events) {
    await recording.seek(at)
    t.true(await recording.next(packet))
    t.is(packet.t0 + packet.t[0]!, at)
  }
})

const bad: [name: string, bytes: Uint8Array | string, code: string, sentence: string][] = [
  ['an empty file', '', 'ERR_TRUNCATED', 'is empty'],
  [
    'a text file',
    'Hello world, this is text.\n',
    'ERR_FORMAT',
    'is no recording that saccade knows: it begins with the text "Hello wo"',
  ],
  [
    'text that begins like a header',
    '% A thesis\n\\documentclass{article}\n',
    'ERR_FORMAT',
    'is no DAT recording: its event type at byte 11 is 92; 0, 12 and 14 are known',
  ],
  [
    'a file that ends in its header',
    HEAD.slice(0, 40),
    'ERR_TRUNCATED',
    'ends inside its header, at byte 40',
  ],
  [
    'a file that ends before its type',
    HEAD,
    'ERR_TRUNCATED',
    `ends inside its header, at byte ${HEAD.length}`,
  ],
  [
    'a header alone',
    dat(HEAD, 12),
    'ERR_TRUNCATED',
    `holds no event after its header, at byte ${HEAD.length + 2}`,
  ],
  [
    'less than one record',
    dat(HEAD, 12, 1, 2).subarray(0, -1),
    'ERR_TRUNCATED',
    `holds only 7 of the 8 bytes of an event after its header, at byte ${HEAD.length + 2}`,
  ],
  [
    'a RAW header alone',
    '% evt 3.0\n% geometry 304x240\n% end\n',
    'ERR_TRUNCATED',
    'holds no event after its header, at byte 35',
  ],
  [
    'an EVT2.1 file of half a word',
    '% evt 2.1\n% geometry 304x240\n% end\n....',
    'ERR_TRUNCATED',
    'holds only 4 of the 8 bytes of a word after its header, at byte 35',
  ],
  [
    'an Event Stream header alone',
    Buffer.from('Event Stream\x02\0\0\x01\x40\x01\xf0\0', 'latin1'),
    'ERR_TRUNCATED',
    'holds no event after its header, at byte 20',
  ],
  [
    'names of columns alone',
    '%geometry:304,240\nt,x,y,p\n',
    'ERR_TRUNCATED',
    'holds no event after its header, at byte 26',
  ],
  [
    'names of columns that JavaScript has, too',
    'constructor,x,y,t\n1,2,3,4\n',
    'ERR_FORMAT',
    'is no recording that saccade knows: it begins with the text "construc"',
  ],
  [
    'optical flow',
    dat(HEAD, 40, 1, 2),
    'ERR_FORMAT',
    `holds optical flow, not change events: its event type at byte ${HEAD.length} is 40; 0, 12 and 14 are known`,
  ],
  [
    'another record size',
    Buffer.concat([Buffer.from(HEAD), Buffer.of(12, 12), Buffer.alloc(24)]),
    'ERR_FORMAT',
    `gives its events 12 bytes each at byte ${HEAD.length + 1}; DAT events have 8`,
  ],
  [
    'version 3',
    dat('% Version 3\n', 12, 1, 2),
    'ERR_FORMAT',
    'is of DAT version "3"; 1 and 2 are known',
  ],
  [
    'an impossible size',
    dat('% Version 2\n% Width 999999\n% Height 240\n', 12, 1, 2),
    'ERR_FORMAT',
    'gives an impossible sensor size in its header: "999999" x "240"',
  ],
  [
    'an unprintable header',
    dat('% Version 2\n% Da\x01te\n', 12, 1, 2),
    'ERR_FORMAT',
    'is no DAT recording: its header holds the unprintable byte 1 at byte 16',
  ],
  [
    'an endless line',
    `% Version 2\n% ${'x'.repeat(9000)}`,
    'ERR_FORMAT',
    'is no DAT recording: its header line at byte 12 does not end',
  ],
  [
    'an endless header',
    '% Version 2\n'.repeat(7000),
    'ERR_FORMAT',
    'is no DAT recording: its header line at byte 65532 does not end',
  ],
  ['a gzip file', Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0), 'ERR_FORMAT', 'is packed with gzip'],
  [
    'a label file',
    Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'),
    'ERR_FORMAT',
    'is a NumPy file (labels?), not a recording',
  ],
]

for (const [name, bytes, code, sentence] of bad)
  test(`${name} is refused in one sentence`, async (t) => {
    const path = fileOf(t, bytes)
    const error = await t.throwsAsync(openRecording(path), { code })
    t.is(error?.message, `${path} ${sentence}`)
  })

test('random bytes never crash a reader, with or without a header before them', async (t) => {
  let seed = 1
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed >>> 24
  }
  for (let round = 0; round < 40; round++) {
    const noise = Uint8Array.from({ length: 100 + round }, random)
    t.true((await allEvents(fileOf(t, Buffer.concat([dat(HEAD, 12), noise])))).length <= 17)
    await t.throwsAsync(openRecording(fileOf(t, noise)), { code: 'ERR_FORMAT' })
  }
})

test('a directory, a missing file, a locked one and an unknown format have their own sentences', async (t) => {
  const folder = scratch(t, 'folder')
  mkdirSync(folder)
  const sentence = async (path: string, options = {}) =>
    (await t.throwsAsync(openRecording(path, options)))?.message
  t.is(await sentence(folder), `${folder} is a directory, not a file`)
  t.is(await sentence(`${folder}/none.dat`), `${folder}/none.dat does not exist`)
  t.is(await sentence('/dev/null'), '/dev/null is a device or pipe, not a file')
  t.is(await sentence(folder, { format: 'avi' }), 'there is no recording format "avi"')
  if (process.getuid?.() === 0) return t.log('permissions were not tried: root may read everything')
  const locked = fileOf(t, HEAD)
  chmodSync(locked, 0)
  t.is(await sentence(locked), `cannot read ${locked}: permission denied`)
})

test('seek finds the lower bound at every time, also among equal stamps and after a wrap', async (t) => {
  const stamps = [
    5,
    5,
    5,
    9,
    9,
    20,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32 + 4,
    2 ** 32 + 4,
    2 ** 32 + 2 ** 31,
    2 ** 32 + 2 ** 31 + 9,
    2 ** 33 + 7,
  ]
  const path = fileOf(t, dat(HEAD, 12, ...stamps.flatMap((stamp, i) => [stamp % 2 ** 32, i])))
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  for (const wanted of stamps)
    for (const at of [wanted - 1, wanted, wanted + 1]) {
      await recording.seek(at)
      const found: PlainEvent[] = []
      while (await recording.next(packet)) found.push(...eventsOf(packet))
      const first = stamps.findIndex((stamp) => stamp >= at)
      t.deepEqual(
        found.map((event) => event.t),
        first < 0 ? [] : stamps.slice(first),
        `${at}`,
      )
    }
})

test('seek in the recordings gives what a scan from the start gives', async (t) => {
  for (const name of ['gen1/driving_td.dat', 'formats/made/dat_v2_wrap_304x240.dat']) {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    await using recording = await openRecording(path)
    const packet = new EventPacket()
    const stamps: number[] = []
    while (await recording.next(packet))
      for (let i = 0; i < packet.length; i++) stamps.push(packet.t0 + packet.t[i]!)
    for (let k = 0; k < 50; k++) {
      const at = stamps[Math.floor((k / 50) * stamps.length)]!
      const first = stamps.indexOf(at)
      await recording.seek(at)
      t.true(await recording.next(packet))
      t.is(packet.t0, at)
      t.is(packet.length, Math.min(recording.records! - first, packet.capacity))
    }
  }
})

test('a written file is the same bytes each time, has Gen1 layout and reads back', async (t) => {
  const events = [
    { t: 20_520_003, x: 0, y: 0, p: 1 },
    { t: 20_520_003, x: 303, y: 239, p: 0 },
    { t: 20_520_001, x: 7, y: 8, p: 1 },
  ]
  const files: Buffer[] = []
  for (let i = 0; i < 2; i++) {
    const path = scratch(t, 'written_td.dat')
    const file = await writeDat(path, { geometry: GEOMETRY })
    // A packet never holds a stamp below its first.
    await file.write(packetOf(events.slice(0, 2)))
    t.false(existsSync(path))
    await file.write(packetOf(events.slice(2)))
    t.is(file.events, 3)
    await file.close()
    t.deepEqual(readdirSync(dirname(path)), ['written_td.dat'])
    t.deepEqual(await allEvents(path), events)
    files.push(readFileSync(path))
  }
  t.deepEqual(files[0], files[1])
  const head =
    '% Data file containing CD events.\n% Version 2\n% Date 1970-01-01 00:00:00\n% Height 240\n% Width 304\n\x0c\x08'
  t.is(files[0]!.toString('latin1', 0, head.length), head)
  t.is(files[0]!.length, head.length + 3 * 8)
})

test('a copy through packets has the digest of the original', async (t) => {
  const source = sharedPath('recordings/formats/made/dat_v2_wrap_304x240.dat')
  if (source === undefined) return skipWithout(t, 'no shared recordings')
  const path = scratch(t, 'copy_td.dat')
  await using original = await openRecording(source)
  {
    await using file = await writeDat(path, { geometry: original.geometry! })
    const packet = new EventPacket(777)
    while (await original.next(packet)) await file.write(packet)
    await file.close()
  }
  await using copy = await openRecording(path)
  t.deepEqual(await digestRecording(copy), await digestRecording(original))
})

test('a writer that fails or is given up leaves nothing behind', async (t) => {
  const path = scratch(t, 'broken_td.dat')
  const write = async (event: PlainEvent) => {
    await using file = await writeDat(path, { geometry: GEOMETRY })
    await file.write(packetOf([event]))
  }
  const outside = await t.throwsAsync(write({ t: 0, x: 304, y: 0, p: 0 }), { code: 'ERR_FORMAT' })
  t.is(outside?.message, `event 0 at (304, 0) lies outside the 304 x 240 sensor of ${path}`)
  await t.throwsAsync(write({ t: 2 ** 40, x: 0, y: 0, p: 0 }), { code: 'ERR_FORMAT' })
  await write({ t: 0, x: 0, y: 0, p: 0 })
  t.deepEqual(readdirSync(dirname(path)), [])
  await t.throwsAsync(writeDat('/nonexistent/x.dat', { geometry: GEOMETRY }), { code: 'ERR_IO' })
  await t.throwsAsync(writeDat(path, { geometry: { width: 0, height: 1 } }), {
    code: 'ERR_ARGUMENT',
  })
})

test('a file that is cut while it is read is an error, not a quiet end', async (t) => {
  const path = fileOf(t, dat(HEAD, 12, ...Array(400).fill(1)))
  await using recording = await openRecording(path)
  truncateSync(path, HEAD.length + 2 + 80)
  const error = await t.throwsAsync(recording.next(new EventPacket()), { code: 'ERR_IO' })
  t.is(
    error?.message,
    `${path} became shorter while it was read: it ends at byte ${HEAD.length + 82}`,
  )
})
