// Prophesee's RAW recordings and streams: EVT2, EVT2.1 in both word orders, and EVT3, with or without a header.
import { type DecoderName, EventDecoder } from '../events/native.js'
import { parseRawHeader } from './raw-header.js'
import type { Beginning, StreamFormat } from './recording.js'
import { checkRecords } from './records.js'

/** Words of EVT2.1 that are looked at for their order. */
const PROBED_WORDS = 4096

export const evt2Format = format('evt2', 'EVT2', 'EVT2', 4)
export const evt21Format = format('evt21', 'EVT2.1', 'EVT21', 8)
export const evt21LegacyFormat = format('evt21-legacy', 'EVT2.1, legacy order', 'EVT21ME', 8)
export const evt3Format = format('evt3', 'EVT3', 'EVT3', 2)

function format(
  name: DecoderName,
  title: string,
  encoding: string,
  wordBytes: number,
): StreamFormat {
  return {
    name,
    about: `Prophesee RAW, ${title}`,
    recognises: (head, path) => parseRawHeader(head, path).encoding === encoding,
    begin: (head, input, options): Beginning => {
      const raw = parseRawHeader(head, input.name)
      checkRecords(head, input, raw.dataStart, wordBytes, 'a word')
      const geometry = raw.geometry ?? options.geometry
      const { width = 0, height = 0 } = geometry ?? {}
      const legacy =
        name === 'evt21' && (raw.order ?? orderOf(head.subarray(raw.dataStart))) === 'legacy'
      return {
        format: legacy ? 'EVT2.1, legacy order' : title,
        geometry,
        header: raw.entries,
        dataStart: raw.dataStart,
        decoder: new EventDecoder(legacy ? 'evt21-legacy' : name, width, height, raw.originUs),
      }
    },
  }
}

/**
 * The order in which more words make sense: of a type that there is, and times that do not fall. Masks of one pixel look like
 * events, too, so a TIME_HIGH beside an empty mask, which the other order has none of, counts for many.
 */
function orderOf(data: Uint8Array): 'little' | 'legacy' {
  return senseIn(data, 0) > senseIn(data, 4) ? 'legacy' : 'little'
}

function senseIn(data: Uint8Array, controlAt: number): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const words = Math.min(PROBED_WORDS, Math.floor(data.length / 8))
  let sense = 0
  let high = 0
  for (let i = 0; i < words; i++) {
    const control = view.getUint32(8 * i + controlAt, true)
    const mask = view.getUint32(8 * i + 4 - controlAt, true)
    const type = control >>> 28
    if (type === 8) {
      const next = control & 0x0fffffff
      if (next >= high) sense += mask === 0 && next > 0 ? 16 : 1
      high = next
    } else if (type <= 1 || type === 0xa || type === 0xe) sense += 1
  }
  return sense
}
