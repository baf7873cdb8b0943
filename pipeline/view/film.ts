// Pictures that follow each other, in the format that a file's name asks for.
import { extname } from 'node:path'
import { SaccadeError } from '../errors.js'
import { AnimationWriter } from './animation.js'
import { GifWriter } from './gif.js'
import type { Picture } from './picture.js'
import { VideoWriter } from './video.js'

/** A file of pictures; it has its name only when it is whole. */
export interface Film {
  /** Pictures so far. */
  readonly frames: number
  /** Appends a picture; all have the size and theme of the first. Rejects with ERR_IO and ERR_ARGUMENT. */
  add(picture: Picture): Promise<void>
  /** Ends the file; without any picture none is written. */
  close(): Promise<void>
  /** Gives up: nothing is left behind. */
  discard(): Promise<void>
}

/** One line per ending. */
const FILMS: Readonly<Record<string, new (path: string, delayMs: number) => Film>> = {
  '.png': AnimationWriter,
  '.gif': GifWriter,
  '.mp4': VideoWriter,
}

/**
 * A film by its ending; each picture stays for `delayMs`, a whole number. Throws ERR_ARGUMENT for another ending.
 * @example
 * const film = openFilm('drive.gif', 50)
 */
export function openFilm(path: string, delayMs: number): Film {
  const Writer = FILMS[extname(path).toLowerCase()]
  if (Writer !== undefined) return new Writer(path, delayMs)
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `the ending of ${path} names no film`,
    `endings are ${Object.keys(FILMS).join(', ')}`,
  )
}
