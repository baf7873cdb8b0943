// AEDAT 4.0 (iniVation's DV): files and streams of packets, with or without packing and data table.
import { SaccadeError } from '../errors.js'
import { Aedat4Decoder, packetBytes } from './aedat4-decoder.js'
import { isAedat4, parseAedat4Header } from './aedat4-header.js'
import type { Beginning, Input, OpenOptions, StreamFormat } from './recording.js'
import { checkRecords } from './records.js'

/**
 * The registry's entry for AEDAT 4.0. Of several event streams the one with the lowest number is read. Stamps are Unix time, and
 * sorted within a stream only. The data table is not needed, so files of a recorder that crashed are read up to their last
 * whole packet.
 */
export const aedat4Format: StreamFormat = {
  name: 'aedat4',
  about: 'AEDAT 4.0, plain or packed with LZ4 or Zstandard: events and triggers',
  recognises: isAedat4,
  begin,
}

function begin(head: Uint8Array, input: Input, options: OpenOptions): Beginning {
  const { name, whole } = input
  const header = parseAedat4Header(head, name, whole)
  const events = header.streams.filter(({ type }) => type === 'EVTS').sort((a, b) => a.id - b.id)
  const stream = events[0]
  if (stream === undefined)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} holds no stream of events: it has ${header.streams.map(({ id, type }) => `${id} ${type}`).join(', ') || 'no streams'}`,
    )
  const packets = head.subarray(0, header.tableAt)
  checkRecords(packets, input, header.dataStart, packetBytes(packets, header.dataStart), 'a packet')
  const geometry = stream.geometry ?? options.geometry
  return {
    format: `AEDAT 4.0, ${header.packing}`,
    geometry,
    header: {
      streams: header.streams.map(({ id, type }) => `${id} ${type}`).join(', '),
      source: stream.source,
    },
    dataStart: header.dataStart,
    dataEnd: header.tableAt,
    decoder: new Aedat4Decoder(header, stream.id, geometry),
  }
}
