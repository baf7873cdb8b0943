// Prophesee's HDF5: events as records of 16 bytes in chunks that are packed with ECF, triggers beside them. Chunks are read from
// where they lie, since HDF5's library knows nothing of ECF.
import type { FileHandle } from 'node:fs/promises'
import type { Dataset, File } from 'h5wasm/node'
import { SaccadeError } from '../errors.js'
import { parseGeometry } from '../events/geometry.js'
import type { Geometry, Trigger } from '../events/packet.js'
import { decodeEcf } from './codecs.js'
import type { EventBlock, EventColumns } from './column-recording.js'
import { readAt } from './file.js'
import { findChunks, type StoredChunk } from './h5-chunks.js'
import { attempt, datasetOf } from './h5-library.js'
import type { OpenOptions } from './recording.js'

/** Where the events are. */
export const EVENTS = 'CD/events'
const TRIGGERS = 'EXT_TRIGGER/events'
const ECF = 36_559
const RECORD_BYTES = 16
/** Names and offsets of a record's fields. */
const FIELDS = 'x 0, y 2, p 4, t 8'
/** What a chunk's count has bits for; writers use 16,384. */
const MOST_CHUNK_EVENTS = 65_535
/** A packed event has some 2 bytes, at worst 13. */
const MOST_CHUNK_BYTES = 16 * MOST_CHUNK_EVENTS + 64
const TRIGGER_FIELDS = 'p, t, id'
const TRIGGER_ROWS = 4096

interface PropheseeFile {
  path: string
  handle: FileHandle
  size: number
  file: File
}

/** See EventColumns. */
export class PropheseeColumns implements EventColumns {
  readonly path: string
  readonly size: number
  readonly #room: { t: Float64Array; x: Uint16Array; y: Uint16Array; p: Uint8Array }
  readonly #firsts = new Map<number, number>()
  #chunk = new Uint8Array(0)
  /** The rows of triggers that were looked at last, from this one on, and the time that was asked for. */
  readonly #edges = { row: 0, rows: [] as readonly Trigger[], asked: 0 }

