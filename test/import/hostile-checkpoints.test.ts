// Files that lie. Each must be refused with one sentence, soon, and without memory taken for what it claims.
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { importSpikeYolo } from '../../models/index.js'
import { SaccadeError } from '../../pipeline/errors.js'
import {
  archive,
  makeCheckpoint,
  moduleTree,
  PickledObject,
  PickleWriter,
  type StoredTensor,
} from '../support/make-checkpoint.js'
import { makeSpikeYolo } from '../support/make-spikeyolo.js'
import { makeZip } from '../support/make-zip.js'

const network = () =>
  makeSpikeYolo({
    seed: 1,
    channels: [2, 2, 2, 2],
    repeats: [1, 1, 1, 1],
    classes: 1,
    ratio: 1,
    neck: [2, 2, 2],
    head: [2, 2],
  })
const options = { variant: 'coco', size: { width: 32, height: 32 } } as const

function refused(t: ExecutionContext, bytes: Uint8Array, message: RegExp) {
  return t.throwsAsync(importSpikeYolo(bytes, { ...options, file: 'bad.pt' }), {
    instanceOf: SaccadeError,
    code: 'ERR_MODEL',
    message: new RegExp(`^bad\\.pt: ${message.source}`),
  })
}

const pickle = (write: (p: PickleWriter) => void) => {
  const writer = new PickleWriter()
  write(writer)
  return archive(writer.bytes(), writer.storages)
}

test('what is no archive of torch is refused', async (t) => {
  await refused(t, new Uint8Array(), /this is no PyTorch file, or it is cut off/)
  await refused(t, new Uint8Array(100_000), /this is no PyTorch file, or it is cut off/)
  await refused(t, makeZip([['readme', Buffer.from('hi')]]), /this is no PyTorch file: the archive/)
  const script = makeZip([
    ['a/data.pkl', Buffer.from('')],
    ['a/constants.pkl', Buffer.from('')],
  ])
  await refused(t, script, /this is a TorchScript archive/)
  const two = makeZip([
    ['a/data.pkl', Buffer.from('')],
    ['b/data.pkl', Buffer.from('')],
  ])
  await refused(t, two, /this is no PyTorch file/)
  const big = makeZip([
    ['a/data.pkl', Buffer.from('')],
    ['a/byteorder', Buffer.from('big')],
  ])
  await refused(t, big, /its numbers are big-endian/)
})

test('tricks with the archive are seen through', async (t) => {
  const data = Buffer.from('0123456789')
  const zip = (...args: Parameters<typeof makeZip>) => makeZip(...args)
  const at = 'a/data.pkl'
  await refused(t, zip([[at, data, { method: 8 }]]), /the entry "a\/data\.pkl" is compressed/)
  await refused(t, zip([[at, data, { flags: 1 }]]), /the entry "a\/data\.pkl" is encrypted/)
  await refused(t, zip([[at, data, { checksum: 1 }]]), /the entry "a\/data\.pkl" is damaged/)
  await refused(t, zip([[at, data, { size: 1e9 }]]), /the entry .* claims 1000000000 bytes/)
  await refused(t, zip([[at, data, { size: 0xffffffff }]]), /the entry .* lacks its 64-bit sizes/)
  await refused(t, zip([[at, data, { localName: 'b/data.pkl' }]]), /the local header of the entry/)
  await refused(t, zip([[at, data, { offset: 7 }]]), /the entry .* has no local header at byte 7/)
  await refused(
    t,
    zip([
      [at, data],
      [at, data],
    ]),
    /the archive has two entries named "a\/data\.pkl"/,
  )
  await refused(
    t,
    zip([
      [at, data],
      ['a/version', data, { offset: 0, localName: at }],
    ]),
    /the local header of the entry "a\/version" contradicts/,
  )
  await refused(
    t,
    zip([
      [at, Buffer.alloc(100), { size: 200 }],
      ['a/data/0', Buffer.alloc(200)],
    ]),
    /the entries "a\/data\.pkl" and "a\/data\/0" overlap/,
  )
  await refused(t, zip([[at, data]], { entries64: 9 }), /the two end records .* contradict/)
  await refused(
    t,
    zip([[at, data]], { entries: 0xffff, entries64: 2 ** 40 }),
    /the archive claims 1099511627776 entries in a directory of/,
  )
  await refused(t, zip([[at, data]], { at64: 5 }), /the two end records .* contradict/)
})

