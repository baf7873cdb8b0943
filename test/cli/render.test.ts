import { readFileSync } from 'node:fs'
import test from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

test('render makes a film of a recording: one picture a window, fewer when there are too many', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 200_000 }, scratch(t, 'drive'))
  const film = scratch(t, 'drive.gif')
  const slow = await saccade(['render', recording, '-o', film, '--rate', '0.5', '--scale', '1'])
  t.deepEqual([slow.code, slow.stdout], [0, `${film}: 4 pictures of 100 ms\n`], slow.stderr)
  const bytes = readFileSync(film)
  t.is(bytes.toString('latin1', 0, 6), 'GIF89a')
  t.deepEqual([bytes.readUInt16LE(6), bytes.readUInt16LE(8)], [304, 254])
  const fast = await saccade(['render', recording, '-o', film, '--rate', '5', '--json'])
  t.deepEqual(JSON.parse(fast.stdout), { output: film, pictures: 2, delayMs: 20 })

  const wrong = await saccade(['render', recording, '-o', 'drive.avi'])
  t.deepEqual([wrong.code, wrong.stdout], [2, ''])
  t.regex(
    wrong.stderr,
    /the ending of drive\.avi names no film\n {2}endings are \.png, \.gif, \.mp4/,
  )
  const self = await saccade(['render', recording, '-o', recording])
  t.is(self.code, 2)
  const odd = await saccade(['render', recording, '-o', film, '--scale', '2.5'])
  t.is(odd.stderr, 'saccade: --scale must be a whole number from 1 to 8, not 2.5\n')
})
