import test from 'ava'
import { encodeNpy } from '../../bench/rivals/npy.js'

test('an array is written as NumPy reads it: magic, version, header to a multiple of 64, data', (t) => {
  const bytes = Buffer.from(encodeNpy(Float32Array.of(1, -2, 0.5, 4, 5, 6), [2, 3]))
  t.is(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00')
  const length = bytes.readUInt16LE(8)
  t.is((10 + length) % 64, 0)
  t.regex(
    bytes.toString('latin1', 10, 10 + length),
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/,
  )
  t.is(bytes.readFloatLE(10 + length + 4), -2)
  t.is(bytes.length, 10 + length + 24)
  t.true(Buffer.from(encodeNpy(Uint8Array.of(7), [1])).includes("'|u1'"))
})
