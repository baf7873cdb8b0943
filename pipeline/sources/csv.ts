// Events as lines of text (CSV, TXT): columns named or guessed, times in µs or in decimal seconds.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { Counts } from './counts.js'
import { type CsvLayout, csvLayoutOf, describe, namesColumnsOnly } from './csv-layout.js'
import type { Decoder, StreamFormat } from './recording.js'

const NEWLINE = 0x0a
const [SPACE, TAB, RETURN, MINUS, DOT] = [0x20, 0x09, 0x0d, 0x2d, 0x2e]
const MAX_LINE_BYTES = 4096
const MAX_OFFSET = 2 ** 32 - 1
const US_DIGITS = 6

/** The registry's entry for text. What was guessed stands in the name of the format, which `info` and the log show. */
export const csvFormat: StreamFormat = {
  name: 'csv',
  about: 'text, one event a line: columns t, x, y, p named or guessed',
  recognises: (head) => csvLayoutOf(head) !== undefined || namesColumnsOnly(head),
  begin: (head, { name }, options) => {
    if (namesColumnsOnly(head))
      throw new SaccadeError(
        'ERR_TRUNCATED',
        `${name} holds no event after its header, at byte ${head.length}`,
        'copy or record the file again',
      )
    const layout = csvLayoutOf(head)
    if (layout === undefined)
      throw new SaccadeError(
        'ERR_FORMAT',
        `${name} does not say which of its columns are t, x, y and p, and they cannot be guessed`,
        'write a first line of names, e.g. t,x,y,p',
      )
    const geometry = layout.geometry ?? options.geometry
    return {
      format: describe(layout),
      geometry,
      header: {},
      dataStart: layout.dataStart,
      decoder: new CsvDecoder(layout, geometry),
      // The last line need not be ended.
      closing: Uint8Array.of(NEWLINE),
    }
  },
}

/** See Decoder. */
class CsvDecoder implements Decoder {
  readonly #counts = new Counts()
  readonly #width: number
  readonly #height: number
  /** Beginning of a line that the last chunk cut. */
  readonly #cut = new Uint8Array(MAX_LINE_BYTES)
  #cutLength = 0
  /** Offset of the current line. */
  #line = 0
  #values = { t: 0, x: 0, y: 0, p: 0 }
  readonly held = 0

  constructor(
    private readonly layout: CsvLayout,
    geometry: Geometry | undefined,
  ) {
    this.#width = geometry?.width ?? 0x10000
    this.#height = geometry?.height ?? 0x10000
  }

