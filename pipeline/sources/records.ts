// What formats without a word on the number of their records have in common.
import { SaccadeError } from '../errors.js'
import type { Input } from './recording.js'

/** Records that are wanted of a file without header before it is taken for one by its stamps. */
export const TELLING_RECORDS = 16

/**
 * Throws ERR_TRUNCATED for a whole input without a whole record behind its header.
 * @param recordBytes of the first record
 * @param record what it is
 */
export function checkRecords(
  head: Uint8Array,
  { name, whole }: Input,
  dataStart: number,
  recordBytes: number,
  record = 'an event',
): void {
  const bytes = head.length - dataStart
  if (!whole || bytes >= recordBytes) return
  const rest = bytes <= 0 ? 'no event' : `only ${bytes} of the ${recordBytes} bytes of ${record}`
  throw new SaccadeError(
    'ERR_TRUNCATED',
    `${name} holds ${rest}${dataStart > 0 ? ' after its header' : ''}, at byte ${dataStart}`,
    'copy or record the file again',
  )
}