test('pickles that would run code make inert records, and what is left is no network', async (t) => {
  const system = pickle((p) =>
    p.global('os system').raw(0x28).value('touch /tmp/x').raw(0x74, 0x52),
  )
  await refused(t, system, /it is no SpikeYOLO network|the model has no SpikeYOLO neurons/)
  const evil = new PickledObject('builtins eval', { _modules: {} })
  await refused(t, makeCheckpoint({ model: evil }), /the model has no SpikeYOLO neurons/)
  // A bomb beside the weights is not even looked at.
  const dict = new Map<string, unknown>(network())
  dict.set('bomb', new PickledObject('os system', {}))
  await t.notThrowsAsync(importSpikeYolo(makeCheckpoint(dict), options))
})

test('broken and endless pickles are refused at their byte', async (t) => {
  const bytes = (...raw: number[]) => archive(Uint8Array.from([0x80, 2, ...raw]))
  await refused(t, bytes(), /its pickle is cut off \(byte 2\)/)
  await refused(t, bytes(0x2e), /its pickle takes a value where there is none/)
  await refused(t, bytes(0x74), /its pickle goes back to a mark/)
  await refused(t, bytes(0x68, 9), /its pickle recalls 9, which it has not remembered/)
  await refused(t, bytes(0x58, 255, 255, 255, 255), /its pickle is cut off/)
  await refused(t, bytes(0x4e, 0x4e, 0x2e), /its pickle leaves values over/)
  await refused(t, bytes(0x4e, 0x62), /its pickle gives a state to something/)
  await refused(t, bytes(0x4e, 0x4e, 0x52), /its pickle calls something that is no class/)
  await refused(t, bytes(0x4e, 0x51), /its pickle has a persistent id that is no storage/)
  await refused(t, bytes(0x69), /its pickle has the operation 0x69/)
  await refused(t, archive(Uint8Array.of(0x80, 4)), /its pickle is of protocol 4/)
  await refused(t, bytes(...new Array(5000).fill(0x28)), /its pickle nests too deeply/)
  const many = Buffer.alloc(1_000_003, 0x7d)
  many.set([0x80, 2])
  await refused(t, archive(many), /its pickle makes more than 1000000 objects/)
  const memos = Buffer.alloc(3 + 5 * 1_000_001, 0x72)
  memos.set([0x80, 2, 0x4e])
  for (let i = 0; i <= 1_000_000; i++) memos.writeUInt32LE(i, 4 + 5 * i)
  await refused(t, archive(memos), /its pickle remembers more than 1000000 values/)
  // A place in the memo far out takes no memory; a list that doubles itself by reference stays small.
  const far = [0x5d, 0x72, 255, 255, 255, 255]
  await refused(t, bytes(...far, 0x2e), /it holds neither a state dict nor a checkpoint/)
  const laughs = [0x5d, 0x71, 0]
  for (let i = 0; i < 60; i++) laughs.push(0x5d, 0x68, i, 0x61, 0x68, i, 0x61, 0x71, i + 1)
  await refused(t, bytes(...laughs, 0x2e), /its pickle leaves values over/)
})

test('modules that contain each other are refused', async (t) => {
  // A module whose _modules hold the module itself.
  const loop = pickle((p) =>
    p
      .global('torch.nn Module')
      .raw(0x29, 0x81, 0x71, 200, 0x7d, 0x28)
      .value('_modules')
      .raw(0x7d, 0x28)
      .value('self')
      .raw(0x68, 200, 0x75, 0x75, 0x62),
  )
  await refused(t, loop, /its modules contain each other without end/)
})

test('a small graph of modules that is a large tree is refused soon', async (t) => {
  // 10,000 ways to one module with 100,000 parameters that are none.
  const write = (p: PickleWriter, level: number) => {
    p.global('torch.nn Module').raw(0x29, 0x81, 0x7d, 0x28)
    if (level === 0) {
      p.value('_parameters').raw(0x7d, 0x28)
      for (let i = 0; i < 100_000; i++) p.raw(0x4a, i & 255, (i >> 8) & 255, i >> 16, 0, 0x4e)
    } else {
      p.value('_modules').raw(0x7d, 0x28).value('child')
      write(p, level - 1)
      for (let i = 1; i < 10; i++) p.value(`child${i}`).raw(0x68, 200 + level - 1)
    }
    p.raw(0x75, 0x75, 0x62, 0x71, 200 + level)
  }
  const tree = pickle((p) => write(p, 4))
  await refused(t, tree, /its modules contain each other without end/)
})

