// AEDAT 2.0 (jAER): lines that begin with "#", then records of 8 bytes, big-endian, whose addresses mean what the chip that
// the header names makes of them.
import { SaccadeError } from '../errors.js'
import { type DecoderName, EventDecoder } from '../events/native.js'
import type { Geometry } from '../events/packet.js'
import { shown } from './dat-header.js'
import type { Beginning, Input, OpenOptions, StreamFormat } from './recording.js'
import { checkRecords } from './records.js'

const RECORD_BYTES = 8
const MAX_LINE_BYTES = 4096
const NEWLINE = 0x0a

interface Chip {
  title: string
  decoder: DecoderName
  geometry: Geometry
}

/** By what is in the name of the chip's class. */
const CHIPS: readonly [RegExp, Chip][] = [
  [/davis346|346mini/i, davis(346, 260)],
  [/davis240|sbret/i, davis(240, 180)],
  [
    /dvs128|tmpdiff128/i,
    { title: 'DVS128', decoder: 'aedat2-dvs128', geometry: { width: 128, height: 128 } },
  ],
]

function davis(width: number, height: number): Chip {
  return { title: `DAVIS${width}`, decoder: 'aedat2-davis', geometry: { width, height } }
}

/**
 * The registry's entry for AEDAT 2.0. Rows of a DAVIS are counted from the top as everywhere here (jAER counts from the bottom);
 * those of a DVS128 or eDVS are given as they stand there, columns mirrored as jAER does.
 */
export const aedat2Format: StreamFormat = {
  name: 'aedat2',
  about: 'AEDAT 2.0 of DVS128, eDVS, DAVIS240 and DAVIS346',
  recognises: (head) =>
    /^#!AER-DAT[123]/.test(Buffer.from(head.subarray(0, 12)).toString('latin1')),
  begin,
}

function begin(head: Uint8Array, input: Input, options: OpenOptions): Beginning {
  const { name } = input
  const { lines, dataStart, open } = headerLines(head)
  if (!input.whole && open)
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} has a header that does not end in ${head.length} bytes`,
    )
  const version = /^#!AER-DAT(\S*)/.exec(lines[0] ?? '')?.[1] ?? 'no number'
  if (version !== '2.0')
    throw new SaccadeError(
      'ERR_FORMAT',
      `${name} is of AEDAT version ${shown(version)}; 2.0 and 4.0 are read`,
      'dv or jAER can convert it',
    )
  const chip = chipOf(lines, name)
  checkRecords(head, input, dataStart, RECORD_BYTES)
  const geometry = options.geometry ?? chip.geometry
  return {
    format: `AEDAT 2.0, ${chip.title}`,
    geometry,
    header: Object.fromEntries(lines.map((line, i) => [`line ${i + 1}`, shown(line)]).slice(0, 20)),
    dataStart,
    decoder: new EventDecoder(chip.decoder, geometry.width, geometry.height, 0),
    records: {
      bytes: RECORD_BYTES,
      wrapUs: 2 ** 32,
      originUs: 0,
      stamp: (record) => record.getUint32(4, false),
    },
  }
}

/**
 * The lines of the header. A DAVIS record may begin with a "#", too, so a line counts only when all of it can be read. `open` when
 * further bytes may belong to it.
 */
function headerLines(head: Uint8Array): { lines: string[]; dataStart: number; open: boolean } {
  const lines: string[] = []
  let dataStart = 0
  while (head[dataStart] === 0x23) {
    const rest = head.subarray(dataStart, dataStart + MAX_LINE_BYTES)
    const length = rest.indexOf(NEWLINE)
    const line = length < 0 ? rest : rest.subarray(0, length)
    const isText = line.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0d)
    if (length < 0 || !isText)
      return { lines, dataStart, open: isText && line.length < MAX_LINE_BYTES }
    lines.push(Buffer.from(line).toString('latin1').trimEnd())
    dataStart += length + 1
  }
  return { lines, dataStart, open: dataStart === head.length }
}

function chipOf(lines: readonly string[], name: string): Chip {
  const said = lines.flatMap((line) => /^#\s*AEChip:\s*(\S+)/.exec(line)?.[1] ?? [])[0]
  // Files of before there was a line for it are of the only chip that there was.
  const chip = CHIPS.find(([pattern]) => pattern.test(said ?? 'dvs128'))?.[1]
  if (chip !== undefined) return chip
  throw new SaccadeError(
    'ERR_FORMAT',
    `${name} was recorded with the chip ${shown(said!)}, whose addresses saccade does not know`,
    'known are DVS128, eDVS, DAVIS240 and DAVIS346',
  )
}