  private constructor(
    private readonly opened: PropheseeFile,
    readonly format: string,
    readonly geometry: Geometry | undefined,
    readonly header: Readonly<Record<string, string>>,
    readonly events: number,
    readonly blockEvents: number,
    private readonly chunks: ReadonlyMap<number, StoredChunk>,
    private readonly packed: boolean,
    private readonly edges: Dataset | undefined,
  ) {
    this.path = opened.path
    this.size = opened.size
    this.#room = {
      t: new Float64Array(blockEvents),
      x: new Uint16Array(blockEvents),
      y: new Uint16Array(blockEvents),
      p: new Uint8Array(blockEvents),
    }
  }

  /** Rejects with ERR_FORMAT or ERR_TRUNCATED. */
  static async open(opened: PropheseeFile, options: OpenOptions): Promise<PropheseeColumns> {
    const { path, handle, size, file } = opened
    const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${path} ${why}`)
    const { events, chunk, filters, header, edges } = attempt(path, () => {
      const dataset = datasetOf(file, EVENTS)!
      const { metadata, filters, shape } = dataset
      const members = metadata.compound_type?.members.map(({ name, offset }) => `${name} ${offset}`)
      if (metadata.size !== RECORD_BYTES || members?.join(', ') !== FIELDS)
        throw refuse(`has ${EVENTS} that are not records of ${FIELDS}`)
      const attributes = Object.entries(file.attrs).map(([name, { value }]) => [
        name,
        String(value),
      ])
      return {
        events: shape?.length === 1 ? shape[0]! : 0,
        chunk: metadata.chunks?.[0] ?? 0,
        filters,
        header: Object.fromEntries(attributes) as Record<string, string>,
        edges: edgesIn(file, refuse),
      }
    })
    const other = filters.find(({ id }) => id !== ECF)
    if (other !== undefined)
      throw refuse(`is packed with the filter ${other.name || other.id}, not with ECF`)
    if (!(chunk > 0 && chunk <= MOST_CHUNK_EVENTS))
      throw refuse(`keeps its events in chunks of ${chunk}`)
    if (events === 0) throw new SaccadeError('ERR_TRUNCATED', `${path} holds no event`)
    const geometry =
      header.geometry === undefined ? options.geometry : sizeOf(path, header.geometry)
    return new PropheseeColumns(
      opened,
      filters.length > 0 ? 'HDF5, ECF' : 'HDF5, Prophesee',
      geometry,
      header,
      events,
      chunk,
      await findChunks(handle, path, size, EVENTS.split('/')),
      filters.length > 0,
      edges,
    )
  }

  async load(block: number): Promise<EventBlock> {
    const first = block * this.blockEvents
    const wanted = Math.min(this.blockEvents, this.events - first)
    const chunk = this.chunks.get(first)
    const broken = (why: string) =>
      new SaccadeError('ERR_FORMAT', `${this.path}: the chunk of event ${first} ${why}`)
    if (chunk === undefined) throw broken('is not there')
    if (chunk.bytes > MOST_CHUNK_BYTES) throw broken(`claims ${chunk.bytes} bytes`)
    if (chunk.bytes > this.#chunk.length) this.#chunk = new Uint8Array(chunk.bytes)
    const bytes = this.#chunk.subarray(0, chunk.bytes)
    await readAt(this.opened.handle, this.path, bytes, bytes.length, chunk.offset)
    const { t, x, y, p } = this.#room
    // A filter that was left out, as writers do where it gains nothing.
    const packed = this.packed && (chunk.filterMask & 1) === 0
    const got = packed ? decodeEcf(bytes, t, x, y, p) : this.#takeRecords(bytes)
    if (got < wanted) throw broken(`at byte ${chunk.offset} does not unpack to ${wanted} events`)
    return { t: t.subarray(0, wanted), x, y, p }
  }

  async firstStamp(block: number): Promise<number> {
    const known = this.#firsts.get(block)
    if (known !== undefined) return known
    const { t } = await this.load(block)
    this.#firsts.set(block, t[0]!)
    return t[0]!
  }

  async triggers(from: number, to: number): Promise<Trigger[]> {
    const found: Trigger[] = []
    const count = this.edges?.shape?.[0] ?? 0
    // They stand in the order of their time, and are asked for in it but for a seek back.
    let row = from < this.#edges.asked ? 0 : this.#edges.row
    for (; row < count; row += TRIGGER_ROWS) {
      if (this.#edges.row !== row || this.#edges.rows.length === 0)
        this.#edges.rows = this.#edgesOf(row, Math.min(count, row + TRIGGER_ROWS))
      this.#edges.row = row
      for (const edge of this.#edges.rows) if (edge.t >= from && edge.t < to) found.push(edge)
      if (this.#edges.rows.at(-1)!.t >= to) break
    }
    this.#edges.asked = from
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.opened.file.close()
    await this.opened.handle.close()
  }

  #takeRecords(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const { t, x, y, p } = this.#room
    const count = Math.min(t.length, Math.floor(bytes.length / RECORD_BYTES))
    for (let i = 0, at = 0; i < count; i++, at += RECORD_BYTES) {
      x[i] = view.getUint16(at, true)
      y[i] = view.getUint16(at + 2, true)
      p[i] = view.getInt16(at + 4, true) > 0 ? 1 : 0
      t[i] = view.getInt32(at + 12, true) * 2 ** 32 + view.getUint32(at + 8, true)
    }
    return count
  }

  #edgesOf(from: number, to: number): Trigger[] {
    const rows = attempt(this.path, () => this.edges!.slice([[from, to]])) as unknown as [
      p: number,
      t: bigint,
      id: number,
    ][]
    return rows.map(([p, stamp, id], i) => {
      const t = Number(stamp)
      if (Number.isSafeInteger(t) && t >= 0) return { t, id, value: p > 0 ? 1 : 0 }
      throw new SaccadeError(
        'ERR_FORMAT',
        `${this.path}: trigger ${from + i} has the stamp ${stamp} µs`,
      )
    })
  }
}

/** The triggers, when there are any. */
function edgesIn(file: File, refuse: (why: string) => SaccadeError): Dataset | undefined {
  const dataset = datasetOf(file, TRIGGERS)
  if (dataset === undefined || dataset.shape?.length !== 1 || dataset.shape[0] === 0)
    return undefined
  const members = dataset.metadata.compound_type?.members.map(({ name }) => name)
  if (members?.join(', ') === TRIGGER_FIELDS) return dataset
  throw refuse(`has ${TRIGGERS} that are not records of ${TRIGGER_FIELDS}`)
}

function sizeOf(path: string, text: string): Geometry {
  try {
    return parseGeometry(text)
  } catch (cause) {
    throw new SaccadeError(
      'ERR_FORMAT',
      `${path} gives an impossible sensor size in its header: "${text.slice(0, 40)}"`,
      undefined,
      { cause },
    )
  }
}
