// The ZIP archives that torch.save writes: entries are stored, never compressed. What an entry is called and how long it is
// comes from the central directory, where it begins from its local header, and both must agree; entries that overlap,
// share a name or reach out of the file are refused before a byte of them is read.
import { crc32 } from 'node:zlib'
import { refuse } from '../onnx/values.js'

const END = 0x06054b50
const END64_LOCATOR = 0x07064b50
const END64 = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const LONGEST_COMMENT = 0xffff
/** The largest SpikeYOLO checkpoint has about 5000. */
const MOST_ENTRIES = 100_000
/** Flag bits: encrypted, patched, strongly encrypted, masked. Sizes behind the data (bit 3) and UTF-8 names (11) are usual. */
const FORBIDDEN_FLAGS = 0x2061

interface Entry {
  name: string
  start: number
  length: number
  checksum: number
  checked: boolean
}

/** An archive whose directory has been checked. */
export class StoredZip {
  readonly #bytes: Uint8Array
  readonly #entries: ReadonlyMap<string, Entry>

  /** Throws ERR_MODEL sentences without the file's name. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#entries = readDirectory(bytes)
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#bytes.length
  }

  get names(): Iterable<string> {
    return this.#entries.keys()
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /** The entry's bytes, in place. Throws when there is none of that name, or its checksum is not that of its bytes. */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw refuse(`the archive has no entry "${name}"`)
    const data = this.#bytes.subarray(entry.start, entry.start + entry.length)
    if (!entry.checked && crc32(data) !== entry.checksum)
      throw refuse(
        `the entry "${name}" is damaged: its checksum is not that of its bytes`,
        'copy or download the file again',
      )
    entry.checked = true
    return data
  }
}

interface Directory {
  at: number
  bytes: number
  entries: number
}

function readDirectory(bytes: Uint8Array): Map<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { at, bytes: length, entries } = findDirectory(view)
  if (entries > MOST_ENTRIES)
    throw refuse(`the archive claims ${entries} entries; ${MOST_ENTRIES} are allowed`)
  const found = new Map<string, Entry>()
  const places: { from: number; to: number; name: string }[] = []
  const end = at + length
  let place = at
  for (let i = 0; i < entries; i++) {
    if (place + CENTRAL_BYTES > end || view.getUint32(place, true) !== CENTRAL)
      throw refuse(`the archive's directory claims ${entries} entries but holds ${i}`)
    const { entry, from, next } = readEntry(view, bytes, place, at)
    if (next > end) throw refuse(`the archive's directory is cut off in entry ${i}`)
    if (found.has(entry.name)) throw refuse(`the archive has two entries named "${entry.name}"`)
    found.set(entry.name, entry)
    places.push({ from, to: entry.start + entry.length, name: entry.name })
    place = next
  }
  if (place !== end)
    throw refuse(`the archive's directory holds more than the ${entries} entries it claims`)
  places.sort((a, b) => a.from - b.from)
  for (let i = 1; i < places.length; i++)
    if (places[i]!.from < places[i - 1]!.to)
      throw refuse(`the entries "${places[i - 1]!.name}" and "${places[i]!.name}" overlap`)
  return found
}

/** The directory lies directly before its end records, and those end the file. */
function findDirectory(view: DataView): Directory {
  const size = view.byteLength
  const lowest = Math.max(0, size - END_BYTES - LONGEST_COMMENT)
  let end = size - END_BYTES
  while (
    end >= lowest &&
    (view.getUint32(end, true) !== END || view.getUint16(end + 20, true) !== size - end - END_BYTES)
  )
    end--
  if (end < lowest)
    throw refuse(
      'this is no PyTorch file, or it is cut off: it does not end like a ZIP archive',
      'files of torch before 1.6 are no archives; load and save them again with a later torch',
    )
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 6, true) !== 0)
    throw refuse('the archive is split over several disks')
  const short: Directory = {
    entries: view.getUint16(end + 10, true),
    bytes: view.getUint32(end + 12, true),
    at: view.getUint32(end + 16, true),
  }
  const locator = end - 20
  const has64 = locator >= 56 && view.getUint32(locator, true) === END64_LOCATOR
  const directory = has64 ? longDirectory(view, locator, short) : short
  const limit = has64 ? locator - 56 : end
  if (directory.at + directory.bytes !== limit)
    throw refuse('the archive says that its directory is where it is not')
  if (directory.entries * CENTRAL_BYTES > directory.bytes)
    throw refuse(
      `the archive claims ${directory.entries} entries in a directory of ${directory.bytes} bytes`,
    )
  return directory
}

