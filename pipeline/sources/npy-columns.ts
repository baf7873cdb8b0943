// Events in NumPy's files whose columns lie apart: a .npz archive with arrays t, x, y and p, or one .npy of columns. An archive
// with one array of whole events is read as a .npy is.
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'
import { type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import { ColumnRecording, type EventBlock, type EventColumns } from './column-recording.js'
import { COLUMNS, type Column, columnNamed } from './event-columns.js'
import { openForReading } from './file.js'
import { npyFormat, toMicros } from './npy.js'
import { isNpy, MAX_NPY_HEADER, type NpyHeader, parseNpyHeader } from './npy-header.js'
import { arrayLayout, describeLayout, firstStamps, inSeconds, isInColumns } from './npy-layout.js'
import { type FieldReader, numberOf, type RecordField, readerOf } from './npy-records.js'
import type { FileFormat, OpenOptions, Recording } from './recording.js'
import { type Section, SectionBytes } from './section-bytes.js'
import { StreamRecording } from './stream-recording.js'
import { readZipDirectory } from './zip-directory.js'

const BLOCK = PACKET_CAPACITY
const ZIP_ENTRY = [0x50, 0x4b, 0x03, 0x04]
const HEAD_BYTES = MAX_NPY_HEADER + 12
/** Numbers that are looked at to tell seconds from µs. */
const SAMPLES = 200

/** The registry's entry for what is not one row of events. */
export const npzFormat: FileFormat = {
  name: 'npz',
  about: 'NumPy arrays whose columns lie apart: .npz with t, x, y, p, or a .npy of columns',
  recognises: (head, name) =>
    isNpy(head)
      ? holdsColumns(head, name)
      : ZIP_ENTRY.every((byte, i) => head[i] === byte) && namesArray(head),
  open,
}

function holdsColumns(head: Uint8Array, name: string): boolean {
  try {
    return isInColumns(parseNpyHeader(head, name))
  } catch {
    return false
  }
}

/** The first entry of an archive is an array. */
function namesArray(head: Uint8Array): boolean {
  const name = Buffer.from(head.subarray(30, 30 + (head[26]! | (head[27]! << 8))))
  return name.toString('latin1').endsWith('.npy')
}

async function open(path: string, options: OpenOptions): Promise<Recording> {
  const { handle, size, mtimeMs } = await openForReading(path)
  const file: NumpyFile = { handle, path, size, mtimeMs }
  try {
    const head = Buffer.alloc(Math.min(size, HEAD_BYTES))
    readSync(handle.fd, head, 0, head.length, 0)
    if (!isNpy(head)) return await openArchive(file, options)
    const whole: Section = { name: path, start: 0, stored: size, size, deflated: false }
    return new ColumnRecording(columnsOfTable(file, whole, parseNpyHeader(head, path), options))
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface NumpyFile {
  handle: FileHandle
  path: string
  size: number
  mtimeMs: number
}

/** An array of the archive. */
interface Entry {
  section: Section
  header: NpyHeader
}

async function openArchive(file: NumpyFile, options: OpenOptions): Promise<Recording> {
  const { handle, path, size, mtimeMs } = file
  const entries = new Map<string, Entry>()
  for (const [name, section] of await readZipDirectory(handle, path, size)) {
    if (!name.endsWith('.npy')) continue
    const bytes = new SectionBytes(handle, path, mtimeMs, section)
    const header = parseNpyHeader(await bytes.peek(HEAD_BYTES), section.name)
    await bytes[Symbol.asyncDispose]()
    entries.set(name.slice(0, -'.npy'.length), { section, header })
  }
  const named = [...entries].filter(([name]) => columnNamed(name) !== undefined)
  if (named.length === COLUMNS.length)
    return new ColumnRecording(await columnsOfArrays(file, named, options))
  const tables = [...entries].filter(([, { header }]) => mayHoldEvents(header))
  const [first] = tables.length > 1 ? tables.filter(([name]) => name === 'events') : tables
  if (first === undefined)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${path} holds ${[...entries.keys()].join(', ') || 'no arrays'}: neither arrays t, x, y and p nor one table of events`,
    )
  return openTable(file, first[1], options)
}

/** Records, or plain numbers in four columns. */
function mayHoldEvents({ descr, shape }: NpyHeader): boolean {
  return typeof descr === 'string' ? shape.length === 2 && shape.includes(4) : shape.length === 1
}

/** A table of events in an archive: as if it lay in a file of its own. */
async function openTable(
  file: NumpyFile,
  { section, header }: Entry,
  options: OpenOptions,
): Promise<Recording> {
  const { handle, path, mtimeMs } = file
  if (isInColumns(header)) {
    if (!section.deflated)
      return new ColumnRecording(columnsOfTable(file, section, header, options))
    throw new SaccadeError(
      'ERR_FORMAT',
      `${section.name} is packed and holds its columns one after the other`,
      'write numpy.ascontiguousarray(events), or numpy.savez in the place of savez_compressed',
    )
  }
  const bytes = new SectionBytes(handle, path, mtimeMs, section)
  const head = await bytes.peek(HEAD_BYTES)
  const input = { name: section.name, whole: head.length === section.size }
  const beginning = npyFormat.begin(head, input, options)
  // Bisection would unpack from the start for each look.
  const { records: _, ...streamed } = beginning
  return new OwningRecording(bytes, section.deflated ? streamed : beginning, handle)
}

/** Closes the file that its bytes are a part of. */
class OwningRecording extends StreamRecording {
  constructor(
    bytes: SectionBytes,
    beginning: ConstructorParameters<typeof StreamRecording>[1],
    private readonly handle: FileHandle,
  ) {
    super(bytes, beginning)
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    await this.handle.close()
  }
}

/** One column: where its numbers lie, and how they are read. */
interface NumberColumn {
  bytes: SectionBytes
  /** Offset of the first number. */
  start: number
  stride: number
  read: FieldReader
  deflated: boolean
}

/** A table of columns: N x 4 in Fortran's order, or 4 x N. */
function columnsOfTable(
  { handle, path, size, mtimeMs }: NumpyFile,
  section: Section,
  header: NpyHeader,
  options: OpenOptions,
): NumpyColumns {
  const start = section.start + header.dataStart
  const number = Buffer.alloc(8)
  const view = new DataView(number.buffer, number.byteOffset, 8)
  const sample = (field: RecordField, at: number) => {
    const got = readSync(handle.fd, number, 0, field.bytes, start + at + field.offset)
    return got === field.bytes ? readerOf({ ...field, offset: 0 })(view, 0) : undefined
  }
  const layout = arrayLayout(header, sample)
  if (typeof layout === 'string') throw new SaccadeError('ERR_FORMAT', `${section.name} ${layout}`)
  const { count, stride, bytes, fields } = layout
  if (header.dataStart + bytes > section.size)
    throw new SaccadeError(
      'ERR_TRUNCATED',
      `${section.name} holds ${section.size - header.dataStart} of the ${bytes} bytes that its header claims, and its last column is not whole`,
      'copy the file again',
    )
  const seconds = inSeconds(fields.t, firstStamps(layout, sample))
  const column = (field: RecordField): NumberColumn => ({
    bytes: new SectionBytes(handle, path, mtimeMs, { ...section, checksum: undefined }),
    start: header.dataStart + field.offset,
    stride,
    read: readerOf({ ...field, offset: 0 }),
    deflated: false,
  })
  const { t, x, y, p } = fields
  return new NumpyColumns(
    { handle, path, size, mtimeMs },
    { t: column(t), x: column(x), y: column(y), p: column(p) },
    count,
    seconds,
    `NPY, ${describeLayout(layout, seconds)}`,
    options.geometry,
  )
}

/** An array for each column. */
async function columnsOfArrays(
  file: NumpyFile,
  entries: readonly (readonly [string, Entry])[],
  options: OpenOptions,
): Promise<NumpyColumns> {
  const { handle, path, mtimeMs } = file
  const columns = new Map<Column, NumberColumn>()
  let count: number | undefined
  let seconds = false
  for (const [name, { section, header }] of entries) {
    const field = numberOf(header.descr)
    const [length] = header.shape
    const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${section.name} ${why}`)
    if (field === undefined || header.shape.length !== 1 || length === undefined)
      throw refuse('is no list of numbers')
    count ??= length
    if (length !== count) throw refuse(`holds ${length} numbers, others ${count}`)
    if (header.dataStart + length * field.bytes > section.size)
      throw refuse(`claims ${length} numbers but has ${section.size - header.dataStart} bytes`)
    const bytes = new SectionBytes(handle, path, mtimeMs, section)
    const { deflated } = section
    const column = columnNamed(name)!
    const { dataStart: start } = header
    columns.set(column, { bytes, start, stride: field.bytes, read: readerOf(field), deflated })
    if (column === 't') {
      const head = (await bytes.peek(start + SAMPLES * field.bytes)).subarray(start)
      const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
      const sampled = Math.min(length, SAMPLES)
      const stamps = Array.from({ length: sampled }, (_, i) =>
        readerOf(field)(view, i * field.bytes),
      )
      seconds = inSeconds(field, stamps)
    }
  }
  const [t, x, y, p] = COLUMNS.map((column) => columns.get(column))
  if (t === undefined || x === undefined || y === undefined || p === undefined)
    throw new SaccadeError('ERR_FORMAT', `${path} has two arrays for one column`)
  const format = `NPZ, arrays t x y p, times in ${seconds ? 's' : 'µs'}`
  return new NumpyColumns(file, { t, x, y, p }, count!, seconds, format, options.geometry)
}

/** See EventColumns. */
class NumpyColumns implements EventColumns {
  readonly header = {}
  readonly path: string
  readonly size: number
  readonly blockEvents = BLOCK
  /** First stamps of blocks: all of them where the stamps are packed, and one must go through them. */
  #firsts: Promise<Float64Array> | undefined
  readonly #chunk = new Uint8Array(8 * BLOCK)
  readonly #block = { t: room(), x: room(), y: room(), p: room() }

  constructor(
    private readonly file: NumpyFile,
    private readonly columns: Readonly<Record<Column, NumberColumn>>,
    readonly events: number,
    private readonly seconds: boolean,
    readonly format: string,
    readonly geometry: Geometry | undefined,
  ) {
    this.path = file.path
    this.size = file.size
    if (events === 0) throw new SaccadeError('ERR_TRUNCATED', `${file.path} holds no event`)
  }

  async load(block: number): Promise<EventBlock> {
    const from = block * BLOCK
    const count = Math.min(BLOCK, this.events - from)
    for (const column of COLUMNS)
      await this.#read(this.columns[column], from, count, this.#block[column])
    const { t, x, y, p } = this.#block
    for (let i = 0; i < count; i++) t[i] = toMicros(t[i]!, this.seconds)
    return { t: t.subarray(0, count), x, y, p }
  }

  async firstStamp(block: number): Promise<number> {
    if (this.columns.t.deflated) {
      this.#firsts ??= this.#allFirsts()
      return (await this.#firsts)[block]!
    }
    const one = new Float64Array(1)
    await this.#read(this.columns.t, block * BLOCK, 1, one)
    return toMicros(one[0]!, this.seconds)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const column of COLUMNS) await this.columns[column].bytes[Symbol.asyncDispose]()
    await this.file.handle.close()
  }

  async #allFirsts(): Promise<Float64Array> {
    const firsts = new Float64Array(Math.ceil(this.events / BLOCK))
    const one = new Float64Array(1)
    for (let block = 0; block < firsts.length; block++) {
      await this.#read(this.columns.t, block * BLOCK, 1, one)
      firsts[block] = toMicros(one[0]!, this.seconds)
    }
    return firsts
  }

  async #read(
    { bytes, start, stride, read }: NumberColumn,
    from: number,
    count: number,
    into: Float64Array,
  ): Promise<void> {
    bytes.seek(start + from * stride)
    const wanted = count * stride
    for (let got = 0; got < wanted; )
      got += await bytes.read(this.#chunk.subarray(got), wanted - got)
    const view = new DataView(this.#chunk.buffer)
    for (let i = 0; i < count; i++) into[i] = read(view, i * stride)
  }
}

function room(): Float64Array {
  return new Float64Array(BLOCK)
}
