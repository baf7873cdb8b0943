import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { EventPacket } from '../../pipeline/events/packet.js'
import { simulate } from '../../pipeline/simulate/simulate.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { readLabels } from '../../pipeline/sources/labels.js'
import { openRecording } from '../../pipeline/sources/open.js'

const spec = { seed: 5, durationUs: 200_000, scene: 'crossing' } as const
const folder = () => mkdtemp(join(tmpdir(), 'saccade-simulate-'))

test('a simulation is written as a pair that reads back event for event', async (t) => {
  const name = join(await folder(), 'drive')
  const written = await writeSimulation(spec, name)
  const simulation = simulate(spec)
  const expected: number[][] = []
  for (const packet of simulation.packets()) {
    for (let i = 0; i < packet.length; i++) {
      expected.push([packet.t0 + packet.t[i]!, packet.x[i]!, packet.y[i]!, packet.p[i]!])
    }
  }
  await using recording = await openRecording(written.recording)
  t.deepEqual(recording.geometry, { width: 304, height: 240 })
  const read: number[][] = []
  const packet = new EventPacket()
  while (await recording.next(packet)) {
    for (let i = 0; i < packet.length; i++) {
      read.push([packet.t0 + packet.t[i]!, packet.x[i]!, packet.y[i]!, packet.p[i]!])
    }
  }
  t.deepEqual(read, expected)
  t.is(written.events, expected.length)
  t.true(simulation.labels.length > 0)
  t.deepEqual(await readLabels(written.labels), simulation.labels)
  t.is(written.boxes, simulation.labels.length)
})

test('two runs give the same files, byte for byte', async (t) => {
  const home = await folder()
  const [a, b] = [
    await writeSimulation(spec, join(home, 'a')),
    await writeSimulation(spec, join(home, 'b')),
  ]
  t.deepEqual(await readFile(a.recording), await readFile(b.recording))
  t.deepEqual(await readFile(a.labels), await readFile(b.labels))
})

test('a stopped or impossible simulation leaves nothing behind', async (t) => {
  const home = await folder()
  const stop = new AbortController()
  const progress = () => stop.abort()
  await t.throwsAsync(writeSimulation(spec, join(home, 'a'), { signal: stop.signal, progress }), {
    code: 'ERR_ABORTED',
  })
  await t.throwsAsync(writeSimulation({ seed: -1 }, join(home, 'b')), { code: 'ERR_ARGUMENT' })
  t.deepEqual(await readdir(home), [])
  await t.throwsAsync(writeSimulation(spec, join(home, 'no', 'c')), { code: 'ERR_IO' })
})