test('tensors that claim more than their storage holds are refused', async (t) => {
  const change = (name: string, change: Partial<StoredTensor>) => {
    const tensors = network()
    tensors.set(name, { ...tensors.get(name)!, ...change })
    return makeCheckpoint(tensors)
  }
  const one = 'model.1.encode_bn.weight'
  await refused(t, change(one, { shape: [2, 0] }), /"model\.1\.encode_bn\.weight" is \[2, 0\]/)
  await refused(t, change(one, { data: Float32Array.of(1) }), /".*" \[2\] does not fit its storage/)
  await refused(t, change(one, { data: Float32Array.of(1, NaN) }), /".*" holds NaN or infinity/)
  await refused(t, change(one, { shape: [3] }), /".*" is \[3\]; \[2\] fits its place/)
  const variance = 'model.1.encode_bn.running_var'
  await refused(
    t,
    change(variance, { data: Float32Array.of(1, -1) }),
    /the normalisation .* not pos/,
  )
  const bins = 'model.26.dfl.conv.weight'
  await refused(t, change(bins, { data: new Float32Array(16) }), /".*" is not 0, 1, …, 15/)
  const expanded = pickle((p) => {
    p.raw(0x7d, 0x28).value('x')
    p.global('torch._utils _rebuild_tensor_v2').raw(0x28, 0x28).value('storage')
    p.global('torch FloatStorage').value('0').value('cpu').value(1).raw(0x74, 0x51)
    p.value(0).value([65536, 65536]).value([0, 0]).value(false).value({}).raw(0x74, 0x52, 0x75)
  })
  await refused(t, expanded, /it is no SpikeYOLO network/)
})

test('other networks, old layouts and tensors left over are refused', async (t) => {
  const without = network()
  without.delete('model.9.cv1.conv.weight')
  await refused(t, makeCheckpoint(without), /it has no tensor "model\.9\.cv1\.conv\.weight"/)
  const more = network()
  more.set('model.27.conv.weight', more.get('model.10.conv.weight')!)
  await refused(t, makeCheckpoint(more), /it has 1 tensors that SpikeYOLO's layout does not have/)
  const old = network()
  old.set('model.2.Conv.pwconv3.body.1.0.weight', {
    shape: [4, 1, 3, 3],
    data: new Float32Array(36),
  })
  old.set('model.2.Conv.pwconv3.body.1.2.weight', {
    shape: [2, 4, 1, 1],
    data: new Float32Array(8),
  })
  await refused(t, makeCheckpoint(old), /it has the layout from before 2024-10-08/)
  await refused(t, makeCheckpoint({ a: 1 }), /it holds no tensors/)
  const yolo = new Map([['model.0.conv.weight', network().get('model.10.conv.weight')!]])
  await refused(t, makeCheckpoint(yolo), /it is no SpikeYOLO network/)
  const nothing = moduleTree(new Map(), () => ({ type: 'torch.nn Module' }))
  await refused(t, makeCheckpoint(nothing), /the model has no SpikeYOLO neurons/)
})

test('a damaged file gives the same network or one sentence, never anything else', async (t) => {
  const good = makeCheckpoint(network())
  const pickled = new PickleWriter()
  pickled.value(network())
  const body = pickled.bytes()
  let accepted = 0
  const tryOne = async (bytes: Uint8Array) => {
    try {
      await importSpikeYolo(bytes, options)
      accepted++
    } catch (error) {
      t.true(error instanceof SaccadeError, String((error as Error).stack))
      t.false((error as Error).message.includes('\n'))
    }
  }
  const flips = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  })
  // Flips inside the pickle get a right checksum, so that the pickle machine sees them.
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const copy = Uint8Array.from(body)
      for (const [at, value] of changes) copy[at] = value
      await tryOne(archive(copy, pickled.storages))
    }),
    { numRuns: 150, seed: 9 },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(2000), fc.nat(255), async (back, value) => {
      const copy = Uint8Array.from(good)
      copy[copy.length - 1 - back] = value
      await tryOne(copy)
      await tryOne(good.subarray(0, good.length - back))
    }),
    { numRuns: 100, seed: 9 },
  )
  t.log(`${accepted} damaged files still gave a network`)
})
