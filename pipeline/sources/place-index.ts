// Where times are in a recording whose records have no fixed size: the decoder's state every megabyte or so, so that reading
// can begin there. Made by one pass over the file when a time is first asked for, and kept in a cache folder for large files.
import { createHash } from 'node:crypto'
import { mkdir, readFile, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PartFile } from '../sinks/part-file.js'

/** Raised when the state of any native decoder changes its layout. */
const VERSION = 1
/** Smaller files are gone through faster than a cache pays. */
const KEPT_FROM_BYTES = 8 * 2 ** 20
/** With more places the list costs more than it saves: a file of 100 GB has one every 25 MB. */
const MOST_PLACES = 4096
const LEAST_STEP_BYTES = 2 ** 20

/** A place in a recording at which decoding can begin. */
export interface Place {
  /** Offset of the next byte. */
  position: number
  /** Largest stamp of any event before it, absolute µs; -1 before the first. */
  before: number
  /** The decoder's state. */
  state: Uint8Array
}

/** What an index belongs to: another file, format or size makes it stale. */
export interface IndexKey {
  path: string
  size: number
  mtimeMs: number
  /** Format, geometry and whatever else decides what the decoder makes of the bytes. */
  reading: string
}

/** Bytes between two places of a file. */
export function placeStep(size: number): number {
  return Math.max(LEAST_STEP_BYTES, Math.ceil(size / MOST_PLACES))
}

/** The last place before which no event has a stamp of tUs or more; undefined when that is the start. */
export function placeFor(places: readonly Place[], tUs: number): Place | undefined {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle]!.before < tUs) low = middle + 1
    else high = middle
  }
  return places[low - 1]
}

/** Folder of the indexes: SACCADE_CACHE, else the user's cache folder. */
export function indexFolder(): string {
  const { SACCADE_CACHE, XDG_CACHE_HOME } = process.env
  const cache = SACCADE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'saccade')
  return join(cache, 'index')
}

/** The kept index of a file; undefined when there is none, it is stale or damaged. */
export async function loadIndex(key: IndexKey): Promise<Place[] | undefined> {
  if (key.size < KEPT_FROM_BYTES) return undefined
  try {
    const { fingerprint, places } = JSON.parse(await readFile(await fileOf(key), 'utf8'))
    return fingerprint === fingerprintOf(key) ? parsePlaces(places, key.size) : undefined
  } catch {
    return undefined
  }
}

/** Keeps the index of a large file. A folder that cannot be written is no error: the next seek takes longer. */
export async function saveIndex(key: IndexKey, places: readonly Place[]): Promise<void> {
  if (key.size < KEPT_FROM_BYTES) return
  const rows = places.map(({ position, before, state }) => [
    position,
    before,
    Buffer.from(state).toString('base64'),
  ])
  try {
    await mkdir(indexFolder(), { recursive: true })
    const text = JSON.stringify({ fingerprint: fingerprintOf(key), places: rows })
    await PartFile.write(await fileOf(key), text)
  } catch {
    // See above.
  }
}

/** One file for each recording, so that a stale index is written over. */
async function fileOf({ path }: IndexKey): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(path))
    .digest('hex')
    .slice(0, 32)
  return join(indexFolder(), `${name}.json`)
}

function fingerprintOf({ size, mtimeMs, reading }: IndexKey): string {
  return [VERSION, size, mtimeMs, reading].join(' ')
}

function parsePlaces(rows: unknown, size: number): Place[] | undefined {
  if (!Array.isArray(rows)) return undefined
  const places: Place[] = []
  for (const row of rows) {
    const [position, before, state] = row as [unknown, unknown, unknown]
    const last = places.at(-1)
    if (!Number.isSafeInteger(position) || !Number.isSafeInteger(before)) return undefined
    if (typeof state !== 'string') return undefined
    const place = {
      position: position as number,
      before: before as number,
      state: Uint8Array.from(Buffer.from(state, 'base64')),
    }
    if (place.position < (last?.position ?? 0) || place.position > size) return undefined
    if (place.before < (last?.before ?? -1)) return undefined
    places.push(place)
  }
  return places
}
