// What a .pt file may look like: pickled models of both variants, float16, strides, and what they say beside their weights.
import test from 'ava'
import { compile, importSpikeYolo } from '../../models/index.js'
import { makeCheckpoint, moduleTree, type StoredTensor } from '../support/make-checkpoint.js'
import { makeSpikeYolo } from '../support/make-spikeyolo.js'

const tensors = makeSpikeYolo({
  seed: 3,
  channels: [4, 4, 6, 8],
  repeats: [1, 2, 1, 1],
  classes: 2,
  ratio: 2,
  neck: [6, 4, 4],
  head: [4, 6],
})
const size = { width: 32, height: 64 }
const yolo = 'ultralytics.nn.modules.yolo_spikformer'
const lif = { tau: 2.5, decay_input: true, _memories: { v: 0, v_threshold: 1, v_reset: null } }

/** Modules that own no tensors. */
const neurons = ['model.3.encode_lif', 'model.26.dfl.lif', 'model.0']

function model(
  variant: 'gen1' | 'coco',
  state: Record<string, unknown> = {},
  { eps = 1e-3, steps = 4, tau = lif.tau } = {},
) {
  const describe = (name: string) => {
    if (name === '') return { type: 'ultralytics.nn.tasks DetectionModel', state }
    if (name === 'model.0') return { type: `${yolo} MS_GetT`, state: { T: steps } }
    if (name.endsWith('lif'))
      return variant === 'coco'
        ? { type: `${yolo} mem_update` }
        : { type: 'spikingjelly.clock_driven.neuron MultiStepLIFNode', state: { ...lif, tau } }
    if (tensors.has(`${name}.running_mean`))
      return { type: 'torch.nn.modules.batchnorm BatchNorm2d', state: { eps } }
    return { type: 'torch.nn.modules.container Sequential' }
  }
  return moduleTree(tensors, describe, neurons)
}

const read = (bytes: Uint8Array, options = {}) => importSpikeYolo(bytes, { size, ...options })
const plain = () => read(makeCheckpoint(tensors), { variant: 'coco', timesteps: 4 })

test('a pickled model of the COCO variant says its neurons, steps and classes, and gives the same network', async (t) => {
  const names = { 0: 'one', 1: 'two' }
  const { onnx, report } = await read(
    makeCheckpoint({ epoch: 3, ema: null, model: model('coco', { names: numbered(names) }) }),
  )
  t.like(report, { variant: 'coco', timesteps: 4, source: '`model` of a checkpoint' })
  t.deepEqual(report.classes, ['one', 'two'])
  const { plan } = compile(onnx, { file: 'a', name: 'a' })
  const { plan: wanted } = compile((await plain()).onnx, { file: 'b', name: 'b' })
  t.deepEqual(plan.weights, wanted.weights)
  t.deepEqual(plan.ops, wanted.ops)
  t.is(plan.window.timeOrder, 'oldest-first')
})

test('a pickled model of the Gen1 variant gives the tau of its neurons, and ema goes before model', async (t) => {
  const zeros = new Map<string, StoredTensor>(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => 0) }]),
  )
  const { onnx, report } = await read(makeCheckpoint({ model: zeros, ema: model('gen1') }))
  t.like(report, { variant: 'gen1', timesteps: 2, source: '`ema` of a checkpoint' })
  const { plan } = compile(onnx, { file: 'a', name: 'a' })
  for (const op of plan.ops) if (op.op === 'neuron') t.like(op, { form: 'tau', constant: 2.5 })
  t.true(plan.weights.get('model.10.conv.weight')!.some((w) => w !== 0))
})

test('eps comes from the pickled normalisations', async (t) => {
  const eps = 0.5
  const { onnx } = await read(makeCheckpoint(model('coco', {}, { eps })), { timesteps: 4 })
  const { plan } = compile(onnx, { file: 'a', name: 'a' })
  const { plan: other } = compile((await plain()).onnx, { file: 'b', name: 'b' })
  t.is(plan.exact, 'no')
  t.notDeepEqual(plan.weights.get('model.10.conv.bias'), other.weights.get('model.10.conv.bias'))
})

test('steps and tau that no network has are refused before anything is made of them', async (t) => {
  const refused = (file: ReturnType<typeof model>, message: RegExp) =>
    t.throwsAsync(read(makeCheckpoint(file)), { code: 'ERR_MODEL', message })
  for (const steps of [0, -1, 0.5, 65, 1e9])
    await refused(
      model('coco', {}, { steps }),
      new RegExp(`: it repeats a picture for ${steps} steps; 1 to 64 are read$`),
    )
  for (const tau of [0, 0.5, -2, Number.NaN, Number.POSITIVE_INFINITY])
    await refused(model('gen1', {}, { tau }), /: the neuron model\.\S+lif has tau = /)
})

test('float16 tensors and swapped strides are read as what they mean', async (t) => {
  const stored = new Map<string, StoredTensor>(
    [...tensors].map(([name, tensor]) => {
      if (name.endsWith('conv.weight') && !name.includes('dfl'))
        return [name, { ...tensor, half: true, transposed: true }]
      return [name, tensor]
    }),
  )
  const { onnx } = await read(makeCheckpoint(stored), { variant: 'coco', timesteps: 4 })
  t.is(Buffer.compare(onnx, (await plain()).onnx), 0)
})

test('options that do not fit the file or the network are refused with a sentence', async (t) => {
  const refused = (bytes: Uint8Array, options: object, message: RegExp) =>
    t.throwsAsync(read(bytes, options), { code: 'ERR_ARGUMENT', message })
  const dict = makeCheckpoint(tensors)
  await refused(dict, {}, /^checkpoint: a state dict does not say which neurons/)
  await refused(dict, { variant: 'gen2' }, /^there is no variant "gen2"/)
  await refused(dict, { timesteps: 65 }, /^timesteps must be a whole number from 1 to 64, not 65$/)
  await refused(dict, { size: { width: 320, height: 240 } }, /multiples of 32 up to 8192, not 240$/)
  await refused(dict, { inputScale: 0 }, /^the input scale must be above 0/)
  await refused(
    dict,
    { variant: 'coco', classes: ['car'] },
    /: 1 class names are given; the network has 2 classes$/,
  )
  await refused(
    makeCheckpoint(model('gen1')),
    { variant: 'coco' },
    /: its neurons are those of the gen1 variant, not of coco$/,
  )
})

/** Keys that are numbers in Python too. */
function numbered(names: Record<number, string>): Map<number, string> {
  return new Map(Object.entries(names).map(([key, name]) => [Number(key), name]))
}
