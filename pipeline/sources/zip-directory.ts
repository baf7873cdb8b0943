// Where the entries of a ZIP archive lie (.npz is one): what an entry is called and how long it is comes from the directory at
// the end, where it begins from its local header. Entries that reach out of the file are refused before a byte is read.
import type { FileHandle } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'
import { readAt } from './file.js'
import type { Section } from './section-bytes.js'

const END = 0x06054b50
const END64_LOCATOR = 0x07064b50
const END64 = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const LOCATOR_BYTES = 20
const END64_BYTES = 56
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const LONGEST_COMMENT = 0xffff
const FULL = 0xffffffff
/** Archives of recordings have some ten entries. */
const MOST_DIRECTORY = 2 ** 22
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 0x2041

/** The entries of an archive by name. Rejects with ERR_FORMAT or ERR_TRUNCATED. */
export async function readZipDirectory(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<Map<string, Section>> {
  const archive = new Archive(handle, path, size)
  const directory = await archive.directory()
  const entries = new Map<string, Section>()
  for (let at = 0; at < directory.length; ) {
    const { section, next } = await archive.entry(directory, at)
    const { name } = section
    entries.set(name, { ...section, name: `${path}: ${name}` })
    at = next
  }
  return entries
}

class Archive {
  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly size: number,
  ) {}

  async directory(): Promise<Buffer> {
    const tail = await this.#read(Math.max(0, this.size - END_BYTES - LONGEST_COMMENT), this.size)
    let end = tail.length - END_BYTES
    while (end >= 0 && tail.readUInt32LE(end) !== END) end -= 1
    if (end < 0)
      throw new SaccadeError(
        'ERR_TRUNCATED',
        `${this.path} does not end as a ZIP archive does`,
        'copy the file again',
      )
    let bytes = tail.readUInt32LE(end + 12)
    let at = tail.readUInt32LE(end + 16)
    const locator = end - LOCATOR_BYTES
    if (locator >= 0 && tail.readUInt32LE(locator) === END64_LOCATOR) {
      const place = this.#number(tail, locator + 8)
      const long = await this.#read(place, place + END64_BYTES)
      if (long.readUInt32LE(0) !== END64) throw this.#refuse('has no 64-bit end where it says')
      if (bytes === FULL) bytes = this.#number(long, 40)
      if (at === FULL) at = this.#number(long, 48)
    }
    if (bytes > MOST_DIRECTORY) throw this.#refuse(`claims a directory of ${bytes} bytes`)
    return this.#read(at, at + bytes)
  }

  async entry(directory: Buffer, at: number): Promise<{ section: Section; next: number }> {
    if (at + CENTRAL_BYTES > directory.length || directory.readUInt32LE(at) !== CENTRAL)
      throw this.#refuse('has a broken directory')
    const nameBytes = directory.readUInt16LE(at + 28)
    const extraBytes = directory.readUInt16LE(at + 30)
    const extraAt = at + CENTRAL_BYTES + nameBytes
    const next = extraAt + extraBytes + directory.readUInt16LE(at + 32)
    if (next > directory.length) throw this.#refuse('has a broken directory')
    const name = directory.toString('utf8', at + CENTRAL_BYTES, extraAt)
    const method = directory.readUInt16LE(at + 10)
    if (method !== STORED && method !== DEFLATED)
      throw this.#refuse(`packs ${name} in the way number ${method}, which saccade does not know`)
    if ((directory.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw this.#refuse(`encrypts ${name}`)
    const long = this.#longNumbers(directory, extraAt, extraAt + extraBytes)
    const take = (value: number): number => {
      if (value !== FULL) return value
      const number = long.shift()
      if (number === undefined) throw this.#refuse(`lacks the 64-bit sizes of ${name}`)
      return number
    }
    // In the order of the extra field.
    const size = take(directory.readUInt32LE(at + 24))
    const stored = take(directory.readUInt32LE(at + 20))
    const from = take(directory.readUInt32LE(at + 42))
    if (method === STORED && stored !== size) throw this.#refuse(`claims two sizes of ${name}`)
    const local = await this.#read(from, from + LOCAL_BYTES)
    if (local.readUInt32LE(0) !== LOCAL) throw this.#refuse(`has no ${name} at byte ${from}`)
    const start = from + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28)
    if (start + stored > this.size) throw this.#refuse(`claims ${stored} bytes for ${name}`)
    const checksum = directory.readUInt32LE(at + 16)
    return { section: { name, start, stored, size, deflated: method === DEFLATED, checksum }, next }
  }

  #longNumbers(directory: Buffer, from: number, to: number): number[] {
    for (let at = from; at + 4 <= to; at += 4 + directory.readUInt16LE(at + 2)) {
      const bytes = directory.readUInt16LE(at + 2)
      if (directory.readUInt16LE(at) === 1 && at + 4 + bytes <= to)
        return Array.from({ length: bytes >> 3 }, (_, i) => this.#number(directory, at + 4 + 8 * i))
    }
    return []
  }

  #number(bytes: Buffer, at: number): number {
    const value = Number(bytes.readBigUInt64LE(at))
    if (value <= this.size || Number.isSafeInteger(value)) return value
    throw this.#refuse(`claims a size or place of ${value} bytes`)
  }

  async #read(from: number, to: number): Promise<Buffer> {
    if (from > to || to > this.size) throw this.#refuse(`points to byte ${to}, behind its end`)
    const bytes = Buffer.alloc(to - from)
    await readAt(this.handle, this.path, bytes, bytes.length, from)
    return bytes
  }

  #refuse(why: string): SaccadeError {
    return new SaccadeError('ERR_FORMAT', `${this.path} ${why}`, 'copy the file again')
  }
}
