// AEDAT 4 as DV sends it over TCP, made by hand: a head, then packets of events.
import type { Geometry } from '../../pipeline/events/packet.js'
import type { PlainEvent } from './packets.js'

/** A size-prefixed FlatBuffer of one table whose field `field` is a vector of elements; `body` begins with their count. */
function flat(identifier: string, field: number, body: Buffer): Buffer {
  const head = Buffer.alloc(40)
  head.writeUInt32LE(24, 4)
  head.write(identifier, 8, 'latin1')
  // The table of fields: its own size, the table's, and where each field is.
  head.writeUInt16LE(4 + 2 * (field + 1), 12)
  head.writeUInt16LE(8, 14)
  head.writeUInt16LE(4, 16 + 2 * field)
  head.writeInt32LE(28 - 12, 28)
  // The vector's count lies 8 bytes behind, so that elements of 8 bytes are aligned.
  head.writeUInt32LE(8, 32)
  const bytes = Buffer.concat([head, body])
  bytes.writeUInt32LE(bytes.length - 4, 0)
  return bytes
}

/** What a DV server sends first: one stream, number 0, of events. */
export function dvHead({ width, height }: Geometry): Buffer {
  const attr = (key: string, value: string | number) => `<attr key="${key}">${value}</attr>`
  const stream = attr('typeIdentifier', 'EVTS') + attr('sizeX', width) + attr('sizeY', height)
  const xml = `<dv><node name="outInfo"><node name="0">${stream}</node></node></dv>`
  const body = Buffer.alloc(4 + xml.length + 1)
  body.writeUInt32LE(xml.length, 0)
  body.write(xml, 4, 'latin1')
  return flat('IOHE', 2, body)
}

/** A packet of events in stream 0, not packed. */
export function dvPacket(events: readonly PlainEvent[]): Buffer {
  const body = Buffer.alloc(4 + 16 * events.length)
  body.writeUInt32LE(events.length, 0)
  events.forEach(({ t, x, y, p }, i) => {
    body.writeBigInt64LE(BigInt(t), 4 + 16 * i)
    body.writeInt16LE(x, 12 + 16 * i)
    body.writeInt16LE(y, 14 + 16 * i)
    body[16 + 16 * i] = p
  })
  return dvFrame(flat('EVTS', 0, body))
}

/** Any payload as a packet of stream 0. */
export function dvFrame(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(payload.length, 4)
  return Buffer.concat([head, payload])
}
