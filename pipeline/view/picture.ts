// A picture of few colours: one byte per pixel and a palette. The drawings here use 16 colours, so this is a quarter of
// RGBA in memory and far less in a file.
import { SaccadeError } from '../errors.js'
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyph } from './font.js'
import type { Theme } from './palette.js'

/** Largest side of a picture, so that a hostile geometry is refused before memory is taken. */
export const MAX_SIDE = 16_384

/** Pixels as indices into `theme`; row-major from the top-left corner. All drawing is clipped to the picture. */
export class Picture {
  readonly pixels: Uint8Array

  constructor(
    readonly width: number,
    readonly height: number,
    readonly theme: Theme,
  ) {
    if (!(isSide(width) && isSide(height))) {
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `a picture of ${width} x ${height} pixels cannot be made`,
        `1 to ${MAX_SIDE} a side`,
      )
    }
    this.pixels = new Uint8Array(width * height)
  }

  /** Fills [x0, x1) x [y0, y1). */
  fill(x0: number, y0: number, x1: number, y1: number, ink: number): void {
    const left = Math.max(0, x0)
    const right = Math.min(this.width, x1)
    if (left >= right) return
    for (let y = Math.max(0, y0); y < Math.min(this.height, y1); y++) {
      this.pixels.fill(ink, y * this.width + left, y * this.width + right)
    }
  }

  /** A frame whose outer edge is [x0, x1) x [y0, y1), `thick` pixels wide; dashes of `dash` pixels when given. */
  frame(x0: number, y0: number, x1: number, y1: number, ink: number, thick = 1, dash = 0): void {
    const horizontal = (y: number) => {
      for (const [a, b] of dashes(x0, x1, dash)) this.fill(a, y, b, y + thick, ink)
    }
    const vertical = (x: number) => {
      for (const [a, b] of dashes(y0, y1, dash)) this.fill(x, a, x + thick, b, ink)
    }
    horizontal(y0)
    horizontal(y1 - thick)
    vertical(x0)
    vertical(x1 - thick)
  }

  /** Writes a line with its top-left corner at (x, y). */
  text(line: string, x: number, y: number, ink: number, scale = 1): void {
    let left = x
    for (const character of line) {
      const rows = glyph(character)
      for (let row = 0; row < GLYPH_HEIGHT; row++) {
        for (let bit = 0; bit < 5; bit++) {
          if ((rows[row]! & (16 >> bit)) === 0) continue
          const px = left + bit * scale
          const py = y + row * scale
          this.fill(px, py, px + scale, py + scale, ink)
        }
      }
      left += GLYPH_WIDTH * scale
    }
  }

  /** Copies another picture of the same theme to (x, y). */
  paste(other: Picture, x: number, y: number): void {
    const width = Math.min(other.width, this.width - x)
    for (let row = 0; row < Math.min(other.height, this.height - y); row++) {
      const from = row * other.width
      this.pixels.set(other.pixels.subarray(from, from + width), (y + row) * this.width + x)
    }
  }

  /** RGBA bytes, for whoever wants no palette. */
  toRgba(): Uint8Array {
    const rgba = new Uint8Array(this.pixels.length * 4)
    for (let i = 0; i < this.pixels.length; i++) {
      const colour = this.pixels[i]! * 3
      rgba[i * 4] = this.theme[colour]!
      rgba[i * 4 + 1] = this.theme[colour + 1]!
      rgba[i * 4 + 2] = this.theme[colour + 2]!
      rgba[i * 4 + 3] = 255
    }
    return rgba
  }
}

function isSide(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= MAX_SIDE
}

function* dashes(from: number, to: number, dash: number): Generator<[number, number]> {
  if (dash === 0) yield [from, to]
  else for (let a = from; a < to; a += 2 * dash) yield [a, Math.min(to, a + dash)]
}
