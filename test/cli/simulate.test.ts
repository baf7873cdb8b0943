import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { saccade } from '../support/program.js'

const folder = () => mkdtemp(join(tmpdir(), 'saccade-simulate-'))

test('simulate --count fills a folder and goes on where it was', async (t) => {
  const home = join(await folder(), 'drives')
  const call = ['simulate', '--scene', 'hard', '--seed', '9', '--duration', '50ms', '--out', home]
  const small = [...call, '--geometry', '76x60', '--json', '--count']
  const first = JSON.parse((await saccade([...small, '2'])).stdout)
  t.like(first, { seed: 9, scene: 'hard', folder: home, written: 2, skipped: 0 })
  const second = JSON.parse((await saccade([...small, '3', '--jobs', '2'])).stdout)
  t.like(second, { written: 1, skipped: 2 })
  t.is((await readdir(home)).length, 7)
  const other = [...call, '--geometry', '96x60', '--count', '3']
  const { code, stdout, stderr } = await saccade(other)
  t.deepEqual([code, stdout], [2, ''])
  t.is(
    stderr,
    `saccade: ${home} is for drives of the scene hard with width 76, not 96\n  choose another folder, or delete drives-hard.json with those drives\n`,
  )
})

test('what goes with many drives is refused for one, and the other way round', async (t) => {
  for (const wrong of [
    ['--jobs', '2'],
    ['--out', 'x'],
    ['--count', '2', '-o', 'x'],
    ['--count', 'many'],
    ['--count', '2', '--jobs', '0'],
    ['--scene', 'motorway'],
  ]) {
    const { code, stdout, stderr } = await saccade(['simulate', ...wrong])
    t.is(code, 2, wrong.join(' '))
    t.is(stdout, '')
    t.not(stderr, '')
  }
})
