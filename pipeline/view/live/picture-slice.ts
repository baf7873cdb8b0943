// The events of one hop as a small picture: half a byte per pixel, shaded as `renderWindow` shades.
import type { Geometry } from '../../events/packet.js'
import type { EventColumns } from '../polarity.js'
import { pictureBytes, SHADES } from './protocol.js'

/** So many events of a slice are drawn, the rest is counted: a flood must not cost the pipeline its time. */
const MOST_EVENTS = 400_000
/** Counts of a pixel stop here; shades stop at 3. */
const MOST = 15

/**
 * Counts events per pixel; ON in the high half of a byte, OFF in the low one.
 * @example
 * const slice = new PictureSlice({ width: 304, height: 240 })
 * slice.add(packet, 0, packet.length)
 * const picture = slice.pack() // 36,480 bytes
 */
export class PictureSlice {
  readonly #counts: Uint8Array
  #drawn = 0
  /** Events that were not drawn: too many, or outside the sensor. */
  undrawn = 0

  constructor(readonly geometry: Geometry) {
    this.#counts = new Uint8Array(geometry.width * geometry.height)
  }

  /** Adds events [from, to). */
  add({ x, y, p }: EventColumns, from: number, to: number): void {
    const { width, height } = this.geometry
    const counts = this.#counts
    const end = Math.min(to, from + Math.max(0, MOST_EVENTS - this.#drawn))
    for (let i = from; i < end; i++) {
      if (x[i]! >= width || y[i]! >= height) {
        this.undrawn += 1
        continue
      }
      const at = y[i]! * width + x[i]!
      const count = counts[at]!
      if (p[i] === 1) {
        if (count >> 4 < MOST) counts[at] = count + 16
      } else if ((count & 15) < MOST) counts[at] = count + 1
    }
    this.#drawn += end - from
    this.undrawn += to - end
  }

  /** The picture, as protocol.ts says; the slice is empty afterwards. */
  pack(): Uint8Array {
    const counts = this.#counts
    const packed = new Uint8Array(pictureBytes(this.geometry))
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue
      const nibble = NIBBLES[counts[i]!]!
      packed[i >> 1]! |= i & 1 ? nibble << 4 : nibble
    }
    this.clear()
    return packed
  }

  clear(): void {
    this.#counts.fill(0)
    this.#drawn = 0
    this.undrawn = 0
  }
}

/** Shade of a pixel by its two counts. */
const NIBBLES = Uint8Array.from({ length: 256 }, (_, counts) => {
  const on = counts >> 4
  const off = counts & 15
  if (on + off === 0) return 0
  const shade = Math.min(SHADES, Math.max(on, off))
  return on >= off ? shade : SHADES + shade
})
