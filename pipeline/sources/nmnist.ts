// The files of N-MNIST and N-Caltech101 (.bin): records of 5 bytes and nothing else.
import { EventDecoder } from '../events/native.js'
import type { StreamFormat } from './recording.js'
import { checkRecords, TELLING_RECORDS } from './records.js'

const RECORD_BYTES = 5
/** The sensor of both sets has 304 x 240 pixels, and x is a byte; row 240 marks an overflow of time. */
const LAST_ROW = 240

/** The registry's entry. The size of the sensor (34 x 34 in N-MNIST, up to 240 x 180 in N-Caltech101) is nowhere in the file. */
export const nmnistFormat: StreamFormat = {
  name: 'nmnist',
  about: 'N-MNIST and N-Caltech101 .bin',
  recognises: (head, name) => /\.bin$/i.test(name) && looksLike(head),
  begin: (head, input, { geometry }) => {
    checkRecords(head, input, 0, RECORD_BYTES)
    const { width = 0, height = 0 } = geometry ?? {}
    return {
      format: 'N-MNIST',
      geometry,
      header: {},
      dataStart: 0,
      decoder: new EventDecoder('nmnist', width, height, 0),
    }
  },
}

/** Nothing marks such a file, but stamps that never fall are no accident. */
function looksLike(head: Uint8Array): boolean {
  let last = 0
  const records = Math.floor(head.length / RECORD_BYTES)
  for (let at = 0; at < records * RECORD_BYTES; at += RECORD_BYTES) {
    const row = head[at + 1]!
    if (row > LAST_ROW) return false
    // An overflow lets the stamps behind it begin anew.
    if (row === LAST_ROW) last = 0
    else {
      const t = ((head[at + 2]! & 0x7f) << 16) | (head[at + 3]! << 8) | head[at + 4]!
      if (t < last) return false
      last = t
    }
  }
  return records >= TELLING_RECORDS
}
