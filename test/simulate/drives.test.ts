import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { writeDrives } from '../../pipeline/simulate/drives.js'
import { claimFolder } from '../../pipeline/simulate/drives-record.js'
import { SIMULATOR } from '../../pipeline/simulate/simulate.js'

const folder = () => mkdtemp(join(tmpdir(), 'saccade-drives-'))
const drive = { seed: 41, durationUs: 50_000, scene: 'hard', width: 76, height: 60 } as const

test('many drives are numbered by their seeds, and go on where they were stopped', async (t) => {
  const home = join(await folder(), 'new')
  const first = await writeDrives({ drive, count: 3, jobs: 1 }, home)
  t.is(first.written, 3)
  t.true(first.events > 0)
  t.deepEqual((await readdir(home)).sort(), [
    'drives-hard.json',
    ...[41, 42, 43].flatMap((n) => [`hard-00000${n}_bbox.npy`, `hard-00000${n}_td.dat`]),
  ])
  // One half of a pair is none.
  await rm(join(home, 'hard-0000042_bbox.npy'))
  const kept = await stat(join(home, 'hard-0000041_td.dat'))
  const second = await writeDrives({ drive, count: 4, jobs: 1 }, home)
  t.deepEqual([second.written, second.skipped], [2, 2])
  t.is((await stat(join(home, 'hard-0000041_td.dat'))).mtimeMs, kept.mtimeMs)
  t.is((await readdir(home)).length, 9)
})

test('drives that were simulated otherwise are neither kept as if they were these nor overwritten', async (t) => {
  const home = await folder()
  const write = (change: object) =>
    writeDrives({ drive: { ...drive, ...change }, count: 1, jobs: 1 }, home)
  const refused = (change: object, what: string) =>
    t.throwsAsync(write(change), {
      code: 'ERR_ARGUMENT',
      message: `${home} is for drives of the scene hard ${what}`,
    })
  await write({})
  const before = await readFile(join(home, 'hard-0000041_td.dat'))
  await refused(
    { durationUs: 60_000, cars: 2 },
    'with durationUs 50000, not 60000; cars not set, not 2',
  )
  await refused({ sensor: { lagUs: 1 } }, 'with sensor not set, not {"lagUs":1}')
  t.deepEqual(await readFile(join(home, 'hard-0000041_td.dat')), before)
  // Other seeds and scenes have names of their own.
  t.is((await write({ seed: 7 })).written, 1)
  t.is((await write({ scene: 'crossing', durationUs: 60_000 })).written, 1)
  t.is((await write({})).skipped, 1)

  await rm(join(home, 'drives-hard.json'))
  await t.throwsAsync(write({}), {
    code: 'ERR_ARGUMENT',
    message: `${home} holds drives of the scene hard, and no drives-hard.json says how they were simulated`,
  })
  await writeFile(join(home, 'drives-hard.json'), '{"schema":"saccade-drives/2"}')
  await t.throwsAsync(write({}), {
    message: /drives-hard\.json does not say how the drives beside/,
  })
  // A record that differs is never overwritten, even where its drives are gone.
  await rm(join(home, 'drives-hard.json'))
  await rm(join(home, 'hard-0000041_td.dat'))
  await rm(join(home, 'hard-0000007_td.dat'))
  t.is((await write({ durationUs: 60_000 })).written, 1)
  await rm(join(home, 'hard-0000041_td.dat'))
  await refused({}, 'with durationUs 60000, not 50000')
  // Nor does another simulator go on with a set.
  const path = join(home, 'drives-hard.json')
  const noted = JSON.parse(await readFile(path, 'utf8'))
  t.is(noted.simulator, SIMULATOR)
  await writeFile(path, JSON.stringify({ ...noted, simulator: SIMULATOR + 1 }))
  await refused({ durationUs: 60_000 }, `with simulator ${SIMULATOR + 1}, not ${SIMULATOR}`)
})

test('of calls that begin at once in a new folder, those go on that simulate as the first one does', async (t) => {
  const home = await folder()
  const lengths = [50_000, 60_000, 50_000, 60_000, 50_000, 60_000]
  const calls = await Promise.allSettled(
    lengths.map((durationUs) => claimFolder(home, { ...drive, durationUs })),
  )
  const { durationUs } = JSON.parse(await readFile(join(home, 'drives-hard.json'), 'utf8'))
  t.deepEqual(
    calls.map(({ status }) => status),
    lengths.map((length) => (length === durationUs ? 'fulfilled' : 'rejected')),
  )
  t.deepEqual(await readdir(home), ['drives-hard.json'])
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
  await t.throwsAsync(writeDrives({ drive: long, count: 2, jobs: 1 }, home, stop), {
    code: 'ERR_ABORTED',
  })
  t.deepEqual(await readdir(home), ['drives-hard.json'])
})
