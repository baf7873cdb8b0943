// The FlatBuffers that an AEDAT 4 file is made of, as its own tools write them: the head (IOHE), packets of events (EVTS) and of
// triggers (TRIG), and the table of packets at the end (FTAB). Each is short of fields and known in shape, so it is laid out
// here by hand: a size, the offset of the root table, an identifier, a table of field offsets (vtable), the table, its vectors.
import type { Geometry, Trigger } from '../events/packet.js'

/** Ids of the streams of events and triggers. */
export const EVENT_STREAM = 0
export const TRIGGER_STREAM = 1

/** What the data table says of one packet. */
export interface PacketEntry {
  /** Offset of its payload, behind the eight bytes of its head. */
  offset: number
  stream: number
  /** Bytes of its payload. */
  size: number
  elements: number
  /** Smallest and largest stamp, µs. */
  first: number
  last: number
}

/** Bytes of an EVTS buffer before its events of 16 bytes each. */
export const EVENTS_HEAD = 32
/** Offset in the head, from its first byte, of the place of the data table. */
export const TABLE_PLACE_AT = 40
const [RISING, FALLING] = [1, 2]

/** A buffer that begins as they all do: with one vtable at 12 and the root table behind it. */
function begin(into: Buffer, identifier: string, fields: readonly number[], tableBytes: number) {
  const vtableBytes = 4 + 2 * fields.length
  // Four behind a multiple of eight, so that what follows the table's own first number can lie on one.
  const table = Math.ceil((8 + vtableBytes) / 8) * 8 + 4
  into.writeUInt32LE(table - 4, 4)
  into.write(identifier, 8, 'latin1')
  const vtable = table - vtableBytes
  for (const [i, value] of [vtableBytes, tableBytes, ...fields].entries())
    into.writeUInt16LE(value, vtable + 2 * i)
  into.writeInt32LE(vtableBytes, table)
  return table
}

/** The head of a file whose table of packets begins at `tableAt` (-1: it has none). */
export function fileHead(xml: string, packing: number, tableAt: number): Buffer {
  const text = Buffer.from(xml)
  const bytes = Buffer.alloc(Math.ceil((52 + text.length + 1) / 8) * 8)
  // Packing, place of the table, description.
  const table = begin(bytes, 'IOHE', [4, 12, 8], 20)
  bytes.writeInt32LE(packing, table + 4)
  bytes.writeUInt32LE(20 - 8, table + 8)
  bytes.writeBigInt64LE(BigInt(tableAt), table + 12)
  bytes.writeUInt32LE(text.length, table + 20)
  text.copy(bytes, table + 24)
  bytes.writeUInt32LE(bytes.length - 4, 0)
  return bytes
}

/** Fills in what stands before `count` events that are there already. */
export function headEvents(bytes: Buffer, count: number): void {
  const table = begin(bytes, 'EVTS', [4], 8)
  bytes.writeUInt32LE(4, table + 4)
  bytes.writeUInt32LE(count, table + 8)
  bytes.writeUInt32LE(EVENTS_HEAD + 16 * count - 4, 0)
}

/** A packet of edges, stamps less the origin. */
export function triggerPacket(triggers: readonly Trigger[], originUs: number): Buffer {
  const tableBytes = 24
  const list = 32
  const vtable = Math.ceil((list + 4 * triggers.length) / 8) * 8
  const bytes = Buffer.alloc(vtable + 8 + tableBytes * triggers.length)
  const table = begin(bytes, 'TRIG', [4], 8)
  bytes.writeUInt32LE(4, table + 4)
  bytes.writeUInt32LE(triggers.length, table + 8)
  // Stamp, kind.
  for (const [i, value] of [8, tableBytes, 8, 16].entries())
    bytes.writeUInt16LE(value, vtable + 2 * i)
  for (const [i, { t, value }] of triggers.entries()) {
    const at = vtable + 8 + tableBytes * i
    bytes.writeUInt32LE(at - (list + 4 * i), list + 4 * i)
    bytes.writeInt32LE(at - vtable, at)
    bytes.writeBigInt64LE(BigInt(t - originUs), at + 8)
    bytes.writeInt8(value === 1 ? RISING : FALLING, at + 16)
  }
  bytes.writeUInt32LE(bytes.length - 4, 0)
  return bytes
}

/** The table of packets. */
export function dataTable(entries: readonly PacketEntry[]): Buffer {
  const tableBytes = 48
  const list = 32
  const vtable = Math.ceil((list + 4 * entries.length) / 8) * 8 + 2
  const first = vtable + 14
  const bytes = Buffer.alloc(first + tableBytes * entries.length)
  const table = begin(bytes, 'FTAB', [4], 8)
  bytes.writeUInt32LE(4, table + 4)
  bytes.writeUInt32LE(entries.length, table + 8)
  // Offset, stream and size, elements, first and last stamp.
  for (const [i, value] of [14, tableBytes, 16, 4, 24, 32, 40].entries())
    bytes.writeUInt16LE(value, vtable + 2 * i)
  for (const [i, entry] of entries.entries()) {
    const at = first + tableBytes * i
    bytes.writeUInt32LE(at - (list + 4 * i), list + 4 * i)
    bytes.writeInt32LE(at - vtable, at)
    bytes.writeInt32LE(entry.stream, at + 4)
    bytes.writeInt32LE(entry.size, at + 8)
    for (const [k, value] of [entry.offset, entry.elements, entry.first, entry.last].entries())
      bytes.writeBigInt64LE(BigInt(value), at + 16 + 8 * k)
  }
  bytes.writeUInt32LE(bytes.length - 4, 0)
  return bytes
}

/** The description that DV's tools look their streams up in. */
export function description({ width, height }: Geometry, packing: string): string {
  const stream = (id: number, name: string, type: string, what: string, size: string) => `
        <node name="${id}" path="/mainloop/saccade/outInfo/${id}/">
            <attr key="compression" type="string">${packing}</attr>
            <attr key="originalModuleName" type="string">saccade</attr>
            <attr key="originalOutputName" type="string">${name}</attr>
            <attr key="typeDescription" type="string">${what}</attr>
            <attr key="typeIdentifier" type="string">${type}</attr>
            <node name="info" path="/mainloop/saccade/outInfo/${id}/info/">${size}
                <attr key="source" type="string">saccade</attr>
                <attr key="tsOffset" type="long">0</attr>
            </node>
        </node>`
  const size = `
                <attr key="sizeX" type="int">${width}</attr>
                <attr key="sizeY" type="int">${height}</attr>`
  return `<dv version="2.0">
    <node name="outInfo" path="/mainloop/saccade/outInfo/">${stream(EVENT_STREAM, 'events', 'EVTS', 'Array of events (polarity ON/OFF).', size)}${stream(TRIGGER_STREAM, 'triggers', 'TRIG', 'External triggers and special signals.', '')}
    </node>
</dv>
`
}
