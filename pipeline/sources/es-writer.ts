// Writes Event Stream 2.0 of the type DVS.
import { EncodedWriter, type Encoding } from './encoded-writer.js'
import type { WriterFormat } from './writer.js'

const DVS = 1

const encoding: Encoding = {
  encoder: 'es-dvs',
  title: 'Event Stream',
  // Time is a sum of deltas, a byte for every 127 µs: the first may not be far from 0. A second is 8 KB.
  rangeUs: 2 ** 20,
  triggers: false,
  header: ({ width, height }) => {
    const header = Buffer.alloc(20)
    header.write('Event Stream')
    header.set([2, 0, 0, DVS], 12)
    header.writeUInt16LE(width, 16)
    header.writeUInt16LE(height, 18)
    return header
  },
  refusal: 'Event Stream holds only what comes after, and stamps that do not fall',
}

/** The registry's entry. There is no room for an origin or triggers: times begin within a second of 0. */
export const esWriter: WriterFormat = {
  name: 'es',
  about: 'Event Stream 2.0, DVS (without triggers)',
  extensions: ['.es'],
  open: async (sink, options) => new EncodedWriter(encoding, sink, options),
}
