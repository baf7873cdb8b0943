import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { writeSimulation } from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

test('eval prints the protocol with the figures, and a page with pictures', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  await writeSimulation({ seed: 5, durationUs: 700_000 }, join(folder, 'a'))
  const html = join(folder, 'r.html')
  const args = ['eval', '--gt', folder, '--model', 'car-pilot', '--classes', 'car']
  const { code, stdout, stderr } = await saccade([...args, '--at', '0.2,0.5', '--html', html])
  t.is(code, 0, stderr)
  t.regex(stdout, /^prophesee: gen1, t > 0.5 s, .+; the set of the label's time; 101 points/)
  t.regex(stdout, /\nclass +labels +boxes +AP50 +AP75 +AP50:95\ncar +\d+ +\d+ +0\.\d{3}/)
  t.regex(stdout, /\nscore > 0.5, IoU > 0.5, boxes of every size: \d+ of \d+ labels found/)
  const page = readFileSync(html, 'utf8')
  t.regex(page, /<svg /)
  t.regex(page, /src="data:image\/png;base64,/)
  t.notRegex(page, /<script/)

  const json = await saccade([...args, '--json', '--protocol', 'ultralytics', '--shard', '1/1'])
  t.is(json.code, 0, json.stderr)
  const { schema, shard, protocol, model, recordings } = JSON.parse(json.stdout)
  t.is(schema, 'saccade-evaluation/1')
  t.is(shard, '1/1')
  t.regex(protocol, /^ultralytics: boxes of every size, moved into 304x240/)
  t.is(model.name, 'car-pilot')
  t.is(recordings[0].name, 'a')
})

test('wrong calls of eval are answered with a sentence and exit code 2', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  const gt = ['eval', '--gt', folder]
  const calls: [string[], RegExp][] = [
    [[...gt, '--dt', folder, '--shard', '3/2'], /--shard wants i\/n with i from 1 to n/],
    [[...gt, '--dt', folder, '--at', 'high'], /--at wants scores/],
    [
      [...gt, '--dt', folder, '--keep', folder],
      /--keep keeps what a model finds; it needs --model/,
    ],
    [gt, /an evaluation needs detections or a model, one of them/],
  ]
  for (const [args, sentence] of calls) {
    const { code, stderr } = await saccade(args)
    t.is(code, 2, stderr)
    t.regex(stderr, sentence)
  }
})
