// Sensor sizes: what is a possible one, and how users write it.
import { SaccadeError } from '../errors.js'
import type { Geometry } from './packet.js'

/** Coordinates of DAT have 14 bits, of all other formats fewer. */
export const MAX_SIDE = 16_384

/** True for a width and height between 1 and 16,384 pixels. */
export function isGeometry({ width, height }: Geometry): boolean {
  return isSide(width) && isSide(height)
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= MAX_SIDE
}

/**
 * Reads a size as it stands on a command line; ERR_ARGUMENT when it is none.
 * @example
 * parseGeometry('304x240') // { width: 304, height: 240 }
 */
export function parseGeometry(text: string): Geometry {
  const match = /^(\d{1,6})[x×](\d{1,6})$/.exec(text.trim())
  const geometry = { width: Number(match?.[1]), height: Number(match?.[2]) }
  if (isGeometry(geometry)) return geometry
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `"${text}" is no sensor size`,
    `write WIDTHxHEIGHT in pixels, each from 1 to ${MAX_SIDE}, e.g. 304x240`,
  )
}
