// Palette PNG, still and animated. The container is a few chunks around zlib; the PNG package that the tests read it back
// with writes neither palettes nor animations, and a palette is what makes these files small.
import { crc32, deflateSync } from 'node:zlib'
import { PartFile } from '../sinks/part-file.js'
import type { Picture } from './picture.js'

/** First bytes of every PNG. */
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const FILTER_UP = 2

/** One chunk: length, type, body, CRC-32 over type and body. */
export function pngChunk(type: string, body: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + body.length)
  chunk.writeUInt32BE(body.length, 0)
  chunk.write(type, 4, 'latin1')
  chunk.set(body, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + body.length)), 8 + body.length)
  return chunk
}

/** Size, 8 bits per pixel, colour type 3 (palette), no interlace. */
export function pngHeader(picture: Picture): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt32BE(picture.width, 0)
  body.writeUInt32BE(picture.height, 4)
  body[8] = 8
  body[9] = 3
  return Buffer.concat([PNG_SIGNATURE, pngChunk('IHDR', body), pngChunk('PLTE', picture.theme)])
}

/**
 * The pixels as IDAT wants them. Every row is stored as its difference from the one above: pictures here are enlarged by
 * an integer, so two rows of three become zeros.
 */
export function pngPixels(picture: Picture): Buffer {
  const { width, height, pixels } = picture
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) {
    const to = y * (width + 1)
    const from = y * width
    rows[to] = FILTER_UP
    if (y === 0) rows.set(pixels.subarray(0, width), to + 1)
    else
      for (let x = 0; x < width; x++)
        rows[to + 1 + x] = pixels[from + x]! - pixels[from + x - width]!
  }
  return deflateSync(rows, { level: 6 })
}

/**
 * A whole PNG file.
 * @example
 * await writeFile('window.png', encodePng(renderWindow(counts, set.detections)))
 */
export function encodePng(picture: Picture): Buffer {
  return Buffer.concat([
    pngHeader(picture),
    pngChunk('IDAT', pngPixels(picture)),
    pngChunk('IEND', new Uint8Array(0)),
  ])
}

/** Writes a picture; half-written it never has its final name. Rejects with ERR_IO. */
export async function writePng(path: string, picture: Picture): Promise<void> {
  await PartFile.write(path, encodePng(picture))
}
