// The side index of recordings without a fixed record size, from 8 MiB on: made at the first seek, used by the next, and made anew
// when it is stale or damaged.
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { EventPacket, PACKET_CAPACITY } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { scratch } from '../support/folder.js'

/** Full packets that make more than 8 MiB of a format. */
const PACKETS = { evt3: 24, 'aedat4-plain': 9, csv: 8 }
type Format = keyof typeof PACKETS
const GEOMETRY = { width: 1280, height: 720 }
/** Event i of a recording is at i * stepUs. */
const x = (i: number) => (i * 7) % GEOMETRY.width
const y = (i: number) => (i * 13) % GEOMETRY.height

async function write(path: string, format: Format, stepUs: number): Promise<void> {
  await using file = await createRecording(path, { geometry: GEOMETRY, format })
  const packet = new EventPacket()
  for (let k = 0; k < PACKETS[format]; k++) {
    packet.reset()
    packet.t0 = k * PACKET_CAPACITY * stepUs
    packet.length = PACKET_CAPACITY
    for (let i = 0; i < PACKET_CAPACITY; i++) {
      packet.t[i] = i * stepUs
      packet.x[i] = x(k * PACKET_CAPACITY + i)
      packet.y[i] = y(k * PACKET_CAPACITY + i)
      packet.p[i] = i & 1
    }
    await file.write(packet)
  }
  await file.close()
}

/** The first event at or after a time, as its number. */
async function firstAt(path: string, event: number, stepUs: number): Promise<number> {
  await using recording = await openRecording(path)
  await recording.seek(event * stepUs)
  const packet = new EventPacket(16)
  await recording.next(packet)
  const got = packet.first / stepUs
  return packet.x[0] === x(got) && packet.y[0] === y(got) ? got : Number.NaN
}

function indexIn(t: ExecutionContext, cache: string): string {
  const [name, ...others] = readdirSync(join(cache, 'index'))
  t.deepEqual(others, [])
  return join(cache, 'index', name!)
}

// One after the other: the cache folder stands in the environment.
for (const format of Object.keys(PACKETS) as Format[])
  test.serial(
    `${format}: the index of a large file is kept, and made anew when it is stale or damaged`,
    async (t) => {
      const cache = scratch(t, 'cache')
      process.env.SACCADE_CACHE = cache
      t.teardown(() => delete process.env.SACCADE_CACHE)
      const path = scratch(t, 'large.bin')
      await write(path, format, 5)
      t.true(statSync(path).size > 8 * 2 ** 20)
      const most = PACKETS[format] * PACKET_CAPACITY - 1
      const middle = Math.floor(0.6 * most)
      const events = [0.6, 0, 1].map((part) =>
        Math.floor(part * (PACKETS[format] * PACKET_CAPACITY - 1)),
      )
      for (const event of events) t.is(await firstAt(path, event, 5), event)
      const index = indexIn(t, cache)
      const kept = readFileSync(index, 'utf8')
      t.true(JSON.parse(kept).places.length > 5)
      // It is used: one that says less is found again as it is, and the same events with it.
      const { fingerprint, places } = JSON.parse(kept)
      const fewer = JSON.stringify({ fingerprint, places: places.slice(0, 2) })
      writeFileSync(index, fewer)
      for (const event of events) t.is(await firstAt(path, event, 5), event)
      t.is(readFileSync(index, 'utf8'), fewer)
      // What is none, or does not fit, is written over.
      const state = Buffer.alloc(3).toString('base64')
      for (const damaged of [
        '',
        kept.slice(0, -9),
        '{"places":{}}',
        JSON.stringify({ fingerprint, places: [[100, 5, state]] }),
        JSON.stringify({ fingerprint, places: [[1e12, 5, places[0][2]]] }),
        JSON.stringify({ fingerprint, places: [...places].reverse() }),
      ]) {
        writeFileSync(index, damaged)
        t.is(await firstAt(path, middle, 5), middle)
        t.is(readFileSync(index, 'utf8'), kept)
      }
      // Another file of this name: the same size and a later date, or another size.
      const { mtimeMs } = statSync(path)
      utimesSync(path, new Date(), new Date(mtimeMs + 5000))
      t.is(await firstAt(path, middle, 5), middle)
      t.not(readFileSync(index, 'utf8'), kept)
      await write(path, format, 3)
      for (const event of events) t.is(await firstAt(path, event, 3), event)
      t.is(indexIn(t, cache), index)
    },
  )
