// Events in a .npy file, one behind the other: records with named fields, or N x 4 plain numbers.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { Counts } from './counts.js'
import { isNpy, parseNpyHeader } from './npy-header.js'
import {
  type ArrayLayout,
  arrayLayout,
  describeLayout,
  firstStamps,
  inSeconds,
  samplerOf,
} from './npy-layout.js'
import { type FieldReader, readerOf } from './npy-records.js'
import type { Beginning, Decoder, Input, OpenOptions, StreamFormat } from './recording.js'

const MAX_OFFSET = 2 ** 32 - 1

/** The registry's entry for arrays in which an event's numbers lie together; those in columns are npy-columns. */
export const npyFormat: StreamFormat = {
  name: 'npy',
  about: 'NumPy array of events: records with fields t, x, y, p, or N x 4 numbers',
  recognises: (head, name) => {
    try {
      const layout = isNpy(head) && layoutOf(head, name).layout
      return typeof layout === 'object' && !layout.inColumns
    } catch {
      return false
    }
  },
  begin,
}

/** What the head of a file says of its events; for what holds none, why. */
export function layoutOf(head: Uint8Array, name: string) {
  const header = parseNpyHeader(head, name)
  const sample = samplerOf(head.subarray(header.dataStart))
  const layout = arrayLayout(header, sample)
  return { layout, dataStart: header.dataStart, sample }
}

function begin(head: Uint8Array, { name, whole }: Input, options: OpenOptions): Beginning {
  const { layout, dataStart, sample } = layoutOf(head, name)
  if (typeof layout === 'string') throw new SaccadeError('ERR_FORMAT', `${name} ${layout}`)
  if (layout.inColumns)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} holds its columns one after the other, which cannot be read from a stream`,
      'write numpy.ascontiguousarray(events), or give the file by its name',
    )
  const { count, stride, bytes, fields } = layout
  if (count === 0 || (whole && head.length < dataStart + stride))
    throw new SaccadeError('ERR_TRUNCATED', `${name} holds no whole event`)
  const seconds = inSeconds(fields.t, firstStamps(layout, sample))
  const time = readerOf(fields.t)
  return {
    format: `NPY, ${describeLayout(layout, seconds)}`,
    geometry: options.geometry,
    header: {},
    dataStart,
    dataEnd: dataStart + bytes,
    decoder: new NpyDecoder(layout, seconds, options.geometry),
    records: {
      bytes: stride,
      wrapUs: Number.POSITIVE_INFINITY,
      originUs: 0,
      stamp: (record) => toMicros(time(record, 0), seconds),
    },
  }
}

/** A stamp as µs; NaN for what is none. */
export function toMicros(stamp: number, seconds: boolean): number {
  return Math.round(seconds ? stamp * 1e6 : stamp)
}

/** See Decoder. Its state is the place of the record that it is in. */
class NpyDecoder implements Decoder {
  readonly #counts = new Counts()
  readonly #width: number
  readonly #height: number
  readonly #bytes: number
  readonly #t: FieldReader
  readonly #x: FieldReader
  readonly #y: FieldReader
  readonly #p: FieldReader
  /** Beginning of a record that the last chunk cut. */
  readonly #cut: Uint8Array
  #cutLength = 0
  /** Offset of the next record. */
  #at = 0

  constructor(
    { stride, fields: { t, x, y, p } }: ArrayLayout,
    private readonly seconds: boolean,
    geometry: Geometry | undefined,
  ) {
    this.#bytes = stride
    this.#width = geometry?.width ?? 0x10000
    this.#height = geometry?.height ?? 0x10000
    this.#t = readerOf(t)
    this.#x = readerOf(x)
    this.#y = readerOf(y)
    this.#p = readerOf(p)
    this.#cut = new Uint8Array(stride)
  }

  decode(bytes: Uint8Array, from: number, to: number, packet: EventPacket): number {
    let at = from
    if (this.#cutLength > 0) {
      const count = Math.min(this.#bytes - this.#cutLength, to - at)
      this.#cut.set(bytes.subarray(at, at + count), this.#cutLength)
      if (this.#cutLength + count < this.#bytes) {
        this.#cutLength += count
        return to - from
      }
      if (!this.#take(new DataView(this.#cut.buffer), 0, packet)) return 0
      at += count
      this.#cutLength = 0
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (; at + this.#bytes <= to; at += this.#bytes)
      if (!this.#take(view, at, packet)) return at - from
    this.#cut.set(bytes.subarray(at, to))
    this.#cutLength = to - at
    return to - from
  }

  restart(position: number): void {
    this.#at = position
    this.#cutLength = 0
    this.#counts.take()
  }

  save(): Uint8Array {
    return new Uint8Array(new Float64Array([this.#at]).buffer)
  }

  restore(state: Uint8Array): boolean {
    if (state.length !== 8) return false
    const [at] = new Float64Array(state.slice().buffer)
    if (!Number.isSafeInteger(at) || at! < 0) return false
    this.restart(at!)
    return true
  }

  takeFaults(): (string | number)[] | undefined {
    return this.#counts.take()
  }

  takeTriggers(): undefined {
    return undefined
  }

  get held(): number {
    return this.#cutLength
  }

  /** A record is read again from its beginning. */
  get unsaved(): number {
    return this.#cutLength
  }

  /** One record; false when its event does not fit. */
  #take(view: DataView, record: number, packet: EventPacket): boolean {
    const t = toMicros(this.#t(view, record), this.seconds)
    const x = this.#x(view, record)
    const y = this.#y(view, record)
    if (!Number.isSafeInteger(t) || !Number.isInteger(x) || !Number.isInteger(y))
      this.#counts.add('broken_records', this.#at)
    else if (x < 0 || y < 0 || x >= this.#width || y >= this.#height || t < 0)
      this.#counts.add('out_of_range', this.#at)
    else {
      const n = packet.length
      if (n === 0) packet.t0 = t
      else if (n === packet.capacity || t < packet.t0 || t - packet.t0 > MAX_OFFSET) return false
      packet.t[n] = t - packet.t0
      packet.x[n] = x
      packet.y[n] = y
      packet.p[n] = this.#p(view, record) > 0 ? 1 : 0
      packet.length = n + 1
    }
    this.#at += this.#bytes
    return true
  }
}
