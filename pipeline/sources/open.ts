// Opens a recording of any registered format, recognised by what its first bytes say and not by its name.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import { type ByteSource, openBytes } from './bytes.js'
import { shown } from './dat-header.js'
import { parseRawHeader } from './raw-header.js'
import type {
  Beginning,
  OpenOptions,
  Recording,
  RecordingFormat,
  StreamFormat,
} from './recording.js'
import { RECORDING_FORMATS } from './registry.js'
import { StreamRecording } from './stream-recording.js'

/** Enough for the longest header that a format looks into, and a record. */
const HEAD_BYTES = 65_600

/**
 * Opens a recording: a file, "-" (stdin), tcp://HOST:PORT or unix:PATH; close it with `await using` or its
 * Symbol.asyncDispose. Rejects with ERR_NOT_FOUND, ERR_CONNECT, ERR_IO, ERR_TRUNCATED (empty, or no whole record), ERR_FORMAT (nothing that
 * saccade reads) or ERR_ARGUMENT (an unknown `format`).
 * @example
 * const recording = await openRecording('drive_td.dat')
 * const packet = new EventPacket()
 * while (await recording.next(packet)) console.log(packet.t0, packet.length)
 */
export async function openRecording(spec: string, options: OpenOptions = {}): Promise<Recording> {
  const named = options.format === undefined ? undefined : formatNamed(options.format)
  const bytes = await openBytes(spec, options.signal)
  try {
    const { format, head } = await formatOf(bytes, named)
    if ('begin' in format)
      return new StreamRecording(bytes, beginning(format, head, bytes, options))
    if (bytes.path === undefined)
      throw new SaccadeError(
        'ERR_FORMAT',
        `${format.name} cannot be read from ${bytes.name}: one must go to and fro in it`,
        'write it to a file first',
      )
    await bytes[Symbol.asyncDispose]()
    return await format.open(spec, options)
  } catch (error) {
    await bytes[Symbol.asyncDispose]()
    throw error
  }
}

/** What a format makes of the first bytes of an input. */
export function beginning(
  format: StreamFormat,
  head: Uint8Array,
  { name, ended }: ByteSource,
  options: OpenOptions,
): Beginning {
  const { geometry } = options
  if (geometry !== undefined && !isGeometry(geometry))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${geometry.width} x ${geometry.height} is no sensor size`,
    )
  return format.begin(head, { name, whole: ended }, options)
}

/** The format of an input, by its first bytes unless it is named. Rejects with ERR_TRUNCATED or ERR_FORMAT. */
export async function formatOf(
  bytes: ByteSource,
  named?: RecordingFormat,
): Promise<{ format: RecordingFormat; head: Uint8Array }> {
  const head = await bytes.peek(HEAD_BYTES)
  if (head.length === 0)
    throw new SaccadeError(
      'ERR_TRUNCATED',
      `${bytes.name} is empty`,
      'copy or record the file again',
    )
  const format = named ?? RECORDING_FORMATS.find((known) => known.recognises(head, bytes.name))
  if (format === undefined) throw unrecognised(bytes.name, head)
  return { format, head }
}

/** A registered format; ERR_ARGUMENT when there is none of that name. */
export function formatNamed(name: string): RecordingFormat {
  const format = RECORDING_FORMATS.find((known) => known.name === name)
  if (format !== undefined) return format
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `there is no recording format "${name}"`,
    `known are ${RECORDING_FORMATS.map((known) => known.name).join(', ')}`,
  )
}

/** First bytes of files that are often given by mistake, and what to do then. */
const MISTAKES: readonly { bytes: readonly number[]; what: string; hint: string }[] = [
  { bytes: [0x1f, 0x8b], what: 'is packed with gzip', hint: 'unpack it with gunzip first' },
  {
    bytes: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'is packed with zstd',
    hint: 'unpack it with unzstd first',
  },
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'is a ZIP archive', hint: 'unpack it with unzip first' },
  {
    bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    what: 'is a NumPy file (labels?), not a recording',
    hint: 'give the recording beside it, often the same name with _td.dat',
  },
]

function unrecognised(path: string, head: Uint8Array): SaccadeError {
  const mistake = MISTAKES.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte))
  if (mistake !== undefined)
    return new SaccadeError('ERR_FORMAT', `${path} ${mistake.what}`, mistake.hint)
  const { encoding } = parseRawHeader(head, path)
  if (encoding !== undefined)
    return new SaccadeError(
      'ERR_FORMAT',
      `${path} is a RAW recording of the encoding ${shown(encoding)}, which saccade does not read`,
    )
  const start = head.subarray(0, 8)
  const text = start.every((byte) => byte >= 0x20 && byte < 0x7f)
  const begins = text
    ? `the text "${Buffer.from(start).toString('latin1')}"`
    : `the bytes ${Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
  return new SaccadeError(
    'ERR_FORMAT',
    `${path} is no recording that saccade knows: it begins with ${begins}`,
    `--format names the format of a file without header; known are ${RECORDING_FORMATS.map((known) => known.name).join(', ')}`,
  )
}
