import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import tar from 'tar-stream'
import { digestRecording } from '../../pipeline/events/digest.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { type Expected, expectedDigest } from '../support/expected.js'
import { scratch } from '../support/folder.js'
import { sharedPath, skipWithout } from '../support/shared.js'

interface ExpectedTar {
  events: number
  digest_of_digests: string
  member: Record<string, [number, number, number, number, number, string]>
}

function expected(): Record<string, unknown> | undefined {
  const path = sharedPath('recordings/expected.json')
  return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'))
}

test('every DAT recording has the digest of the independent decoder', async (t) => {
  const list = expected()
  if (list === undefined) return skipWithout(t, 'no shared recordings')
  const names = Object.keys(list).filter((name) => name.endsWith('.dat'))
  t.is(names.length, 10)
  for (const name of names) {
    const want = list[name] as Expected
    await using recording = await openRecording(sharedPath(`recordings/${name}`)!)
    t.is(recording.format, want.format, name)
    t.deepEqual(
      recording.geometry,
      want.width === null ? undefined : { width: want.width, height: want.height! },
      name,
    )
    t.is(recording.records, want.events, name)
    t.deepEqual(await digestRecording(recording), { ...expectedDigest(want), faults: {} }, name)
  }
})

test('all 300 N-CARS patches of the archive read without a fault', async (t) => {
  const list = expected()
  const archive = sharedPath('recordings/ncars/test300.tar')
  if (list === undefined || archive === undefined) return skipWithout(t, 'no shared recordings')
  const want = list['ncars/test300.tar'] as ExpectedTar
  const patch = scratch(t, 'patch_td.dat')
  const digests = createHash('sha256')
  let events = 0
  let members = 0
  for await (const entry of createReadStream(archive).pipe(tar.extract())) {
    const pieces: Buffer[] = []
    for await (const piece of entry) pieces.push(piece as Buffer)
    if (entry.header.type !== 'file') continue
    writeFileSync(patch, Buffer.concat(pieces))
    await using recording = await openRecording(patch)
    const got = await digestRecording(recording)
    const [count, width, height, tLast, onEvents, start] = want.member[entry.header.name]!
    t.deepEqual(
      [got.events, got.xMax + 1, got.yMax + 1, got.tLast, got.onEvents, got.digest.slice(0, 16)],
      [count, width, height, tLast, onEvents, start],
      entry.header.name,
    )
    t.deepEqual(got.faults, {})
    digests.update(Buffer.from(got.digest, 'hex'))
    events += got.events
    members += 1
  }
  t.is(members, 300)
  t.is(events, want.events)
  t.is(digests.digest('hex'), want.digest_of_digests)
})
