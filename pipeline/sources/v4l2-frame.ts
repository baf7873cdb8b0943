// Where the events of a frame end. Sensors fill frames of a fixed size only in part: behind a marker that they put in stands
// what was there before, and would be decoded a second time.
import type { DecoderName } from '../events/native.js'

/** The formats that event cameras on V4L2 send, by the four letters of their pixel format. */
export const VIDEO_FORMATS: Readonly<Record<string, DecoderName>> = {
  PSEE: 'evt2',
  // The halves of a word of EVT 2.1 are exchanged on little-endian machines ("ME").
  PSE1: 'evt21-legacy',
  PSE2: 'evt21',
  PSE3: 'evt3',
}

/** How long the events of a frame are: up to its marker, or all of it. */
export function eventBytes(bytes: Uint8Array, format: string): number {
  if (format === 'evt3') {
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1)
    const at = words.indexOf(0xe019)
    return at < 0 ? bytes.length : 2 * at
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  // Of EVT 2.1 only the half that holds the type.
  const step = format === 'evt2' ? 1 : 2
  for (let i = format === 'evt21' ? 1 : 0; i < words.length; i += step)
    if ((words[i]! & 0xf00000ff) >>> 0 === 0xe0000019) return 4 * (i - (i % step))
  return bytes.length
}
