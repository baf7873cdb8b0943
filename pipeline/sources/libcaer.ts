// Polarity words as libcaer has them in its packets and ROS nodes store them: records of 8 bytes without any header.
import { EventDecoder } from '../events/native.js'
import type { StreamFormat } from './recording.js'
import { checkRecords, TELLING_RECORDS } from './records.js'

const RECORD_BYTES = 8
const STAMPS = 0x7fffffff
/** A wrap is a fall by more than half of the range. */
const WRAP_US = 2 ** 31

/** The registry's entry. */
export const libcaerFormat: StreamFormat = {
  name: 'libcaer',
  about: 'libcaer polarity words',
  recognises: (head, name) => /\.(bin|caer)$/i.test(name) && looksLike(head),
  begin: (head, input, { geometry }) => {
    checkRecords(head, input, 0, RECORD_BYTES)
    const { width = 0, height = 0 } = geometry ?? {}
    return {
      format: 'libcaer polarity words',
      geometry,
      header: {},
      dataStart: 0,
      decoder: new EventDecoder('libcaer', width, height, 0),
      records: {
        bytes: RECORD_BYTES,
        wrapUs: WRAP_US,
        originUs: 0,
        stamp: (record) => record.getUint32(4, true) & STAMPS,
      },
    }
  },
}

/** Stamps of 31 bits that fall only to wrap, and events that nearly all are valid. */
function looksLike(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const records = Math.floor(head.length / RECORD_BYTES)
  let last = 0
  let valid = 0
  for (let i = 0; i < records; i++) {
    const t = view.getUint32(RECORD_BYTES * i + 4, true)
    if (t > STAMPS || (t < last && last - t < WRAP_US / 2)) return false
    last = t
    valid += view.getUint8(RECORD_BYTES * i) & 1
  }
  return records >= TELLING_RECORDS && valid >= 0.9 * records
}
