// Writes DAT v2 files as Gen1 has them.
import { PartFile } from '../sinks/part-file.js'
import { ORIGIN_ENTRY } from './dat-header.js'
import { EncodedWriter, type Encoding } from './encoded-writer.js'
import {
  checkOptions,
  type RecordingWriter,
  type WriteOptions,
  type WriterFormat,
} from './writer.js'

const CHANGE_EVENT = 0x0c
const RECORD_BYTES = 8

const encoding: Encoding = {
  encoder: 'dat2',
  title: 'DAT',
  rangeUs: 2 ** 32,
  triggers: false,
  header: ({ width, height }, originUs, date) => {
    const lines = [
      'Data file containing CD events.',
      'Version 2',
      `Date ${date}`,
      ...(originUs > 0 ? [`${ORIGIN_ENTRY} ${originUs}`] : []),
      `Height ${height}`,
      `Width ${width}`,
    ]
    return Buffer.concat([
      Buffer.from(lines.map((line) => `% ${line}\n`).join('')),
      Buffer.of(CHANGE_EVENT, RECORD_BYTES),
    ])
  },
}

/** The registry's entry for DAT v2. It has no room for triggers: a DAT file holds either them or events. */
export const datWriter: WriterFormat = {
  name: 'dat',
  about: 'Prophesee DAT v2 (without triggers)',
  extensions: ['.dat'],
  open: async (sink, options) => new EncodedWriter(encoding, sink, options),
}

/**
 * Begins a DAT v2 file; stamps are written as they are unless `originUs` is given. Rejects with ERR_IO or ERR_ARGUMENT.
 * @example
 * await using file = await writeDat('drive_td.dat', { geometry: { width: 304, height: 240 } })
 * await file.write(packet)
 * await file.close()
 */
export async function writeDat(path: string, options: WriteOptions): Promise<RecordingWriter> {
  checkOptions(datWriter, options)
  return datWriter.open(await PartFile.create(path), { originUs: 0, ...options })
}
