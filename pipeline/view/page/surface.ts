// The events on their canvas, one canvas pixel per sensor pixel; the browser enlarges them without smoothing. A pixel
// keeps its last event until it is as old as the trail is long, and fades meanwhile.
import { SHADES } from '../live/protocol.js'
import { DARK, Ink, LIGHT, type Theme } from '../palette.js'

/** Steps of fading. */
const AGES = 16
/** How much of its colour the oldest event of a trail has. */
const LEAST = 0.14

export class Surface {
  readonly #context: CanvasRenderingContext2D
  #image: ImageData
  #pixels: Uint32Array
  #shades = new Uint8Array(1)
  /** End of the slice of the last event, ms since `#base`. */
  #times = new Float32Array(1)
  #base = 0
  #colours: Uint32Array
  trailUs = 0

  constructor(readonly canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext('2d', { alpha: false })!
    this.#image = this.#context.createImageData(1, 1)
    this.#pixels = new Uint32Array(this.#image.data.buffer)
    this.#colours = ramp(DARK)
  }

  /** Size of the sensor; clears. */
  resize(width: number, height: number): void {
    this.canvas.width = width
    this.canvas.height = height
    this.#image = this.#context.createImageData(width, height)
    this.#pixels = new Uint32Array(this.#image.data.buffer)
    this.#shades = new Uint8Array(width * height)
    this.#times = new Float32Array(width * height)
    this.clear()
  }

  set isLight(isLight: boolean) {
    this.#colours = ramp(isLight ? LIGHT : DARK)
  }

  clear(): void {
    this.#shades.fill(0)
    this.#pixels.fill(this.#colours[0]!)
    this.#context.putImageData(this.#image, 0, 0)
  }

  /** Adds the slice that ends at tEnd. */
  add(picture: Uint8Array, tEnd: number): void {
    const shades = this.#shades
    if (this.#base === 0 || Math.abs(tEnd - this.#base) > 1e10) this.#base = tEnd
    const time = (tEnd - this.#base) / 1000
    for (let i = 0; i < picture.length; i++) {
      const pair = picture[i]!
      if (pair === 0) continue
      const low = pair & 15
      const high = pair >> 4
      if (low !== 0) {
        shades[2 * i] = low
        this.#times[2 * i] = time
      }
      if (high !== 0 && 2 * i + 1 < shades.length) {
        shades[2 * i + 1] = high
        this.#times[2 * i + 1] = time
      }
    }
  }

  /** Paints as it is at tEnd, the end of the newest slice. */
  paint(tEnd: number): void {
    const [shades, times, pixels, colours] = [
      this.#shades,
      this.#times,
      this.#pixels,
      this.#colours,
    ]
    const now = (tEnd - this.#base) / 1000
    const perMs = (AGES * 1000) / Math.max(1, this.trailUs)
    for (let i = 0; i < shades.length; i++) {
      const shade = shades[i]!
      let age = 0
      if (shade !== 0) {
        age = ((now - times[i]!) * perMs) | 0
        if (age >= AGES || age < 0) {
          shades[i] = 0
          pixels[i] = colours[0]!
          continue
        }
      }
      pixels[i] = colours[age * 16 + shade]!
    }
    this.#context.putImageData(this.#image, 0, 0)
  }
}

/** Colours by age and shade, as the words of an ImageData. */
function ramp(theme: Theme): Uint32Array {
  const inks = [Ink.ground, ...Ink.on, ...Ink.off]
  const words = new Uint32Array(AGES * 16)
  const bytes = new Uint8Array(words.buffer)
  for (let age = 0; age < AGES; age++) {
    // Steep at first: what is new must stand out from its trail.
    const share = age === 0 ? 1 : LEAST + (0.62 - LEAST) * (1 - age / AGES)
    for (let shade = 0; shade <= 2 * SHADES; shade++) {
      const at = (age * 16 + shade) * 4
      for (let c = 0; c < 3; c++) {
        const ground = theme[c]!
        bytes[at + c] = Math.round(ground + (theme[inks[shade]! * 3 + c]! - ground) * share)
      }
      bytes[at + 3] = 255
    }
  }
  return words
}
