// What a lens that is not quite in focus leaves of a picture.

/** Blurs pictures of one size: each pixel gives a share of its light to its four neighbours. */
export class Lens {
  readonly #out: Float32Array

  /** @param blur share that goes to each neighbour, 0..0.2 */
  constructor(
    readonly width: number,
    pixels: number,
    readonly blur: number,
  ) {
    this.#out = new Float32Array(blur > 0 ? pixels : 0)
  }

  /** The picture as it falls on the sensor; valid until the next call. The outermost pixels stay sharp. */
  look(picture: Float32Array): Float32Array {
    const { width, blur } = this
    if (blur === 0) return picture
    const keep = 1 - 4 * blur
    const out = this.#out
    const last = picture.length - width
    for (let i = 0; i < width; i++) out[i] = picture[i]!
    for (let i = width; i < last; i++) {
      const beside = picture[i - 1]! + picture[i + 1]!
      out[i] = keep * picture[i]! + blur * (beside + picture[i - width]! + picture[i + width]!)
    }
    for (let i = last; i < picture.length; i++) out[i] = picture[i]!
    // Rows do not go on from one end to the other.
    for (let i = width; i < last; i += width) {
      out[i] = picture[i]!
      out[i + width - 1] = picture[i + width - 1]!
    }
    return out
  }
}
