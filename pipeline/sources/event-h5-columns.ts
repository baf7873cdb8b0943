// Event columns in HDF5: a group `events` of t, x, y and p. RVT's files (NAME_td.dat.h5) have the sensor's height and width beside
// them; DSEC's have `t_offset`, which the stamps are less, and an index of milliseconds, which is not needed.
import type { Dataset, File } from 'h5wasm/node'
import { SaccadeError } from '../errors.js'
import { type Geometry, PACKET_CAPACITY } from '../events/packet.js'
import type { EventBlock, EventColumns } from './column-recording.js'
import { COLUMNS, type Column } from './event-columns.js'
import { attempt, datasetOf, isWhole } from './h5-library.js'
import type { OpenOptions } from './recording.js'

type Integers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
type Datasets = Readonly<Record<Column, Dataset>>

/** See EventColumns. */
export class H5Columns implements EventColumns {
  readonly header: Readonly<Record<string, string>>
  readonly events: number
  readonly blockEvents = PACKET_CAPACITY
  readonly #t = new Float64Array(PACKET_CAPACITY)

  private constructor(
    readonly path: string,
    private readonly file: File,
    readonly size: number,
    private readonly datasets: Datasets,
    readonly geometry: Geometry | undefined,
    private readonly originUs: number | undefined,
  ) {
    this.events = datasets.t.shape![0]!
    this.header = originUs === undefined ? {} : { t_offset: String(originUs) }
  }

  /** Throws ERR_FORMAT or ERR_TRUNCATED. */
  static open(path: string, file: File, size: number, options: OpenOptions): H5Columns {
    return attempt(path, () => {
      const geometry = sensorOf(file) ?? options.geometry
      return new H5Columns(path, file, size, columnsOf(path, file), geometry, originOf(path, file))
    })
  }

  get format(): string {
    return this.originUs === undefined ? 'HDF5 events' : 'HDF5 events, DSEC'
  }

  async load(block: number): Promise<EventBlock> {
    const from = block * PACKET_CAPACITY
    const to = Math.min(from + PACKET_CAPACITY, this.events)
    const stamps = this.#read('t', from, to)
    const t = this.#t.subarray(0, to - from)
    for (let i = 0; i < t.length; i++) t[i] = this.#stamp(stamps[i]!)
    return {
      t,
      x: this.#numbers('x', from, to),
      y: this.#numbers('y', from, to),
      p: this.#numbers('p', from, to),
    }
  }

  async firstStamp(block: number): Promise<number> {
    const from = block * PACKET_CAPACITY
    return this.#stamp(this.#read('t', from, from + 1)[0]!)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.file.close()
  }

  #stamp(raw: number | bigint): number {
    return Number(raw) + (this.originUs ?? 0)
  }

  #numbers(name: Column, from: number, to: number): ArrayLike<number> {
    const values = this.#read(name, from, to)
    if (values instanceof BigInt64Array || values instanceof BigUint64Array)
      return Float64Array.from(values, Number)
    return values
  }

  #read(name: Column, from: number, to: number): Integers {
    return attempt(this.path, () => this.datasets[name].slice([[from, to]]) as Integers)
  }
}

function columnsOf(path: string, file: File): Datasets {
  const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${path} ${why}`)
  const datasets = Object.fromEntries(
    COLUMNS.map((name) => {
      const dataset = datasetOf(file, `events/${name}`)
      if (dataset === undefined)
        throw refuse(`has no column events/${name}: it holds no events as DSEC or RVT have them`)
      if (dataset.shape?.length !== 1) throw refuse(`has a column events/${name} that is no list`)
      if (!isWhole(dataset.metadata))
        throw refuse(`has a column events/${name} that is not of whole numbers`)
      return [name, dataset]
    }),
  ) as Record<Column, Dataset>
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
    const dataset = datasetOf(file, `events/${name}`)
    return dataset && Number(dataset.value)
  })
  return width === undefined || height === undefined ? undefined : { width, height }
}

/** What DSEC's stamps are less; undefined for files that are not DSEC's. */
function originOf(path: string, file: File): number | undefined {
  const dataset = datasetOf(file, 't_offset')
  if (dataset === undefined) return undefined
  const origin = isWhole(dataset.metadata) ? Number(dataset.value) : Number.NaN
  if (Number.isSafeInteger(origin)) return origin
  throw new SaccadeError('ERR_FORMAT', `${path} has a t_offset that is no time: ${dataset.value}`)
}