/** torch writes the 64-bit record always; the short one repeats its numbers, or holds ones where they do not fit. */
function longDirectory(view: DataView, locator: number, short: Directory): Directory {
  const at = locator - 56
  const large = (place: number) => safeNumber(view.getBigUint64(place, true))
  if (large(locator + 8) !== at || view.getUint32(at, true) !== END64 || large(at + 4) !== 44)
    throw refuse('the archive has a 64-bit end record that is not where it says')
  const long: Directory = { entries: large(at + 32), bytes: large(at + 40), at: large(at + 48) }
  const agrees = (a: number, b: number, full: number) => a === b || a === full
  if (
    !agrees(short.entries, long.entries, 0xffff) ||
    !agrees(short.bytes, long.bytes, 0xffffffff) ||
    !agrees(short.at, long.at, 0xffffffff)
  )
    throw refuse('the two end records of the archive contradict each other')
  return long
}

function readEntry(view: DataView, bytes: Uint8Array, place: number, directoryAt: number) {
  const flags = view.getUint16(place + 8, true)
  const nameBytes = view.getUint16(place + 28, true)
  const extraBytes = view.getUint16(place + 30, true)
  const next = place + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(place + 32, true)
  if (next > view.byteLength) throw refuse("the archive's directory is cut off")
  const nameAt = place + CENTRAL_BYTES
  const name = utf8(bytes.subarray(nameAt, nameAt + nameBytes))
  if (view.getUint16(place + 10, true) !== 0)
    throw refuse(
      `the entry "${name}" is compressed; torch stores its entries`,
      'this archive was packed again by another program: unpack it and save it with torch.save',
    )
  if ((flags & FORBIDDEN_FLAGS) !== 0) throw refuse(`the entry "${name}" is encrypted or a patch`)

  const packed = view.getUint32(place + 20, true)
  const plain = view.getUint32(place + 24, true)
  const offset = view.getUint32(place + 42, true)
  const long = longSizes(view, nameAt + nameBytes, extraBytes, name)
  const take = (value: number) => (value === 0xffffffff ? long.shift() : value)
  // In the order of the extra field: plain size, packed size, offset.
  const length = take(plain)
  const stored = take(packed)
  const from = take(offset)
  if (length === undefined || stored === undefined || from === undefined)
    throw refuse(`the entry "${name}" lacks its 64-bit sizes`)
  if (length !== stored) throw refuse(`the stored entry "${name}" claims two different sizes`)

  if (from + LOCAL_BYTES > directoryAt || view.getUint32(from, true) !== LOCAL)
    throw refuse(`the entry "${name}" has no local header at byte ${from}`)
  const localName = bytes.subarray(
    from + LOCAL_BYTES,
    from + LOCAL_BYTES + view.getUint16(from + 26, true),
  )
  if (utf8(localName) !== name || view.getUint16(from + 8, true) !== 0)
    throw refuse(`the local header of the entry "${name}" contradicts the directory`)
  const start = from + LOCAL_BYTES + localName.length + view.getUint16(from + 28, true)
  if (start + length > directoryAt)
    throw refuse(`the entry "${name}" claims ${length} bytes, more than the file has`)
  const checksum = view.getUint32(place + 16, true)
  return { entry: { name, start, length, checksum, checked: false }, from, next }
}

/** Numbers of the ZIP64 extra field, when there is one. */
function longSizes(view: DataView, at: number, bytes: number, name: string): number[] {
  for (let place = at; place + 4 <= at + bytes; ) {
    const length = view.getUint16(place + 2, true)
    if (place + 4 + length > at + bytes)
      throw refuse(`the entry "${name}" has a broken extra field`)
    if (view.getUint16(place, true) === 1)
      return Array.from({ length: Math.min(3, length >> 3) }, (_, i) =>
        safeNumber(view.getBigUint64(place + 4 + 8 * i, true)),
      )
    place += 4 + length
  }
  return []
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw refuse(`the archive claims a size or place of ${value} bytes`)
  return Number(value)
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
