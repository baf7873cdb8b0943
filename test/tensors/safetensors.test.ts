import test from 'ava'
import fc from 'fast-check'
import { encodeTensors, parseTensors, type Tensor } from '../../pipeline/tensors/safetensors.js'

const meant = { what: 'safetensors file', code: 'ERR_FORMAT' } as const
const tensors = new Map<string, Tensor>([
  ['spikes', { dtype: 'U8', shape: [1, 3], data: Uint8Array.of(1, 2, 4) }],
  ['currents', { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, -3) }],
  ['none', { dtype: 'F32', shape: [0, 6], data: new Float32Array() }],
  ['stamps', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 40n)) }],
])
const bytes = encodeTensors(tensors, { model: 'x' })

test('tensors survive their file, empty ones and metadata included, also at an odd address', (t) => {
  const odd = new Uint8Array(bytes.length + 1)
  odd.set(bytes, 1)
  for (const file of [bytes, odd.subarray(1)]) {
    const read = parseTensors(file, meant)
    t.deepEqual(read.metadata, { model: 'x' })
    t.deepEqual(new Map([...read.tensors].sort()), new Map([...tensors].sort()))
  }
})

test('the header ends at a multiple of 8 bytes and each tensor is aligned to its numbers', (t) => {
  t.is(Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)) % 8, 0)
  const order = [...parseTensors(bytes, meant).tensors.keys()]
  t.deepEqual(order, ['stamps', 'currents', 'none', 'spikes'])
})

test('a file that is cut, packed or damaged is refused with a sentence and never read outside', (t) => {
  const gzip = Buffer.concat([Buffer.of(0x1f, 0x8b), bytes])
  t.throws(() => parseTensors(gzip, meant), { code: 'ERR_FORMAT', message: /packed with gzip/ })
  for (let length = 0; length < bytes.length; length++)
    t.throws(() => parseTensors(bytes.subarray(0, length), meant), { code: 'ERR_FORMAT' })
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = value
      try {
        parseTensors(damaged, meant)
      } catch (error) {
        return (error as { code?: string }).code === 'ERR_FORMAT'
      }
      return true
    }),
    { seed: 9, numRuns: 2000 },
  )
  t.pass()
})
