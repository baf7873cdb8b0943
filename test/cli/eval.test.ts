import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { writeDat, writeLabels, writeSimulation } from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { packetOf } from '../support/packets.js'
import { saccade } from '../support/program.js'

test('eval prints the protocol with the figures, and a page with pictures', async (t) => {
  const folder = scratch(t, 'set')
  mkdirSync(folder)
  await writeSimulation({ seed: 5, durationUs: 700_000 }, join(folder, 'a'))
  const html = join(folder, 'r.html')
  const png = join(folder, 'f.png')
  const args = ['eval', '--gt', folder, '--model', 'car-pilot', '--classes', 'car']
  const { code, stdout, stderr } = await saccade([
    ...args,
    '--at',
    '0.2,0.5',
    '--html',
    html,
    '--failures',
    png,
  ])
  t.is(code, 0, stderr)
  t.regex(stdout, /^prophesee: gen1, t > 0.5 s, .+; the set of the label's time; 101 points/)
  t.regex(stdout, /\nclass +labels +boxes +AP50 +AP75 +AP50:95\ncar +\d+ +\d+ +0\.\d{3}/)
  t.regex(stdout, /\nscore > 0.5, IoU > 0.5, boxes of every size: \d+ of \d+ labels found/)
  const page = readFileSync(html, 'utf8')
  t.regex(page, /<svg /)
  t.regex(page, /src="data:image\/png;base64,/)
  t.notRegex(page, /<script/)
  const picture = readFileSync(png)
  t.true(picture.readUInt32BE(16) >= 2 * 304 && picture.readUInt32BE(20) >= 2 * 240)

  const json = await saccade([...args, '--json', '--protocol', 'ultralytics', '--shard', '1/1'])
  t.is(json.code, 0, json.stderr)
  const { schema, shard, protocol, model, recordings } = JSON.parse(json.stdout)
  t.is(schema, 'saccade-evaluation/1')
  t.is(shard, '1/1')
  t.regex(protocol, /^ultralytics: boxes of every size, moved into 304x240/)
  t.is(model.name, 'car-pilot')
  t.is(recordings[0].name, 'a')
})

test('eval --against prints both sides, the difference and its interval', async (t) => {
  const folder = scratch(t, 'set')
  const half = join(folder, 'half')
  mkdirSync(half, { recursive: true })
  const boxes = Array.from({ length: 30 }, (_, i) => ({
    ...{ t: 600_000 + 100_000 * i, x: 20, y: 20, w: 40, h: 40 },
    ...{ classId: 0, confidence: 1, trackId: 0 },
  }))
  await writeLabels(join(folder, 'a_bbox.npy'), boxes)
  await writeLabels(join(folder, 'a_dt.npy'), boxes)
  await writeLabels(join(half, 'a_dt.npy'), boxes.slice(15))
  const args = ['eval', '--gt', folder, '--dt', folder, '--against', half, '--rounds', '200']
  const { code, stdout, stderr } = await saccade(args)
  t.is(code, 0, stderr)
  t.regex(stdout, /^prophesee: gen1, t > 0.5 s/)
  t.regex(stdout, /\npaired bootstrap: 200 rounds, seed 1; each draws 30 of the 30 label times/)
  t.regex(stdout, /\nA +\S+ +1\.0000 +1\.0000\nB +\S+half +0\.5050 +0\.5050\nA - B +\+0\.4950/)
  t.regex(stdout, /\n +95 % of the rounds +\+0\.\d{4} … \+0\.\d{4}/)
  t.regex(stdout, /\n +rounds in which A is worse +0\.0 % +0\.0 %\n$/)
  const json = await saccade([...args, '--json', '--seed', '3'])
  const { schema, seed, difference, compared } = JSON.parse(json.stdout)
  t.deepEqual([schema, seed], ['saccade-comparison/1', 3])
  t.deepEqual(compared, [{ name: folder }, { name: half }])
  t.is(difference.ap50.worse, 0)
})

test('eval --patches prints how well cars are told from the rest', async (t) => {
  const folder = scratch(t, 'set')
  for (const [i, name] of ['cars', 'background'].entries()) {
    mkdirSync(join(folder, name), { recursive: true })
    await using file = await writeDat(join(folder, name, 'a.dat'), {
      geometry: { width: 60, height: 40 },
    })
    await file.write(packetOf([{ t: i, x: 5, y: 5, p: 1 }]))
    await file.close()
  }
  const args = ['eval', '--patches', folder, '--model', 'car-pilot']
  const { code, stdout, stderr } = await saccade(args)
  t.is(code, 0, stderr)
  t.regex(stdout, /^patches: middle of each patch .+; no train folder, so no threshold/)
  t.regex(stdout, /\npatches +cars +background +AUC\ntest +1 +1 +0\.5000\n$/)
  const other = scratch(t, 'train')
  cpSync(folder, other, { recursive: true })
  const json = await saccade([...args, '--train', other, '--json'])
  const { schema, model, told, train } = JSON.parse(json.stdout)
  t.deepEqual([schema, model.name], ['saccade-classification/1', 'car-pilot'])
  t.like(told, { accuracy: 0.5, truePositives: 1, falsePositives: 1 })
  t.like(train, { cars: 1, background: 1, auc: 0.5 })
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
    [['eval', '--dt', folder], /eval needs --gt with labels, or --patches/],
    [[...gt, '--dt', folder, '--rounds', '9'], /--rounds and --seed are for --against/],
    [[...gt, '--dt', folder, '--train', folder], /--train chooses the threshold for --patches/],
    [['eval', '--patches', folder], /--patches needs --model/],
    [[...gt, '--patches', folder], /'--patches <folder>' cannot be used with option '--gt/],
    [
      [...gt, '--model', 'car', '--against', folder, '--keep', folder],
      /'--against <folder>' cannot be used with option '--keep/,
    ],
  ]
  for (const [args, sentence] of calls) {
    const { code, stderr } = await saccade(args)
    t.is(code, 2, stderr)
    t.regex(stderr, sentence)
  }
})
