// What a lens that is not quite in focus leaves of a picture.

/** Blurs pictures of one size by (b, 1 - 2b, b) along rows and columns. */
export class Lens {
  readonly #rows: Float32Array
  readonly #out: Float32Array

  /** @param blur share of a pixel's light that goes to the next on each side, 0..0.33 */
  constructor(
    readonly width: number,
    pixels: number,
    readonly blur: number,
  ) {
    this.#rows = new Float32Array(blur > 0 ? pixels : 0)
    this.#out = new Float32Array(blur > 0 ? pixels : 0)
  }

  /** The picture as it falls on the sensor; valid until the next call. */
  look(picture: Float32Array): Float32Array {
    const { width, blur } = this
    if (blur === 0) return picture
    const keep = 1 - 2 * blur
    const rows = this.#rows
    const out = this.#out
    const { length } = picture
    for (let start = 0; start < length; start += width) {
      const end = start + width - 1
      rows[start] = keep * picture[start]! + blur * (picture[start]! + picture[start + 1]!)
      for (let i = start + 1; i < end; i++)
        rows[i] = keep * picture[i]! + blur * (picture[i - 1]! + picture[i + 1]!)
      rows[end] = keep * picture[end]! + blur * (picture[end - 1]! + picture[end]!)
    }
    const last = length - width
    for (let i = 0; i < width; i++) {
      out[i] = keep * rows[i]! + blur * (rows[i]! + rows[i + width]!)
      out[last + i] = keep * rows[last + i]! + blur * (rows[last + i - width]! + rows[last + i]!)
    }
    for (let i = width; i < last; i++)
      out[i] = keep * rows[i]! + blur * (rows[i - width]! + rows[i + width]!)
    return out
  }
}
