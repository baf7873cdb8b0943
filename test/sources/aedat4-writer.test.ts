// AEDAT 4 as it is written: read back by saccade, by its table of packets, and by the two readers that people use.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket, type Trigger } from '../../pipeline/events/packet.js'
import { parseAedat4Header } from '../../pipeline/sources/aedat4-header.js'
import { aedat4PlainWriter } from '../../pipeline/sources/aedat4-writer.js'
import { FlatTable } from '../../pipeline/sources/flatbuffer.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { Lz4Unpacker } from '../../pipeline/sources/unpack.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { expectedOf } from '../support/expected.js'
import { scratch } from '../support/folder.js'
import { eventsOf, packetOf } from '../support/packets.js'
import { packageRoot, sharedPath, skipWithout } from '../support/shared.js'

const SOURCES = [
  'formats/evt3_trigger_1280x720.raw',
  'formats/aedat4_lz4_dvxplorer_320x240.aedat4',
  'atis/car_passing_td.dat',
]
/** Zstandard where this Node has it. */
const WRITERS = ['aedat4', 'aedat4-plain', ...('zstdCompressSync' in zlib ? ['aedat4-zstd'] : [])]

/** A Python with dv-processing and faery: the one that .ci/run makes, or SACCADE_FORMATS_PYTHON. */
const python = [
  process.env.SACCADE_FORMATS_PYTHON ?? '',
  join(packageRoot, '.state/ci/formats/bin/python'),
].find((path) => existsSync(path))

async function written(t: ExecutionContext, name: string, format: string): Promise<string> {
  const path = scratch(t, `${format}.aedat4`)
  await using original = await openRecording(sharedPath(`recordings/${name}`)!)
  await using file = await createRecording(path, { geometry: original.geometry!, format })
  const packet = new EventPacket(20_000)
  while (await original.next(packet)) await file.write(packet)
  await file.close()
  t.deepEqual(file.left, {})
  return path
}

async function triggersOf(path: string): Promise<Trigger[]> {
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  const triggers: Trigger[] = []
  while (await recording.next(packet)) triggers.push(...(packet.triggers ?? []))
  return triggers
}

for (const format of WRITERS)
  test(`${format} keeps events, times and triggers`, async (t) => {
    for (const name of SOURCES) {
      const source = sharedPath(`recordings/${name}`)
      if (source === undefined) return skipWithout(t, 'no shared recordings')
      const path = await written(t, name, format)
      const want = expectedOf(name)
      await using recording = await openRecording(path)
      t.deepEqual(recording.geometry, { width: want.width, height: want.height })
      const { digest, faults } = await digestRecording(recording)
      t.is(digest, want.digest, name)
      // Packets of triggers are read, all others of the file are events.
      t.deepEqual(faults, {})
      t.deepEqual(await triggersOf(path), await triggersOf(source))
    }
  })

test('the table behind the packets tells of each where it lies and what it holds', async (t) => {
  if (sharedPath('recordings') === undefined) return skipWithout(t, 'no shared recordings')
  const file = readFileSync(await written(t, SOURCES[0]!, 'aedat4'))
  const { tableAt, dataStart } = parseAedat4Header(file.subarray(0, 65_536), 'copy', false)
  const table = new Lz4Unpacker().unpack(file.subarray(tableAt!))!.slice()
  const told = [...FlatTable.root(table, 'FTAB')!.tables(0)].map((entry) => ({
    offset: entry.int64(0),
    elements: entry.int64(2),
    first: entry.int64(3),
    last: entry.int64(4),
  }))
  let at = dataStart
  let events = 0
  for (const { offset, elements, first, last } of told) {
    t.is(offset, at + 8)
    at = offset + file.readUInt32LE(at + 4)
    const isEvents = file.readInt32LE(offset - 8) === 0
    if (isEvents) events += elements
    t.true(first <= last)
  }
  t.is(at, tableAt!)
  t.is(events, 13_487)
  t.deepEqual(
    told.find(({ elements }) => elements === 2),
    { ...told.find(({ elements }) => elements === 2)!, first: 14_547_491, last: 14_549_491 },
  )
})

test('into what cannot be written over it goes without the table; other inputs than the first are left out', async (t) => {
  const parts: Uint8Array[] = []
  const sink = {
    path: 'stdout',
    append: async (bytes: string | Uint8Array) => void parts.push(Buffer.from(bytes)),
    commit: async () => {},
    abandon: async () => {},
  }
  const events = [
    { t: 1_605_537_493_718_345, x: 3, y: 4, p: 1 },
    { t: 1_605_537_493_718_346, x: 5, y: 0, p: 0 },
  ]
  const packet = packetOf(events)
  packet.triggers = [
    { t: events[0]!.t, id: 0, value: 1 },
    { t: events[0]!.t, id: 2, value: 1 },
  ]
  await using file = await aedat4PlainWriter.open(sink, { geometry: { width: 8, height: 5 } })
  await file.write(packet)
  await t.throwsAsync(file.write(packetOf([{ t: 1, x: 8, y: 0, p: 0 }])), {
    code: 'ERR_FORMAT',
    message: /^event 2 at \(8, 0\), 1 µs lies outside the 8 x 5 sensor of stdout/,
  })
  await file.close()
  t.deepEqual(file.left, { triggers: 1 })
  const path = scratch(t, 'piped.aedat4')
  writeFileSync(path, Buffer.concat(parts))
  await using recording = await openRecording(path)
  const read = new EventPacket()
  t.true(await recording.next(read))
  t.deepEqual(eventsOf(read), events)
  t.deepEqual(read.triggers, packet.triggers.slice(0, 1))
  t.deepEqual(recording.faults, {})
})

test('dv-processing and faery read the same events, and the first the triggers', async (t) => {
  if (sharedPath('recordings') === undefined) return skipWithout(t, 'no shared recordings')
  if (python === undefined)
    return skipWithout(t, 'no Python with dv-processing and faery (.ci/run makes one)')
  const cases: { name: string; path: string }[] = []
  for (const name of SOURCES)
    for (const format of WRITERS) cases.push({ name, path: await written(t, name, format) })
  const script = join(packageRoot, 'test/sources/aedat4_oracle.py')
  const { stdout, stderr, status } = spawnSync(python, [script, ...cases.map(({ path }) => path)], {
    encoding: 'utf8',
  })
  t.is(status, 0, stderr)
  const lines = stdout.trim().split('\n')
  t.is(lines.length, 2 * cases.length)
  for (const [i, line] of lines.entries()) {
    const { name } = cases[i >> 1]!
    const want = expectedOf(name)
    const { triggers, ...told } = JSON.parse(line)
    t.deepEqual(told, {
      reader: i % 2 === 0 ? 'dv_processing' : 'faery',
      events: want.events,
      size: [want.width, want.height],
      digest: want.digest,
    })
    if (triggers !== null)
      t.deepEqual(
        triggers,
        // A rising edge is kind 1, a falling one 2.
        (want.triggers ?? []).map(([at, , value]) => [at, value === 1 ? 1 : 2]),
        name,
      )
  }
})
