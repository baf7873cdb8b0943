// Event Stream 2.0 (.es): the change events of the types DVS, ATIS and colour.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { type DecoderName, EventDecoder } from '../events/native.js'
import type { Beginning, Input, StreamFormat } from './recording.js'
import { checkRecords } from './records.js'

const MAGIC = Buffer.from('Event Stream')
const VERSION_AT = 12
const TYPE_AT = 15
const SIZE_AT = 16
const HEADER_BYTES = 20

/** Types by number; those without a decoder hold no change events. */
const TYPES: readonly { title: string; decoder?: DecoderName }[] = [
  { title: 'generic' },
  { title: 'DVS', decoder: 'es-dvs' },
  { title: 'ATIS', decoder: 'es-atis' },
  { title: 'AMD' },
  { title: 'colour', decoder: 'es-color' },
]

/**
 * The registry's entry for Event Stream. Colour events have no polarity: p is 0. Files of the Paris tools often have row 0 at the
 * bottom, which nothing in them says; rows are given as they stand there.
 */
export const esFormat: StreamFormat = {
  name: 'es',
  about: 'Event Stream 2.0: DVS, ATIS, colour',
  recognises: (head) => MAGIC.equals(head.subarray(0, MAGIC.length)),
  begin,
}

function begin(head: Uint8Array, input: Input): Beginning {
  const { name } = input
  if (head.length < HEADER_BYTES)
    throw new SaccadeError(
      'ERR_TRUNCATED',
      `${name} ends inside its header, at byte ${head.length}`,
      'copy or record the file again',
    )
  if (!MAGIC.equals(head.subarray(0, MAGIC.length)))
    throw new SaccadeError('ERR_FORMAT', `${name} does not begin as an Event Stream does`)
  const [major, minor, patch] = head.subarray(VERSION_AT, TYPE_AT)
  if (major !== 2)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} is of Event Stream version ${major}.${minor}.${patch}; version 2 is read`,
    )
  const type = TYPES[head[TYPE_AT]!]
  if (type?.decoder === undefined)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} holds ${type === undefined ? `events of type ${head[TYPE_AT]}` : `${type.title} events`}, not change events`,
    )
  const view = new DataView(head.buffer, head.byteOffset)
  const [width, height] = [view.getUint16(SIZE_AT, true), view.getUint16(SIZE_AT + 2, true)]
  if (!isGeometry({ width, height }))
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} gives an impossible sensor size at byte ${SIZE_AT}: ${width} x ${height}`,
    )
  // Events have one byte or more.
  checkRecords(head, input, HEADER_BYTES, 1)
  return {
    format: `Event Stream ${major}.${minor}.${patch}, ${type.title}`,
    geometry: { width, height },
    header: {},
    dataStart: HEADER_BYTES,
    decoder: new EventDecoder(type.decoder, width, height, 0),
  }
}