  decode(bytes: Uint8Array, from: number, to: number, packet: EventPacket): number {
    let at = from
    while (at < to) {
      const newline = bytes.subarray(at, to).indexOf(NEWLINE)
      const length = newline < 0 ? to - at : newline
      if (newline < 0 || this.#cutLength > 0) this.#keep(bytes.subarray(at, at + length))
      if (newline < 0) return to - from
      const whole = this.#cutLength === 0
      const taken = whole
        ? this.#take(bytes, at, at + length, packet)
        : this.#take(this.#cut, 0, Math.min(this.#cutLength, MAX_LINE_BYTES), packet)
      if (!taken) return at + (whole ? 0 : length) - from
      this.#line += (whole ? length : this.#cutLength) + 1
      this.#cutLength = 0
      at += length + 1
    }
    return at - from
  }

  restart(position: number): void {
    this.#line = position
    this.#cutLength = 0
    this.#counts.take()
  }

  save(): Uint8Array {
    return new Uint8Array(new Float64Array([this.#line]).buffer)
  }

  restore(state: Uint8Array): boolean {
    if (state.length !== 8) return false
    const [line] = new Float64Array(state.slice().buffer)
    if (!Number.isSafeInteger(line) || line! < 0) return false
    this.restart(line!)
    return true
  }

  takeFaults(): (string | number)[] | undefined {
    return this.#counts.take()
  }

  takeTriggers(): undefined {
    return undefined
  }

  /** A line is read again from its beginning. */
  get unsaved(): number {
    return this.#cutLength
  }

  /** Of a line that is too long only the length is kept: it is broken anyway. */
  #keep(bytes: Uint8Array): void {
    const room = MAX_LINE_BYTES - this.#cutLength
    if (room > 0) this.#cut.set(bytes.subarray(0, room), this.#cutLength)
    this.#cutLength += bytes.length
  }

  /** One line; false when its event does not fit. */
  #take(bytes: Uint8Array, from: number, to: number, packet: EventPacket): boolean {
    // Also of blanks, and in one piece, so that a line means the same wherever it is split.
    const isLong = Math.max(this.#cutLength, to - from) > MAX_LINE_BYTES
    if (!isLong && isBlank(bytes, from, to)) return true
    if (isLong || !this.#parse(bytes, from, to)) {
      this.#counts.add('broken_lines', this.#line)
      return true
    }
    const { t, x, y, p } = this.#values
    if (!(x >= 0 && y >= 0 && x < this.#width && y < this.#height && t >= 0)) {
      this.#counts.add('out_of_range', this.#line)
      return true
    }
    const n = packet.length
    if (n === 0) packet.t0 = t
    else if (n === packet.capacity || t < packet.t0 || t - packet.t0 > MAX_OFFSET) return false
    packet.t[n] = t - packet.t0
    packet.x[n] = x
    packet.y[n] = y
    packet.p[n] = p > 0 ? 1 : 0
    packet.length = n + 1
    return true
  }

  #parse(bytes: Uint8Array, from: number, to: number): boolean {
    const { columns, separator, seconds } = this.layout
    let at = from
    for (const column of columns) {
      while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1
      const start = at
      while (at < to && bytes[at] !== separator && !(separator === SPACE && bytes[at] === TAB))
        at += 1
      if (column !== undefined) {
        const value = numberIn(bytes, start, at, column === 't' && seconds ? US_DIGITS : 0)
        if (!Number.isSafeInteger(value)) return false
        this.#values[column] = value
      }
      at += 1
    }
    return true
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    if (byte !== SPACE && byte !== TAB && byte !== RETURN) return false
  }
  return true
}

/**
 * A decimal number times 10^digits, rounded: read as text, since a double of 1.6e9 s has steps of 0.24 µs. NaN when it is none.
 */
function numberIn(bytes: Uint8Array, from: number, to: number, digits: number): number {
  let end = to
  // A line that is too short ends before the field begins.
  if (from >= to) return Number.NaN
  while (end > from && isBlank(bytes, end - 1, end)) end -= 1
  const negative = bytes[from] === MINUS
  let value = 0
  let left = -1
  let up = false
  let at = negative ? from + 1 : from
  if (at === end || (at + 1 === end && bytes[at] === DOT)) return Number.NaN
  for (; at < end; at++) {
    const byte = bytes[at]!
    if (byte === DOT && left < 0) left = digits
    else if (byte < 0x30 || byte > 0x39) return exponentIn(bytes, from, end, digits)
    else if (left < 0) value = 10 * value + byte - 0x30
    else if (left > 0) {
      value = 10 * value + byte - 0x30
      left -= 1
    } else {
      up = byte >= 0x35
      break
    }
  }
  // Beyond the last digit that counts there may be anything that is a number.
  for (at += 1; at < end; at++)
    if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return exponentIn(bytes, from, end, digits)
  const scaled = value * 10 ** (left < 0 ? digits : left) + (up ? 1 : 0)
  return negative ? -scaled : scaled
}

/** 1.5e-05 and the like, as NumPy writes them. */
function exponentIn(bytes: Uint8Array, from: number, to: number, digits: number): number {
  const text = Buffer.from(bytes.subarray(from, to)).toString('latin1')
  return /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text)
    ? Math.round(Number(text) * 10 ** digits)
    : Number.NaN
}
