// Opens a recording of any registered format, recognised by what its first bytes say and not by its name.
import { SaccadeError } from '../errors.js'
import { openForReading, readAt } from './file.js'
import type { OpenOptions, Recording, RecordingFormat } from './recording.js'
import { RECORDING_FORMATS } from './registry.js'

/** Enough for the longest header that a format looks into. */
const HEAD_BYTES = 65_538

/**
 * Opens a recording file; close it with `await using` or its Symbol.asyncDispose. Rejects with ERR_NOT_FOUND, ERR_IO, ERR_TRUNCATED (empty, or no
 * whole record), ERR_FORMAT (nothing that saccade reads) or ERR_ARGUMENT (an unknown `format`).
 * @example
 * const recording = await openRecording('drive_td.dat')
 * const packet = new EventPacket()
 * while (await recording.next(packet)) console.log(packet.t0, packet.length)
 */
export async function openRecording(path: string, options: OpenOptions = {}): Promise<Recording> {
  const named = options.format === undefined ? undefined : formatNamed(options.format)
  const head = await readHead(path)
  if (head.length === 0)
    throw new SaccadeError('ERR_TRUNCATED', `${path} is empty`, 'copy or record the file again')
  const format = named ?? RECORDING_FORMATS.find((known) => known.recognises(head, path))
  if (format === undefined) throw unrecognised(path, head)
  return format.open(path, options)
}

function formatNamed(name: string): RecordingFormat {
  const format = RECORDING_FORMATS.find((known) => known.name === name)
  if (format !== undefined) return format
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `there is no recording format "${name}"`,
    `known are ${RECORDING_FORMATS.map((known) => known.name).join(', ')}`,
  )
}

async function readHead(path: string): Promise<Uint8Array> {
  const { handle, size } = await openForReading(path)
  try {
    const head = new Uint8Array(Math.min(size, HEAD_BYTES))
    return head.subarray(0, await readAt(handle, path, head, head.length, 0))
  } finally {
    await handle.close()
  }
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
  const start = head.subarray(0, 8)
  const text = start.every((byte) => byte >= 0x20 && byte < 0x7f)
  const shown = text
    ? `the text "${Buffer.from(start).toString('latin1')}"`
    : `the bytes ${Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
  return new SaccadeError(
    'ERR_FORMAT',
    `${path} is no recording that saccade knows: it begins with ${shown}`,
    `--format names the format of a file without header; known are ${RECORDING_FORMATS.map((known) => known.name).join(', ')}`,
  )
}
