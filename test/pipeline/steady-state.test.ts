import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'

const child = fileURLToPath(new URL('../support/steady-child.js', import.meta.url))

test('200 windows make no ArrayBuffer and no malloc, and never more items than the pools hold', async (t) => {
  const drive = scratch(t, 'drive')
  const { recording } = await writeSimulation({ seed: 3, durationUs: 1_000_000 }, drive)
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--max-semi-space-size=64',
    child,
    recording,
  ])
  const seen = JSON.parse(stdout)
  t.log(stdout.trim())
  t.is(seen.windows, 220)
  t.true(seen.boxes > 0)
  t.is(seen.collections, 0, 'nothing was collected that could hide a new buffer')
  t.is(seen.newBytes, 0)
  t.is(seen.mallocs, 0)
  t.deepEqual(seen.pools, [
    { name: 'frames', size: 4, free: 4 },
    { name: 'packets', size: 4, free: 4 },
  ])
})
