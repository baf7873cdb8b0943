import { dirname } from 'node:path'
import test from 'ava'
import { writeDat } from '../../pipeline/index.js'
import { simulate } from '../../pipeline/simulate/simulate.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

/** A short simulated drive. */
async function drive(path: string): Promise<string> {
  const simulation = simulate({ seed: 3, durationUs: 300_000 })
  await using file = await writeDat(path, { geometry: simulation.geometry })
  for (const packet of simulation.packets()) await file.write(packet)
  await file.close()
  return path
}

test('each convolution is counted and priced by the rule, and binary accumulations count the same', async (t) => {
  const path = await drive(scratch(t, 'drive_td.dat'))
  const ran = await saccade(['profile', 'car-pilot', path, '--json'])
  t.is(ran.code, 0, ran.stderr)
  const { frames, layers, totals } = JSON.parse(ran.stdout)
  t.true(frames >= 5)
  t.is(layers.length, 27)
  const [stem, first] = layers
  t.deepEqual(
    [stem.layer, stem.reads, stem.shape, stem.kernel, stem.macs, stem.sops],
    ['stem', 'input', [16, 60, 76], [7, 7], 16 * 60 * 76 * 4 * 49, 0],
  )
  t.is(stem.energyPj, stem.macs * 4.6)
  t.deepEqual([first.layer, first.macs], ['s1.pair.c1', 16 * 60 * 76 * 16 * 9])
  t.is(first.energyPj, first.macs * first.mean * 0.9)
  t.is(first.annPj, first.macs * 4.6)
  // Only what falls into the padding is missing.
  t.true(first.sops > 0.95 * first.macs * first.mean && first.sops <= first.macs * first.mean)
  t.true(first.density > 0 && first.density <= first.mean)
  const sum = (key: string) =>
    layers.reduce((total: number, layer: Record<string, number>) => total + layer[key]!, 0)
  t.is(totals.sops, sum('sops'))
  t.is(totals.energyMj, sum('energyPj') / 1e9)
  t.is(totals.macs, 322_756_800)
  t.is(totals.ratio, sum('annPj') / sum('energyPj'))

  const binary = await saccade(['profile', 'car-pilot', path, '--json', '--binary'])
  t.is(binary.code, 0, binary.stderr)
  const sops = (list: { layer: string; sops: number }[]) => list.map((l) => [l.layer, l.sops])
  t.deepEqual(sops(JSON.parse(binary.stdout).layers), sops(layers))
})

test('the table ends with totals beside those of an ordinary network', async (t) => {
  const path = await drive(scratch(t, 'drive_td.dat'))
  const { code, stdout } = await saccade(['profile', 'car-pilot', path])
  t.is(code, 0)
  t.regex(
    stdout,
    /^layer +output +kernel +MMAC +density +mean +MSOP +sparse +ms +% time +GMAC\/s +uJ +ANN uJ\nstem +16x60x76 +7x7 /,
  )
  t.regex(
    stdout,
    /\nthe same convolutions in an ordinary network: 0\.323 GMAC, 1\.485 mJ, [\d.]+ times as much\n$/,
  )
  const none = await saccade(['profile', 'car-pilot', dirname(path)])
  t.is(none.code, 1)
  t.regex(none.stderr, /^saccade: [^\n]+\n/)
})
