// Archives of stored entries as torch writes them, and with the lies that a reader must see through.
import { crc32 } from 'node:zlib'

/** What an entry says that is not so; offsets are of headers. */
export interface ZipLies {
  method?: number
  flags?: number
  size?: number
  /** Bytes before packing, where they are not the same. */
  plain?: number
  offset?: number
  checksum?: number
  localName?: string
}

/** Lies of the end records. */
export interface EndLies {
  entries?: number
  entries64?: number
  at64?: number
}

/** A file [name, bytes, lies]. */
export type ZipEntry = [name: string, data: Uint8Array, lies?: ZipLies]

/** The archive; with a 64-bit end record, as torch's. */
export function makeZip(files: readonly ZipEntry[], end: EndLies = {}): Uint8Array {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  const put = (part: Buffer | Uint8Array) => {
    parts.push(Buffer.from(part))
    at += part.length
  }
  for (const [name, data, lies = {}] of files) {
    const bytes = Buffer.from(name)
    const header = Buffer.alloc(46)
    header.writeUInt32LE(0x02014b50, 0)
    header.writeUInt16LE(lies.flags ?? 0x808, 8)
    header.writeUInt16LE(lies.method ?? 0, 10)
    header.writeUInt32LE(lies.checksum ?? crc32(data), 16)
    header.writeUInt32LE(lies.size ?? data.length, 20)
    header.writeUInt32LE(lies.plain ?? lies.size ?? data.length, 24)
    header.writeUInt16LE(bytes.length, 28)
    header.writeUInt32LE(lies.offset ?? at, 42)
    central.push(header, bytes)
    const localName = Buffer.from(lies.localName ?? name)
    // The data begin at a multiple of 64, padded by the extra field.
    const padding = (64 - ((at + 34 + localName.length) % 64)) % 64
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(localName.length, 26)
    local.writeUInt16LE(4 + padding, 28)
    const extra = Buffer.alloc(4 + padding, 'Z')
    extra.write('FB', 0)
    extra.writeUInt16LE(padding, 2)
    for (const part of [local, localName, extra, data]) put(part)
  }
  const directory = Buffer.concat(central)
  const start = at
  put(directory)
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  for (const place of [24, 32]) end64.writeBigUInt64LE(BigInt(end.entries64 ?? files.length), place)
  end64.writeBigUInt64LE(BigInt(directory.length), 40)
  end64.writeBigUInt64LE(BigInt(end.at64 ?? start), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(at), 8)
  locator.writeUInt32LE(1, 16)
  put(end64)
  put(locator)
  const last = Buffer.alloc(22)
  last.writeUInt32LE(0x06054b50, 0)
  for (const place of [8, 10]) last.writeUInt16LE(end.entries ?? files.length, place)
  last.writeUInt32LE(directory.length, 12)
  last.writeUInt32LE(start, 16)
  put(last)
  return Uint8Array.from(Buffer.concat(parts))
}
