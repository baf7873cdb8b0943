import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { simulate } from '../../pipeline/simulate/simulate.js'
import { recordSimulation } from '../../pipeline/simulate/source.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { scratch } from '../support/folder.js'

const spec = { seed: 5, durationUs: 100_000, width: 96, height: 64 }

test('a simulation streams its packets and leaves them as files', async (t) => {
  const name = scratch(t, 'drive')
  let events = 0
  for await (const packet of recordSimulation(simulate(spec), name)) {
    t.is(packet.width, 96)
    events += packet.length
  }
  await using recording = await openRecording(`${name}_td.dat`)
  t.is(recording.records, events)
  t.deepEqual(readdirSync(dirname(name)).sort(), ['drive_bbox.npy', 'drive_td.dat'])
})

test('stopped in the middle, a simulation leaves no file', async (t) => {
  const name = scratch(t, 'drive')
  const stop = new AbortController()
  let packets = 0
  for await (const _ of recordSimulation(simulate(spec), name, { signal: stop.signal })) {
    packets += 1
    if (packets === 5) stop.abort()
  }
  t.is(packets, 5)
  t.deepEqual(readdirSync(dirname(name)), [])
})
