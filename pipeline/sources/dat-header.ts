// The head of a DAT file: lines that begin with "% ", then two bytes (event type, event size), then records of 8 bytes.
// The header ends at the first line that begins otherwise, or after "% end". N-CARS files give no Width and Height.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'

/** A header is a few hundred bytes; what is longer than this is no header. */
export const MAX_HEADER_BYTES = 65_536
const MAX_LINE_BYTES = 4096

const NEWLINE = 0x0a
const RETURN = 0x0d
const PERCENT = 0x25
const SPACE = 0x20

const RECORD_BYTES = 8
/** Event types that hold change events: 0 (Event2D; N-CARS) and 12 (CD). */
const CHANGE_EVENTS = [0, 12]
const TRIGGERS = 14
const OTHER_TYPES: Readonly<Record<number, string>> = { 40: 'optical flow' }

/** What the head of a DAT file says. */
export interface DatHeader {
  version: 1 | 2
  /** External triggers instead of change events. */
  triggers: boolean
  /** Entry t0_us, which saccade writes: to be added to every stamp, since 32 bits do not hold Unix time. */
  originUs: number
  geometry: Geometry | undefined
  /** First word of each line -> the rest of it; the first line of a name counts. */
  entries: Record<string, string>
  /** Offset of the first record. */
  dataStart: number
}

/** True when the bytes begin with a header line. */
export function hasHeader(head: Uint8Array): boolean {
  return head[0] === PERCENT && head[1] === SPACE
}

/**
 * Parses the first bytes of a file (all of it, or at least MAX_HEADER_BYTES + 2).
 * Throws ERR_FORMAT for what is no DAT header and ERR_TRUNCATED when the file ends inside it.
 */
export function parseDatHeader(head: Uint8Array, path: string): DatHeader {
  const { entries, end } = headerLines(head, path)
  if (end + 2 > head.length)
    throw new SaccadeError(
      'ERR_TRUNCATED',
      `${path} ends inside its header, at byte ${head.length}`,
      'copy or record the file again',
    )
  const type = head[end]!
  const size = head[end + 1]!
  if (!CHANGE_EVENTS.includes(type) && type !== TRIGGERS) {
    const what = OTHER_TYPES[type]
    throw new SaccadeError(
      'ERR_FORMAT',
      `${path} ${what === undefined ? 'is no DAT recording: its event type' : `holds ${what}, not change events: its event type`} at byte ${end} is ${type}; 0, 12 and 14 are known`,
    )
  }
  if (size !== RECORD_BYTES)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${path} gives its events ${size} bytes each at byte ${end + 1}; DAT events have ${RECORD_BYTES}`,
    )
  return {
    version: version(entries, path),
    triggers: type === TRIGGERS,
    originUs: readOrigin(entries, path),
    geometry: geometry(entries, path),
    entries,
    dataStart: end + 2,
  }
}

function headerLines(head: Uint8Array, path: string) {
  // No prototype: the names are the file's, and "__proto__" is one.
  const entries: Record<string, string> = Object.create(null)
  let end = 0
  while (head[end] === PERCENT && head[end + 1] === SPACE) {
    const newline = head.indexOf(NEWLINE, end)
    const stop = newline < 0 ? head.length : newline
    if (stop - end > MAX_LINE_BYTES || stop > MAX_HEADER_BYTES)
      throw new SaccadeError(
        'ERR_FORMAT',
        `${path} is no DAT recording: its header line at byte ${end} does not end`,
      )
    const last = head[stop - 1] === RETURN ? stop - 1 : stop
    for (let at = end; at < last; at++) {
      const byte = head[at]!
      if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
        throw new SaccadeError(
          'ERR_FORMAT',
          `${path} is no DAT recording: its header holds the unprintable byte ${byte} at byte ${at}`,
        )
    }
    if (newline < 0) return { entries, end: head.length }
    const text = Buffer.from(head.subarray(end + 2, last))
      .toString('utf8')
      .trim()
    end = newline + 1
    if (text === 'end') break
    const [name = '', ...rest] = text.split(/\s+/)
    if (name !== '' && entries[name] === undefined) entries[name] = rest.join(' ')
  }
  return { entries, end }
}

function version(entries: Record<string, string>, path: string): 1 | 2 {
  // A missing version means v2, as every reader in use takes it.
  const text = entries.Version ?? '2'
  if (/^[12](\.0)?$/.test(text)) return text.startsWith('1') ? 1 : 2
  throw new SaccadeError(
    'ERR_FORMAT',
    `${path} is of DAT version "${shown(text)}"; 1 and 2 are known`,
  )
}

function geometry(entries: Record<string, string>, path: string): Geometry | undefined {
  const { Width, Height } = entries
  if (Width === undefined || Height === undefined) return undefined
  const size = { width: Number(Width), height: Number(Height) }
  if (Width !== '' && Height !== '' && isGeometry(size)) return size
  throw new SaccadeError(
    'ERR_FORMAT',
    `${path} gives an impossible sensor size in its header: "${shown(Width)}" x "${shown(Height)}"`,
  )
}

/** Header entry for the time that was subtracted from every stamp, µs. */
export const ORIGIN_ENTRY = 't0_us'

/** The entry t0_us of a header that saccade wrote; 0 without one. Throws ERR_FORMAT. */
export function readOrigin(entries: Readonly<Record<string, string>>, path: string): number {
  const text = entries[ORIGIN_ENTRY]
  if (text === undefined) return 0
  const us = Number(text)
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(us)) return us
  throw new SaccadeError(
    'ERR_FORMAT',
    `${path} gives an impossible ${ORIGIN_ENTRY}: "${shown(text)}"`,
  )
}

/** A piece of a hostile file, short enough for a sentence. */
export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
