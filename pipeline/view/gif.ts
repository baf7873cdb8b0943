// Animated GIF of palette pictures: for places that show no animated PNG. The pictures have 16 colours, so nothing is lost.
import { SaccadeError } from '../errors.js'
import { PartFile } from '../sinks/part-file.js'
import type { Film } from './film.js'
import type { Picture } from './picture.js'

/** Bits of a colour number. */
const DEPTH = 4
const CLEAR = 1 << DEPTH
const END = CLEAR + 1
/** Codes have up to 12 bits; then the table begins anew. */
const MOST_CODES = 4096

/**
 * Writes a GIF that plays for ever, one frame in memory at a time. The file appears under its name only when it is whole.
 * @example
 * const gif = new GifWriter('drive.gif', 50)
 * for (const picture of pictures) await gif.add(picture)
 * await gif.close()
 */
export class GifWriter implements Film {
  #file: PartFile | undefined
  #first: Picture | undefined
  /** Time that frames owe, since a GIF counts in hundredths of a second. */
  #owedMs = 0
  frames = 0

  /** @param delayMs time that a frame stays; below 20 ms browsers play slower */
  constructor(
    readonly path: string,
    readonly delayMs: number,
  ) {}

  async add(picture: Picture): Promise<void> {
    this.#first ??= picture
    const { width, height, theme } = this.#first
    if (picture.width !== width || picture.height !== height || picture.theme !== theme)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${this.path}: frame ${this.frames} is not like the first`,
      )
    if (this.#file === undefined) {
      this.#file = await PartFile.create(this.path)
      await this.#file.append(header(picture))
    }
    this.#owedMs += this.delayMs
    const hundredths = Math.min(65_535, Math.round(this.#owedMs / 10))
    this.#owedMs -= hundredths * 10
    await this.#file.append(frame(picture, hundredths))
    this.frames += 1
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.append(Buffer.of(0x3b))
    await file?.commit()
  }

  async discard(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.abandon(false)
  }
}

/** Size, the 16 colours, and that it plays for ever. */
function header({ width, height, theme }: Picture): Buffer {
  const start = Buffer.alloc(13)
  start.write('GIF89a', 'latin1')
  start.writeUInt16LE(width, 6)
  start.writeUInt16LE(height, 8)
  start[10] = 0xf0 | (DEPTH - 1) // a global table of 2^4 colours
  const colours = Buffer.alloc(3 << DEPTH)
  colours.set(theme.subarray(0, colours.length))
  const loop = Buffer.from('\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00', 'latin1')
  return Buffer.concat([start, colours, loop])
}

function frame(picture: Picture, hundredths: number): Buffer {
  const control = Buffer.of(0x21, 0xf9, 4, 0, 0, 0, 0, 0)
  control.writeUInt16LE(hundredths, 4)
  const place = Buffer.alloc(11)
  place[0] = 0x2c
  place.writeUInt16LE(picture.width, 5)
  place.writeUInt16LE(picture.height, 7)
  place[10] = DEPTH
  return Buffer.concat([control, place, blocks(compress(picture.pixels)), Buffer.of(0)])
}

/** GIF's LZW: codes of growing length, lowest bit first. */
function compress(pixels: Uint8Array): Uint8Array {
  // Where a known row of colours goes on: code of the row and next colour -> code of the longer row; 0 is none.
  const longer = new Uint16Array(MOST_CODES << DEPTH)
  const bits = new BitWriter(pixels.length)
  let width = DEPTH + 1
  let next = END + 1
  bits.write(CLEAR, width)
  let code = pixels[0]! & 15
  for (let i = 1; i < pixels.length; i++) {
    const colour = pixels[i]! & 15
    const at = (code << DEPTH) | colour
    const known = longer[at]!
    if (known !== 0) {
      code = known
      continue
    }
    bits.write(code, width)
    code = colour
    if (next < MOST_CODES) {
      longer[at] = next
      // A reader is one row behind: it needs the longer code one later.
      if (next === 1 << width) width += 1
      next += 1
    } else {
      bits.write(CLEAR, width)
      longer.fill(0)
      width = DEPTH + 1
      next = END + 1
    }
  }
  bits.write(code, width)
  bits.write(END, width)
  return bits.bytes()
}

class BitWriter {
  #bytes: Uint8Array
  #length = 0
  #held = 0
  #count = 0

  constructor(guess: number) {
    this.#bytes = new Uint8Array(Math.max(64, guess >> 1))
  }

  write(value: number, width: number): void {
    this.#held |= value << this.#count
    this.#count += width
    while (this.#count >= 8) {
      this.#push(this.#held & 255)
      this.#held >>>= 8
      this.#count -= 8
    }
  }

  bytes(): Uint8Array {
    if (this.#count > 0) this.#push(this.#held & 255)
    this.#count = 0
    return this.#bytes.subarray(0, this.#length)
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const more = new Uint8Array(this.#bytes.length * 2)
      more.set(this.#bytes)
      this.#bytes = more
    }
    this.#bytes[this.#length++] = byte
  }
}

/** Pieces of up to 255 bytes, each with its length before it. */
function blocks(data: Uint8Array): Buffer {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < data.length; at += 255) {
    const piece = data.subarray(at, at + 255)
    pieces.push(Uint8Array.of(piece.length), piece)
  }
  return Buffer.concat(pieces)
}
