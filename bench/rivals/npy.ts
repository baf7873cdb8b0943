// NumPy's file format, version 1.0, for what the rivals' script reads.

/** The bytes of an array in C order. */
export function encodeNpy(data: Uint8Array | Float32Array, shape: readonly number[]): Uint8Array {
  const descr = data instanceof Uint8Array ? '|u1' : '<f4'
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`
  const head = Buffer.from(`\x93NUMPY\x01\x00..${header}`, 'latin1')
  head.writeUInt16LE(header.length, 8)
  return Buffer.concat([head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
}
