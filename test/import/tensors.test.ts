// Tensors of a checkpoint out of their storages: what a view may be, and what it may not claim.
import test from 'ava'
import { StorageRef, TensorRef } from '../../models/import/pickle.js'
import { TensorReader } from '../../models/import/tensors.js'
import { StoredZip } from '../../models/import/zip.js'
import { makeZip } from '../support/make-zip.js'

const numbers = Float32Array.from({ length: 60 }, (_, i) => i)
const reader = () =>
  new TensorReader(new StoredZip(makeZip([['a/data/0', new Uint8Array(numbers.buffer)]])), 'a')
const view = (offset: number, size: number[], stride: number[]) =>
  new TensorRef(new StorageRef('FloatStorage', '0', numbers.length), offset, size, stride)

test('the stride of an axis of one means nothing, however large it is', (t) => {
  const huge = Number.MAX_SAFE_INTEGER
  const wanted = Float32Array.from({ length: 20 }, (_, i) => 3 * i)
  t.deepEqual(reader().read('w', view(0, [20, 1], [3, huge])), wanted)
  t.deepEqual(reader().read('w', view(0, [1, 20, 1], [huge, 3, huge])), wanted)
  t.deepEqual(reader().read('w', view(2, [1, 1], [huge, huge])), Float32Array.of(2))
})

test('views that reach out of their storage or repeat it are refused', (t) => {
  const huge = Number.MAX_SAFE_INTEGER
  for (const [offset, size, stride] of [
    [0, [61], [1]],
    [1, [60], [1]],
    [huge, [1], [1]],
    [0, [2, 2], [huge, 1]],
    [0, [huge, huge, huge], [huge, huge, huge]],
    [0, [61, 2], [0, 0]],
    [0, [0], [1]],
  ] as const)
    t.throws(() => reader().read('w', view(offset, [...size], [...stride])), {
      code: 'ERR_MODEL',
      message: /^"w" \[.*\] does not fit its storage of 60 elements$/,
    })
})

test('weights that share a storage cannot be more than the file', (t) => {
  const shared = reader()
  const whole = view(0, [60], [1])
  shared.read('first', whole)
  const times = Math.floor(shared.archive.size / numbers.byteLength)
  for (let i = 1; i < times; i++) shared.read('again', whole)
  t.throws(() => shared.read('once too often', whole), {
    code: 'ERR_MODEL',
    message: 'its tensors share their storages: together they are larger than the file',
  })
})
