// Animated PNG: every browser shows it, it keeps all colours exactly, and it can be written frame by frame. A viewer that
// knows no animation shows the first frame.
import { SaccadeError } from '../errors.js'
import { PartFile } from '../sinks/part-file.js'
import type { Film } from './film.js'
import type { Picture } from './picture.js'
import { pngChunk, pngHeader, pngPixels } from './png.js'

/**
 * Writes an animated PNG, one frame in memory at a time. The file appears under its name only when it is whole.
 * @example
 * const animation = new AnimationWriter('drive.png', 50)
 * for (const picture of pictures) await animation.add(picture)
 * await animation.close()
 */
export class AnimationWriter implements Film {
  #file: PartFile | undefined
  #first: Picture | undefined
  #frames = 0
  #sequence = 0

  /** @param delayMs time that a frame stays, 1..65535 */
  constructor(
    readonly path: string,
    readonly delayMs: number,
  ) {
    if (!(Number.isInteger(delayMs) && delayMs >= 1 && delayMs <= 65_535)) {
      throw new SaccadeError('ERR_ARGUMENT', `a frame cannot stay for ${delayMs} ms`, '1 to 65535')
    }
  }

  /** Frames written so far. */
  get frames(): number {
    return this.#frames
  }

  /** Appends a frame; all have the size and theme of the first. */
  async add(picture: Picture): Promise<void> {
    this.#first ??= picture
    const first = this.#first
    if (picture.theme !== first.theme) {
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${this.path}: frame ${this.#frames} has other colours`,
      )
    }
    if (picture.width !== first.width || picture.height !== first.height) {
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${this.path}: frame ${this.#frames} is ${picture.width} x ${picture.height}, the first was ${first.width} x ${first.height}`,
      )
    }
    if (this.#file === undefined) {
      this.#file = await PartFile.create(this.path)
      await this.#file.append(animationHeader(first, 0))
    }
    await this.#file.append(this.#frameControl(picture))
    const pixels = pngPixels(picture)
    await this.#file.append(
      this.#frames === 0 ? pngChunk('IDAT', pixels) : pngChunk('fdAT', this.#numbered(pixels)),
    )
    this.#frames += 1
  }

  /** Ends the file; without any frame none is written. */
  async close(): Promise<void> {
    if (this.#file === undefined) return
    await this.#file.append(pngChunk('IEND', new Uint8Array(0)))
    // The number of frames stands before the first one and is known only now.
    await this.#file.overwriteStart(animationHeader(this.#first!, this.#frames))
    const file = this.#file
    this.#file = undefined
    await file.commit()
  }

  /** Gives up: nothing is left behind. */
  async discard(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.abandon(false)
  }

  #frameControl(picture: Picture): Buffer {
    const body = Buffer.alloc(26) // offsets 0, dispose 0 (leave), blend 0 (replace)
    body.writeUInt32BE(this.#sequence++, 0)
    body.writeUInt32BE(picture.width, 4)
    body.writeUInt32BE(picture.height, 8)
    body.writeUInt16BE(this.delayMs, 20)
    body.writeUInt16BE(1000, 22)
    return pngChunk('fcTL', body)
  }

  #numbered(pixels: Uint8Array): Buffer {
    const body = Buffer.alloc(4 + pixels.length)
    body.writeUInt32BE(this.#sequence++, 0)
    body.set(pixels, 4)
    return body
  }
}

/** Everything before the first frame. */
function animationHeader(first: Picture, frames: number): Buffer {
  const control = Buffer.alloc(8) // plays: 0 = for ever
  control.writeUInt32BE(frames, 0)
  return Buffer.concat([pngHeader(first), pngChunk('acTL', control)])
}

/** Writes all pictures as one animation, each shown for `delayMs`; on an error nothing is left behind. */
export async function writeAnimation(
  path: string,
  pictures: Iterable<Picture> | AsyncIterable<Picture>,
  delayMs: number,
): Promise<number> {
  const animation = new AnimationWriter(path, delayMs)
  try {
    for await (const picture of pictures) await animation.add(picture)
    await animation.close()
  } catch (error) {
    await animation.discard()
    throw error
  }
  return animation.frames
}
