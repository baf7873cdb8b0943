// The head of an AEDAT 4 file or stream: a line of magic (files only), then a FlatBuffer that tells how packets are packed,
// where the data table begins, and in XML which streams there are.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import { shown } from './dat-header.js'
import { FlatTable } from './flatbuffer.js'

export const AEDAT4_MAGIC = Buffer.from('#!AER-DAT4.0\r\n')

/** By the number that stands in the header; LZ4 and Zstandard each have a slower setting of their writers. */
const PACKINGS = ['none', 'lz4', 'lz4', 'zstd', 'zstd'] as const

/** One stream of packets. */
export interface Aedat4Stream {
  id: number
  /** EVTS, TRIG, FRME, IMUS. */
  type: string
  source: string
  geometry: Geometry | undefined
}

/** What the head of an AEDAT 4 file says. */
export interface Aedat4Header {
  packing: (typeof PACKINGS)[number]
  /** Offset of the data table behind the packets; undefined without one. */
  tableAt: number | undefined
  streams: readonly Aedat4Stream[]
  /** Offset of the first packet. */
  dataStart: number
}

/** True when the bytes begin as a file, or as a stream over TCP, which has no line of magic. */
export function isAedat4(head: Uint8Array): boolean {
  const at = startOf(head)
  return Buffer.from(head.subarray(at + 8, at + 12)).toString('latin1') === 'IOHE'
}

/** Throws ERR_FORMAT and ERR_TRUNCATED. */
export function parseAedat4Header(head: Uint8Array, name: string, whole: boolean): Aedat4Header {
  const start = startOf(head)
  const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${name} ${why}`)
  if (!isAedat4(head)) throw refuse('does not begin as AEDAT 4 does')
  const length = new DataView(head.buffer, head.byteOffset).getUint32(start, true)
  const dataStart = start + 4 + length
  if (dataStart > head.length)
    throw whole
      ? new SaccadeError(
          'ERR_TRUNCATED',
          `${name} ends inside its header, at byte ${head.length}`,
          'copy or record the file again',
        )
      : refuse(`claims a header of ${length} bytes`)
  const table = FlatTable.root(head.subarray(start, dataStart), 'IOHE')
  if (table === undefined) throw refuse('has a broken header')
  const packing = PACKINGS[table.int32(0)]
  if (packing === undefined)
    throw refuse(`is packed in the way number ${table.int32(0)}, which saccade does not know`)
  const tableAt = table.int64(1, -1)
  return {
    packing,
    tableAt: tableAt >= dataStart ? tableAt : undefined,
    streams: streamsOf(table.string(2), name),
    dataStart,
  }
}

function startOf(head: Uint8Array): number {
  return AEDAT4_MAGIC.equals(head.subarray(0, AEDAT4_MAGIC.length)) ? AEDAT4_MAGIC.length : 0
}

/**
 * The streams that the XML names: nodes named by a number, with attributes as `<attr key="sizeX" type="int">320</attr>` inside
 * them. Read by its tags alone; what other nodes hold is passed over.
 */
function streamsOf(xml: string, name: string): Aedat4Stream[] {
  const streams: Aedat4Stream[] = []
  const open: string[] = []
  let attributes: Record<string, string> | undefined
  for (const [, close, tag, inner, text] of xml.matchAll(/<(\/?)(node|attr)\b([^>]*)>([^<]*)/g)) {
    const key = / (?:name|key)="([^"]*)"/.exec(inner!)?.[1] ?? ''
    if (tag === 'attr') {
      if (close === '' && attributes !== undefined && attributes[key] === undefined)
        attributes[key] = text!
    } else if (close === '') {
      if (!inner!.endsWith('/')) open.push(key)
      if (open.at(-2) === 'outInfo' && /^\d{1,9}$/.test(key)) attributes = Object.create(null)
    } else {
      const id = open.pop()
      if (open.at(-1) === 'outInfo' && attributes !== undefined) {
        streams.push(streamOf(Number(id), attributes, name))
        attributes = undefined
      }
    }
  }
  return streams
}

function streamOf(
  id: number,
  { typeIdentifier = '', source = '', sizeX, sizeY }: Readonly<Record<string, string>>,
  name: string,
): Aedat4Stream {
  const type = shown(typeIdentifier)
  if (sizeX === undefined || sizeY === undefined)
    return { id, type, source: shown(source), geometry: undefined }
  const geometry = { width: Number(sizeX), height: Number(sizeY) }
  if (type !== 'EVTS' || isGeometry(geometry)) return { id, type, source: shown(source), geometry }
  throw new SaccadeError(
    'ERR_FORMAT',
    `${name} gives an impossible sensor size in its header: "${shown(sizeX)}" x "${shown(sizeY)}"`,
  )
}
