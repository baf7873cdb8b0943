import { readFileSync } from 'node:fs'
import test from 'ava'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

test('detect finds the passing car of the real scene at the labels and draws every window', async (t) => {
  const recording = sharedPath('recordings/atis/car_passing_td.dat')
  const labels = sharedPath('recordings/atis/car_passing_bbox_handdrawn.npy')
  if (!recording || !labels) return skipWithout(t, 'no shared recordings')
  const picture = scratch(t, 'windows.png')
  const model = ['--model', 'car-pilot']
  const args = ['detect', recording, '--labels', labels, '-o', picture, '--json', ...model]
  const { code, stdout, stderr } = await saccade(args)
  t.is(stderr, '')
  t.is(code, 0)
  const { sets, matches } = JSON.parse(stdout)
  t.is(sets.length, 33)
  t.deepEqual(matches, { found: 26, missed: 7, other: 7 })
  t.is(readFileSync(picture).toString('latin1', 1, 4), 'PNG')
})

test('detect looks at the window that ends at the time asked for', async (t) => {
  const recording = sharedPath('recordings/gen1/driving_td.dat')
  if (!recording) return skipWithout(t, 'no shared recordings')
  const picture = scratch(t, 'window.png')
  const run = (...at: string[]) =>
    saccade(['detect', recording, '--at', ...at, '-o', picture, '--json'])
  const { sets } = JSON.parse((await run('21460000', '+200ms')).stdout)
  t.is(sets[0].tStart, 21_410_000)
  t.is(sets[0].tEnd, 21_460_000)
  t.is(sets[1].tEnd, 20_720_003)
  const { code, stderr } = await run('soon')
  t.is(code, 2)
  t.regex(stderr, /^saccade: "soon" is no time\n/)
})
