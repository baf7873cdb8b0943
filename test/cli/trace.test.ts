import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { encodeTensors, loadTensors, type Tensor } from '../../pipeline/tensors/safetensors.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const sample = sharedPath('pilot/sample.safetensors')
const runtime = await import('onnxruntime-node' as string).catch(() => undefined)
const ON_SAMPLE = ['trace', 'car-pilot', '--input', sample ?? '', '--tensor', 'frames']

test('the recorded window of the pilot gives its recorded spikes, in the layout of records', async (t) => {
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  const out = scratch(t, 'out.safetensors')
  const { code, stdout } = await saccade([...ON_SAMPLE, '-o', out, '--heads', '--nms', 'predict'])
  t.is(code, 0)
  t.is(stdout, `1 sample, 26 neuron layers, 1,313,280 values, 211,669 spikes\n${out}\n`)
  const { tensors, metadata } = await loadTensors(out)
  const recorded = (await loadTensors(sample)).tensors
  // Nothing of the machine: the same spikes are the same file everywhere.
  t.deepEqual(Object.keys(metadata).sort(), ['model', 'sha256'])
  t.is(metadata.model, 'car-pilot')
  let layers = 0
  for (const [name, { shape, data }] of tensors) {
    const wanted = recorded.get(`spikes/${name}`)
    if (wanted === undefined) continue
    layers += 1
    t.deepEqual(shape, [1, ...wanted.shape], name)
    t.deepEqual(data, wanted.data, name)
  }
  t.is(layers, 26)
  t.deepEqual(tensors.get('feat0')!.shape, [1, 65, 30, 38])
  t.deepEqual(tensors.get('feat1')!.data, recorded.get('p4')!.data)
  t.deepEqual(tensors.get('y')!.shape, [1, 5, 30 * 38 + 15 * 19])
  t.is(tensors.get('nms_predict')!.shape[1], 6)
})

test('a first differing value is named with layer, index and both values, and the exit code is 1', async (t) => {
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  const out = scratch(t, 'out.safetensors')
  t.is((await saccade([...ON_SAMPLE, '-o', out])).code, 0)
  const same = await saccade([...ON_SAMPLE, '--compare', out])
  t.is(same.code, 0)
  t.regex(same.stdout, /compared with .*: 26 tensors, 1,313,280 values, none differs\n/)

  const { tensors } = await loadTensors(out)
  const [, layer] = [...tensors.keys()]
  const { shape, data } = tensors.get(layer!)!
  const [, , channels, height, width] = shape as [number, number, number, number, number]
  const at = (channels - 1) * height * width + 2 * width + 5
  const before = Number(data[at])
  data[at] = 7
  data[at + 1] = 7
  writeFileSync(out, encodeTensors(tensors))
  const other = await saccade([...ON_SAMPLE, '--compare', out, '--json'])
  t.is(other.code, 1)
  t.is(
    other.stderr,
    `saccade: ${layer} [0, 0, ${channels - 1}, 2, 5] is ${before} here and 7 in ${out}\n`,
  )
  const [compared] = JSON.parse(other.stdout).compared
  t.deepEqual(
    [compared.differingTensors, compared.differingValues, compared.first.index],
    [1, 2, [0, 0, channels - 1, 2, 5]],
  )
})

test('binary accumulations and onnxruntime give the bytes of the engine', async (t) => {
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  const binary = await saccade([...ON_SAMPLE, '--binary', '--json', '--heads'])
  t.is(binary.code, 0, binary.stderr)
  const { sops, sopsPerLayer, compared } = JSON.parse(binary.stdout)
  t.is(sops, 42_995_854)
  t.is(Object.keys(sopsPerLayer).length, 26)
  t.deepEqual([compared[0].tensors, compared[0].differingValues], [29, 0])
  if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
  const onnx = await saccade([...ON_SAMPLE, '--backend', 'onnx', '--heads', '--nms', 'val'])
  t.is(onnx.code, 0, onnx.stderr)
  t.regex(onnx.stdout, /compared with the native engine: 30 tensors, [\d,]+ values, none differs/)
})

test('samples run one after another: a picture, and both ranks of two of them', async (t) => {
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  const { tensors } = await loadTensors(sample)
  const frames = tensors.get('frames')!
  const counts = Uint8Array.from(frames.data as Float32Array, (value) => value * 4)
  const empty = new Uint8Array(counts.length)
  const two = Buffer.concat([empty, counts])
  const path = scratch(t, 'input.safetensors')
  const file = new Map<string, Tensor>([
    ['pictures', { dtype: 'U8', shape: [2, 4, 240, 304], data: two }],
    ['windows', { dtype: 'U8', shape: [2, 1, 4, 240, 304], data: two }],
    ['floats', { dtype: 'F32', shape: [1, 1, 4, 240, 304], data: frames.data }],
    [
      'halves',
      { dtype: 'F32', shape: [1, 4, 240, 304], data: Float32Array.from(counts, (x) => x / 8) },
    ],
  ])
  writeFileSync(path, encodeTensors(file))
  const run = async (tensor: string) => {
    const out = join(path, '..', `${tensor}.safetensors`)
    const ran = await saccade([
      'trace',
      'car-pilot',
      '--input',
      path,
      '--tensor',
      tensor,
      '-o',
      out,
    ])
    t.is(ran.code, 0, ran.stderr)
    return (await loadTensors(out)).tensors
  }
  const [pictures, windows, single] = [
    await run('pictures'),
    await run('windows'),
    await run('floats'),
  ]
  t.deepEqual(pictures, windows)
  for (const [name, { shape, data }] of single) {
    const both = pictures.get(name)!
    t.deepEqual(both.shape, [1, 2, ...shape.slice(2)])
    t.deepEqual((both.data as Uint8Array).slice(data.length), data as Uint8Array, name)
  }
  const halves = await saccade(['trace', 'car-pilot', '--input', path, '--tensor', 'halves'])
  t.is(halves.code, 2)
  t.regex(halves.stderr, /^saccade: value \d+ of "halves" is 0\.125, no whole multiple/)
})

test('wrong calls are answered in one sentence', async (t) => {
  if (sample === undefined) return skipWithout(t, 'shared/pilot is not here')
  for (const [args, says] of [
    [
      ['--tensor', 'p3'],
      /"p3" is F32 \[1, 65, 30, 38\]; car-pilot takes \[B, 1, 4, 240, 304\], or/,
    ],
    [['--tensor', 'x'], /holds no tensor "x"\n {2}it holds boxes, /],
    [[], /holds \d+ tensors; --tensor says which/],
    [['--tensor', 'frames', '--nms', 'all'], /'all' is invalid\. Allowed choices are val, predict/],
    [['--tensor', 'frames', '--compare', sample], /holds no tensor of this trace/],
    [
      ['--tensor', 'frames', '--teacher', '/nowhere'],
      /nowhere\/spikes\.safetensors: there is no such file/,
    ],
    [['--tensor', 'frames', '--threads', 'two'], /threads must be a whole number/],
  ] as const) {
    const { code, stdout, stderr } = await saccade([
      'trace',
      'car-pilot',
      '--input',
      sample,
      ...args,
    ])
    t.is(code, /nowhere/.test(stderr) ? 1 : 2, stderr)
    t.is(stdout, '')
    t.regex(stderr, says)
    t.regex(stderr, /^saccade: [^\n]+\n( {2}[^\n]+\n)?$/)
  }
})
