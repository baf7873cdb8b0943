// The head of a Prophesee RAW file: lines "% key value", closed by "% end" in newer files. In older ones it ends where a
// line is none, and the first words of an EVT3 stream may look like the beginning of one (0x2025 is a word of it).
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import { readOrigin, shown } from './dat-header.js'

const NEWLINE = 0x0a
const MAX_LINE_BYTES = 4096

/** What the head of a RAW file says. */
export interface RawHeader {
  /** EVT2, EVT21, EVT3, or what else stands there; undefined without a word on it. */
  encoding: string | undefined
  geometry: Geometry | undefined
  /** Order of the halves of EVT2.1 words, when it is said. */
  order: 'little' | 'legacy' | undefined
  /** Entry t0_us, which saccade writes: to be added to every stamp. */
  originUs: number
  entries: Record<string, string>
  /** Offset of the first word. */
  dataStart: number
}

/** Sensor sizes by system_ID, for files of before there was a line for them. */
const SYSTEMS: Readonly<Record<number, Geometry>> = {
  21: { width: 640, height: 480 },
  28: { width: 640, height: 480 },
  30: { width: 1280, height: 720 },
  39: { width: 1280, height: 720 },
  40: { width: 640, height: 480 },
  41: { width: 640, height: 480 },
  48: { width: 1280, height: 720 },
  49: { width: 1280, height: 720 },
  50: { width: 1280, height: 720 },
  64: { width: 320, height: 320 },
}

/**
 * Parses the first bytes of a file; without header lines there is nothing in it, and the data begin at 0. Throws ERR_FORMAT for an
 * impossible size.
 */
export function parseRawHeader(head: Uint8Array, name: string): RawHeader {
  const { entries, dataStart } = headerLines(head)
  const [format, ...options] = (entries.format ?? '').split(';')
  const details = Object.fromEntries(options.map((option) => option.split('=', 2))) as Record<
    string,
    string | undefined
  >
  return {
    encoding: encodingOf(format!.trim(), entries.evt),
    geometry: geometryOf(details, entries, name),
    order: orderOf(details.endianness ?? entries.endianness),
    originUs: readOrigin(entries, name),
    entries,
    dataStart,
  }
}

function headerLines(head: Uint8Array): { entries: Record<string, string>; dataStart: number } {
  // No prototype: the names are the file's, and "__proto__" is one.
  const entries: Record<string, string> = Object.create(null)
  let dataStart = 0
  for (;;) {
    const line = lineAt(head, dataStart)
    if (line === undefined) break
    dataStart += line.length + 1
    const [, key = '', value = ''] = /^% ([A-Za-z_][\w.-]*)(?: (.*?))?\r?$/.exec(line) ?? []
    if (key === 'end') break
    if (entries[key] === undefined) entries[key] = value.trim()
  }
  return { entries, dataStart }
}

/** A line of the header, without its end; undefined for what is none. */
function lineAt(head: Uint8Array, from: number): string | undefined {
  const end = head.subarray(from, from + MAX_LINE_BYTES).indexOf(NEWLINE)
  if (end < 0) return undefined
  const line = head.subarray(from, from + end)
  // UTF-8 in values (names of people) is printable, too.
  const printable = line.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0d)
  const text = Buffer.from(line).toString('latin1')
  return printable && /^% [A-Za-z_][\w.-]*(\s|$)/.test(text) ? text : undefined
}

function encodingOf(format: string, evt: string | undefined): string | undefined {
  if (format !== '')
    return format
      .toUpperCase()
      .replace('.', '')
      .replace(/^EVT20$/, 'EVT2')
  if (evt === undefined) return undefined
  const known = { '2.0': 'EVT2', '2': 'EVT2', '2.1': 'EVT21', '3.0': 'EVT3', '3': 'EVT3' }
  return known[evt as keyof typeof known] ?? `EVT ${evt}`
}

function orderOf(text: string | undefined): 'little' | 'legacy' | undefined {
  return text === 'little' || text === 'legacy' ? text : undefined
}

function geometryOf(
  details: Readonly<Record<string, string | undefined>>,
  entries: Readonly<Record<string, string>>,
  name: string,
): Geometry | undefined {
  const { geometry = '', system_ID = '' } = entries
  const [, width, height] =
    details.width !== undefined && details.height !== undefined
      ? ['', details.width, details.height]
      : (/^(\S*?)x(\S*)$/.exec(geometry) ?? [])
  if (width === undefined || height === undefined)
    return /^\d{1,5}$/.test(system_ID) ? SYSTEMS[Number(system_ID)] : undefined
  const size = { width: Number(width), height: Number(height) }
  if (width !== '' && height !== '' && isGeometry(size)) return size
  throw new SaccadeError(
    'ERR_FORMAT',
    `${name} gives an impossible sensor size in its header: "${shown(width)}" x "${shown(height)}"`,
  )
}
