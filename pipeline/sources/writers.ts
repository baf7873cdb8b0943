// The formats that recordings are written in. A new one is a file with a WriterFormat and a line here.
import { extname } from 'node:path'
import { SaccadeError } from '../errors.js'
import { aedat4PlainWriter, aedat4Writer, aedat4ZstdWriter } from './aedat4-writer.js'
import { openSink } from './byte-sink.js'
import { isStreamSpec } from './bytes.js'
import { csvWriter } from './csv-writer.js'
import { datWriter } from './dat-writer.js'
import { esWriter } from './es-writer.js'
import { evt2Writer, evt3Writer, evt21LegacyWriter, evt21Writer } from './evt-writer.js'
import { npyWriter } from './npy-writer.js'
import {
  checkOptions,
  type RecordingWriter,
  type WriteOptions,
  type WriterFormat,
} from './writer.js'

export const WRITER_FORMATS: readonly WriterFormat[] = [
  datWriter,
  evt3Writer,
  evt2Writer,
  evt21Writer,
  evt21LegacyWriter,
  aedat4Writer,
  aedat4PlainWriter,
  aedat4ZstdWriter,
  esWriter,
  csvWriter,
  npyWriter,
]

/**
 * Begins a recording in the format that `format` names, else the one of the file name's ending. `spec` is a file, "-" (stdout),
 * tcp://HOST:PORT or unix:PATH. Rejects with ERR_ARGUMENT, ERR_IO or ERR_CONNECT. A reader of stdout that has gone is an error of
 * the next write (ERR_IO), unless `onReaderGone` takes it.
 * @example
 * await using file = await createRecording('drive.raw', { geometry: { width: 1280, height: 720 } })
 * for await (const packet of replay('drive_td.dat')) await file.write(packet)
 * await file.close()
 */
export async function createRecording(
  spec: string,
  options: WriteOptions & { format?: string; onReaderGone?: () => void },
): Promise<RecordingWriter> {
  const writer = writerFor(spec, options.format)
  checkOptions(writer, options)
  return writer.open(await openSink(spec, options.onReaderGone), options)
}

/** The format to write in. Throws ERR_ARGUMENT when there is none. */
export function writerFor(spec: string, format?: string): WriterFormat {
  const known = WRITER_FORMATS.map(({ name }) => name).join(', ')
  if (format !== undefined) {
    const named = WRITER_FORMATS.find(({ name }) => name === format)
    if (named !== undefined) return named
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `recordings are not written in a format "${format}"`,
      `known are ${known}`,
    )
  }
  const ending = isStreamSpec(spec) ? '' : extname(spec).toLowerCase()
  const meant = WRITER_FORMATS.find(({ extensions }) => extensions.includes(ending))
  if (meant !== undefined) return meant
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `the name ${spec} does not say in which format it is to be written`,
    `--out-format names it; known are ${known}`,
  )
}
