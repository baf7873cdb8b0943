// Every format that is written, from recordings of other kinds: the same events come back.
import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import test from 'ava'
import { EventPacket } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/sources/open.js'
import type { Recording } from '../../pipeline/sources/recording.js'
import { createRecording, WRITER_FORMATS } from '../../pipeline/sources/writers.js'
import { scratch } from '../support/folder.js'
import { sharedPath, skipWithout } from '../support/shared.js'

/** Unix time, a time that wraps, one that begins at 0, and columns. */
const SOURCES = [
  'formats/made/aedat4_zstd.aedat4',
  'formats/libcaer_polarity_wrap_640x480.bin',
  'formats/nmnist_34x34.bin',
  'formats/made/ecf_304x240.h5',
]
const SIZES: Readonly<Record<string, { width: number; height: number }>> = {
  [SOURCES[1]!]: { width: 640, height: 480 },
  [SOURCES[2]!]: { width: 34, height: 34 },
}

/** The first stamp, and a fingerprint of t - t0, x, y and p of all events, however they come in packets. */
async function eventsOf(recording: Recording) {
  const hash = createHash('sha256')
  const packet = new EventPacket(7000)
  const row = new Float64Array(4 * packet.capacity)
  let first = Number.NaN
  let events = 0
  while (await recording.next(packet)) {
    const { t0, t, x, y, p, length } = packet
    if (events === 0) first = t0 + t[0]!
    for (let i = 0; i < length; i++) row.set([t0 + t[i]! - first, x[i]!, y[i]!, p[i]!], 4 * i)
    hash.update(new Uint8Array(row.buffer, 0, 32 * length))
    events += length
  }
  return { first, events, digest: hash.digest('hex') }
}

for (const { name: format } of WRITER_FORMATS)
  test(`${format} keeps the events of every kind of recording`, async (t) => {
    if (format === 'aedat4-zstd' && !('zstdCompressSync' in zlib))
      return skipWithout(t, 'this Node cannot pack with Zstandard')
    for (const name of SOURCES) {
      const path = sharedPath(`recordings/${name}`)
      if (path === undefined) return skipWithout(t, 'no shared recordings')
      await using original = await openRecording(path, { geometry: SIZES[name] })
      const geometry = original.geometry!
      const want = await eventsOf(original)
      const copy = scratch(t, 'copy')
      {
        await using file = await createRecording(copy, { geometry, format })
        const packet = new EventPacket(5000)
        await original.seek(0)
        while (await original.next(packet)) await file.write(packet)
        await file.close()
        t.is(file.events, want.events)
      }
      await using read = await openRecording(copy)
      const { first, ...got } = await eventsOf(read)
      t.deepEqual(got, { events: want.events, digest: want.digest }, name)
      t.deepEqual(read.faults, {})
      // .es has no room for the time of its start, npy none for the sensor's size.
      if (format !== 'es') t.is(first, want.first, name)
      if (format !== 'npy') t.deepEqual(read.geometry, geometry)
    }
  })
