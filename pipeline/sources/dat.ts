// Recordings in Prophesee's DAT format: Gen1, N-CARS, and what `simulate` and `convert` write.
import { EventDecoder } from '../events/native.js'
import { type DatHeader, hasHeader, MAX_HEADER_BYTES, parseDatHeader } from './dat-header.js'
import type { Beginning, Input, OpenOptions, StreamFormat } from './recording.js'
import { checkRecords } from './records.js'

const RECORD_BYTES = 8

/** The registry's entry for DAT v1 and v2. A file without header lines is read as v2 records from byte 0. */
export const datFormat: StreamFormat = {
  name: 'dat',
  about: 'Prophesee DAT v1 and v2, change events or external triggers',
  recognises: (head, name) => {
    if (!hasHeader(head)) return false
    const text = Buffer.from(head.subarray(0, MAX_HEADER_BYTES)).toString('latin1')
    if (/^% Data file/m.test(text)) return true
    // RAW files begin with the same "% " lines; only they name their encoding there.
    if (/^% (evt|format) /m.test(text)) return false
    return /\.dat$/i.test(name) || /^% Version /m.test(text)
  },
  begin,
}

function begin(head: Uint8Array, input: Input, options: OpenOptions): Beginning {
  const header: DatHeader = hasHeader(head)
    ? parseDatHeader(head, input.name)
    : {
        version: 2,
        triggers: false,
        geometry: undefined,
        originUs: 0,
        entries: {},
        dataStart: 0,
      }
  const { version, triggers, entries, dataStart, originUs } = header
  checkRecords(head, input, dataStart, RECORD_BYTES)
  const geometry = header.geometry ?? options.geometry
  const { width = 0, height = 0 } = geometry ?? {}
  const kind = triggers ? 'dat-triggers' : version === 1 ? 'dat1' : 'dat2'
  return {
    format: triggers ? 'DAT triggers' : `DAT v${version}`,
    geometry,
    header: entries,
    dataStart,
    decoder: new EventDecoder(kind, width, height, originUs),
    records: {
      bytes: RECORD_BYTES,
      wrapUs: 2 ** 32,
      originUs,
      stamp: (record) => record.getUint32(0, true),
    },
  }
}
