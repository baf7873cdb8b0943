import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { writeDrives } from '../../pipeline/simulate/drives.js'

const folder = () => mkdtemp(join(tmpdir(), 'saccade-drives-'))
const drive = { seed: 41, durationUs: 50_000, scene: 'hard', width: 76, height: 60 } as const

test('many drives are numbered by their seeds, and go on where they were stopped', async (t) => {
  const home = join(await folder(), 'new')
  const first = await writeDrives({ drive, count: 3, jobs: 1 }, home)
  t.is(first.written, 3)
  t.true(first.events > 0)
  t.deepEqual(
    (await readdir(home)).sort(),
    [41, 42, 43].flatMap((n) => [`hard-00000${n}_bbox.npy`, `hard-00000${n}_td.dat`]),
  )
  // One half of a pair is none.
  await rm(join(home, 'hard-0000042_bbox.npy'))
  const kept = await stat(join(home, 'hard-0000041_td.dat'))
  const second = await writeDrives({ drive, count: 4, jobs: 1 }, home)
  t.deepEqual([second.written, second.skipped], [2, 2])
  t.is((await stat(join(home, 'hard-0000041_td.dat'))).mtimeMs, kept.mtimeMs)
  t.is((await readdir(home)).length, 8)
})

test('threads write the bytes that one would', async (t) => {
  const [one, two] = [await folder(), await folder()]
  await writeDrives({ drive, count: 3, jobs: 1 }, one)
  const done: number[] = []
  const progress = (n: number) => done.push(n)
  await writeDrives({ drive, count: 3, jobs: 2 }, two, { progress })
  t.deepEqual(done, [1, 2, 3])
  for (const name of await readdir(one))
    t.deepEqual(await readFile(join(one, name)), await readFile(join(two, name)), name)
})

test('a folder that cannot be made, a wrong spec and a stop are said', async (t) => {
  const home = await folder()
  await t.throwsAsync(writeDrives({ drive, count: 1, jobs: 1 }, '/dev/null/x'), { code: 'ERR_IO' })
  const wrong = { ...drive, width: 1 }
  for (const jobs of [1, 2])
    await t.throwsAsync(writeDrives({ drive: wrong, count: 2, jobs }, home), {
      code: 'ERR_ARGUMENT',
      message: /width is 1/,
    })
  await t.throwsAsync(
    writeDrives({ drive: { ...drive, seed: 2 ** 32 - 1 }, count: 2, jobs: 1 }, home),
    { code: 'ERR_ARGUMENT' },
  )
  const stop = new AbortController()
  const long = { ...drive, durationUs: 60_000_000 }
  setTimeout(() => stop.abort(), 100)
  await t.throwsAsync(writeDrives({ drive: long, count: 2, jobs: 2 }, home, stop), {
    code: 'ERR_ABORTED',
  })
  await t.throwsAsync(writeDrives({ drive, count: 2, jobs: 1 }, home, stop), {
    code: 'ERR_ABORTED',
  })
  t.deepEqual(await readdir(home), [])
})
