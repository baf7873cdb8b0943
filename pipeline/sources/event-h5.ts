// Recordings as RVT prepares them, NAME_td.dat.h5: HDF5 with a group `events` of the columns t, x, y and p, and the sensor's
// height and width beside them where the writer knew them. Read in blocks of one packet, by h5wasm, which is loaded when
// the first such file is opened and need not be installed otherwise.
import { fileURLToPath } from 'node:url'
import type { Dataset, File } from 'h5wasm/node'
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { type EventPacket, type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import { openForReading } from './file.js'
import type { FileFormat, OpenOptions, Recording } from './recording.js'

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
/** Events that are read at a time; seeking goes by the first stamps of blocks. */
const BLOCK = PACKET_CAPACITY
/** Largest offset from t0 in a packet, µs. */
const MAX_OFFSET = 2 ** 32 - 1

/** The registry's entry for event columns in HDF5. */
export const eventH5Format: FileFormat = {
  name: 'h5',
  about: 'event columns in HDF5, as RVT prepares them',
  recognises: (head) => SIGNATURE.every((byte, i) => head[i] === byte),
  open: (path, options) => EventH5Recording.open(path, options),
}

const COLUMNS = ['t', 'x', 'y', 'p'] as const
type ColumnName = (typeof COLUMNS)[number]
type Integers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

class EventH5Recording implements Recording {
  readonly format = 'HDF5 events'
  readonly header = {}
  readonly seekable = true
  readonly records: number
  readonly faults: Record<string, number> = {}
  /** Stamps of the first events of blocks, as far as they were asked for. */
  readonly #firsts: number[] = []
  #block: { index: number; columns: Record<ColumnName, Integers> } | undefined
  /** Number of the next event. */
  #at = 0
  #closed = false

  private constructor(
    readonly path: string,
    private readonly file: File,
    private readonly datasets: Record<ColumnName, Dataset>,
    readonly geometry: Geometry | undefined,
    private readonly size: number,
  ) {
    this.records = datasets.t.shape![0]!
  }

  static async open(path: string, options: OpenOptions): Promise<Recording> {
    const { handle, size } = await openForReading(path)
    await handle.close()
    const { File: H5File } = await library()
    const file = attempt(path, () => new H5File(path, 'r'))
    try {
      const geometry = attempt(path, () => sensorOf(file)) ?? options.geometry
      if (geometry !== undefined && !isGeometry(geometry))
        throw new SaccadeError(
          'ERR_FORMAT',
          `${path} is of a sensor of ${geometry.width} x ${geometry.height} pixels, which is none`,
        )
      const columns = attempt(path, () => columnsOf(path, file))
      return new EventH5Recording(path, file, columns, geometry, size)
    } catch (error) {
      file.close()
      throw error
    }
  }

  get progress(): { bytes: number; total: number } {
    return { bytes: Math.floor((this.size * this.#at) / this.records), total: this.size }
  }

  async next(packet: EventPacket): Promise<boolean> {
    packet.reset()
    const { width = 0, height = 0 } = this.geometry ?? {}
    Object.assign(packet, { width, height })
    let outside = 0
    while (this.#at < this.records && packet.length < packet.capacity) {
      const { t, x, y, p } = this.#load(Math.floor(this.#at / BLOCK))
      const i = this.#at % BLOCK
      const stamp = this.#stamp(t[i]!, this.#at)
      if (packet.length === 0) packet.t0 = stamp
      // A packet has one base: it ends where stamps fall below it or leave its reach.
      else if (stamp < packet.t0 || stamp - packet.t0 > MAX_OFFSET) break
      this.#at += 1
      const [column, row] = [Number(x[i]), Number(y[i])]
      if (column < 0 || row < 0 || (width > 0 && (column >= width || row >= height))) {
        outside += 1
        continue
      }
      const n = packet.length
      packet.t[n] = stamp - packet.t0
      packet.x[n] = column
      packet.y[n] = row
      // OFF is 0 or -1.
      packet.p[n] = Number(p[i]) > 0 ? 1 : 0
      packet.length = n + 1
    }
    if (outside > 0) {
      packet.faults = { out_of_range: outside }
      this.faults.out_of_range = (this.faults.out_of_range ?? 0) + outside
    }
    return packet.length > 0
  }

  /** Where stamps run backwards it is one of the places where they pass tUs. */
  async seek(tUs: number): Promise<void> {
    delete this.faults.out_of_range
    let low = -1
    for (let high = Math.ceil(this.records / BLOCK); high - low > 1; ) {
      const middle = Math.floor((low + high) / 2)
      if (this.#firstOf(middle) < tUs) low = middle
      else high = middle
    }
    if (low < 0) {
      this.#at = 0
      return
    }
    const { t } = this.#load(low)
    let i = 0
    while (i < t.length && Number(t[i]) < tUs) i += 1
    this.#at = low * BLOCK + i
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.file.close()
    this.#closed = true
  }

  #load(index: number): Record<ColumnName, Integers> {
    if (this.#block?.index !== index) {
      const [from, to] = [index * BLOCK, Math.min((index + 1) * BLOCK, this.records)]
      const columns = Object.fromEntries(
        COLUMNS.map((name) => [name, this.#read(name, from, to)]),
      ) as Record<ColumnName, Integers>
      this.#block = { index, columns }
    }
    return this.#block!.columns
  }

  #firstOf(block: number): number {
    this.#firsts[block] ??= this.#stamp(
      this.#read('t', block * BLOCK, block * BLOCK + 1)[0]!,
      block * BLOCK,
    )
    return this.#firsts[block]
  }

  #read(name: ColumnName, from: number, to: number): Integers {
    return attempt(this.path, () => this.datasets[name].slice([[from, to]]) as Integers)
  }

  #stamp(raw: number | bigint, index: number): number {
    const stamp = Number(raw)
    if (Number.isSafeInteger(stamp) && stamp >= 0) return stamp
    throw new SaccadeError('ERR_FORMAT', `${this.path}: event ${index} has the stamp ${raw} µs`)
  }
}

function columnsOf(path: string, file: File): Record<ColumnName, Dataset> {
  const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${path} ${why}`)
  const datasets = Object.fromEntries(
    COLUMNS.map((name) => {
      const dataset = file.get(`events/${name}`) as Dataset | null
      if (dataset?.type !== 'Dataset')
        throw refuse(`has no column events/${name}: it holds no events as RVT prepares them`)
      if (dataset.shape?.length !== 1) throw refuse(`has a column events/${name} that is no list`)
      // Class 0 is integers of up to 64 bits.
      if (dataset.metadata.type !== 0 || ![1, 2, 4, 8].includes(dataset.metadata.size))
        throw refuse(`has a column events/${name} that is not of whole numbers`)
      return [name, dataset]
    }),
  ) as Record<ColumnName, Dataset>
  const [events] = datasets.t.shape!
  for (const name of COLUMNS) {
    const [length] = datasets[name].shape!
    if (length !== events) throw refuse(`has ${events} stamps but ${length} values of ${name}`)
  }
  if (events === 0) throw new SaccadeError('ERR_TRUNCATED', `${path} holds no event`)
  return datasets
}

/** The sensor's size, where it is told. */
function sensorOf(file: File): Geometry | undefined {
  const [width, height] = ['width', 'height'].map((name) => {
    const dataset = file.get(`events/${name}`) as Dataset | null
    return dataset?.type === 'Dataset' ? Number(dataset.value) : undefined
  })
  return width === undefined || height === undefined ? undefined : { width, height }
}

type Library = typeof import('h5wasm/node')
let loaded: Promise<Library> | undefined

function library(): Promise<Library> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Library> {
  let h5: Library
  try {
    h5 = await import('h5wasm/node')
  } catch (cause) {
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      'HDF5 recordings need the optional package h5wasm, which is not installed',
      'npm install h5wasm@0.8 h5wasm-plugins@0.2',
      { cause },
    )
  }
  const module = await h5.ready
  // Else errors are printed, and reading goes on with what is not there.
  module.activate_throwing_error_handler()
  try {
    const plugins = new URL('plugins', import.meta.resolve('h5wasm-plugins'))
    module.insert_plugin_search_path(fileURLToPath(plugins), 0)
  } catch {
    // Files without Blosc and the like are read all the same; with it, reading says what is missing.
  }
  return h5
}

/** HDF5's errors are pages long; what helps is which filter it does not have. */
function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof SaccadeError) throw cause
    const text = String(cause)
    const [, filter] = /required filter '?([\w-]+)/.exec(text) ?? []
    const what =
      filter === undefined ? 'is damaged or no HDF5 file' : `is packed with the filter ${filter}`
    const hint = filter === undefined ? undefined : 'npm install h5wasm-plugins@0.2'
    throw new SaccadeError('ERR_FORMAT', `${path} ${what}`, hint, { cause })
  }
}
