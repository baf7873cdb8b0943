// What is in a datagram of events. None has a header, a number or a checksum: a datagram is so many records, and that is all.
//
//   spif                little-endian uint32: bit 31 = 0: a uint32 of µs follows; x bits 16-30, polarity bit 15, y bits 0-14
//                       (SpiNNaker's SPIF, and AEStream, both ways)
//   t64_x16_y16_on8     uint64 µs, uint16 x, uint16 y, uint8 polarity (faery)
//   t32_x16_y15_on1     uint32 µs, uint16 x, uint16 y << 1 | polarity (faery)

/** Where a layout's records are put, one at a time. */
export interface RawEvent {
  /** µs as sent; NaN without a stamp. */
  t: number
  x: number
  y: number
  p: number
}

/** One layout. */
export interface UdpLayout {
  /** Range of the stamps, µs, where they wrap. */
  readonly wrapUs: number | undefined
  /** AEStream makes its last datagram twice too long: behind the events stands what was there before, with earlier stamps. */
  readonly mayEndStale?: boolean
  /** Reads the record at `at` and returns its length; 0 when the bytes end inside it. */
  read(bytes: DataView, at: number, event: RawEvent): number
}

/** All layouts by name; `spif` is the default. */
export const UDP_LAYOUTS: Readonly<Record<string, UdpLayout>> = {
  spif: {
    wrapUs: 2 ** 32,
    mayEndStale: true,
    read(bytes, at, event) {
      if (at + 4 > bytes.byteLength) return 0
      const word = bytes.getUint32(at, true)
      const stamped = word < 2 ** 31
      if (stamped && at + 8 > bytes.byteLength) return 0
      event.x = (word >>> 16) & 0x7fff
      event.y = word & 0x7fff
      event.p = (word >>> 15) & 1
      event.t = stamped ? bytes.getUint32(at + 4, true) : Number.NaN
      return stamped ? 8 : 4
    },
  },

  t64_x16_y16_on8: {
    wrapUs: undefined,
    read(bytes, at, event) {
      if (at + 13 > bytes.byteLength) return 0
      event.t = bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32
      event.x = bytes.getUint16(at + 8, true)
      event.y = bytes.getUint16(at + 10, true)
      event.p = bytes.getUint8(at + 12) === 0 ? 0 : 1
      return 13
    },
  },

  t32_x16_y15_on1: {
    wrapUs: 2 ** 32,
    read(bytes, at, event) {
      if (at + 8 > bytes.byteLength) return 0
      const word = bytes.getUint16(at + 6, true)
      event.t = bytes.getUint32(at, true)
      event.x = bytes.getUint16(at + 4, true)
      event.y = word >>> 1
      event.p = word & 1
      return 8
    },
  },
}
