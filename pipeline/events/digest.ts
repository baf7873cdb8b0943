// A fingerprint of a recording's events that does not depend on its format: sha256 over all t (int64 LE, absolute µs), then
// all x, all y (uint16 LE), then all p (uint8). Each array comes whole, so a recording is read four times in bounded memory
// rather than held.
import { createHash, type Hash } from 'node:crypto'
import { SaccadeError } from '../errors.js'
import type { Recording } from '../sources/recording.js'
import { EventPacket } from './packet.js'

/** What `info --digest` tells of a recording. Without events the times and sizes are 0. */
export interface RecordingDigest {
  events: number
  /** Stamps of the first and last event in file order, absolute µs. */
  tFirst: number
  tLast: number
  onEvents: number
  xMax: number
  yMax: number
  /** sha256, hex. */
  digest: string
  faults: Record<string, number>
  /** False when a stamp is lower than the one before it. */
  monotonic: boolean
}

/**
 * Reads a recording from its start to its end, four times. Rejects with ERR_ARGUMENT for a pipe or socket: it comes by once.
 * @example
 * await using recording = await openRecording('drive_td.dat')
 * const { events, digest } = await digestRecording(recording)
 */
export async function digestRecording(recording: Recording): Promise<RecordingDigest> {
  if (!recording.seekable)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${recording.path} is a stream, and the digest reads its input four times`,
      'write it to a file first',
    )
  const packet = new EventPacket()
  const words = new Uint32Array(2 * packet.capacity)
  const hash = createHash('sha256')
  const counts = { ...NOTHING }
  await everyPacket(recording, packet, () => {
    count(packet, counts)
    hash.update(stampBytes(packet, words))
  })
  const faults = { ...recording.faults }
  await everyPacket(recording, packet, () => update(hash, packet.x, packet.length))
  await everyPacket(recording, packet, () => update(hash, packet.y, packet.length))
  await everyPacket(recording, packet, () => update(hash, packet.p, packet.length))
  return { ...counts, digest: hash.digest('hex'), faults }
}

const NOTHING = { events: 0, tFirst: 0, tLast: 0, onEvents: 0, xMax: 0, yMax: 0, monotonic: true }

async function everyPacket(recording: Recording, packet: EventPacket, visit: () => void) {
  await recording.seek(0)
  while (await recording.next(packet)) visit()
}

function count(packet: EventPacket, counts: typeof NOTHING): void {
  const { t0, t, x, y, p, length } = packet
  if (length === 0) return
  if (counts.events === 0) counts.tFirst = counts.tLast = t0 + t[0]!
  let last = counts.tLast
  for (let i = 0; i < length; i++) {
    const now = t0 + t[i]!
    if (now < last) counts.monotonic = false
    last = now
    counts.onEvents += p[i]!
    if (x[i]! > counts.xMax) counts.xMax = x[i]!
    if (y[i]! > counts.yMax) counts.yMax = y[i]!
  }
  counts.tLast = last
  counts.events += length
}

/** The packet's stamps as int64 LE, put together from 32-bit halves: every machine that saccade runs on is little-endian. */
function stampBytes({ t0, t, length }: EventPacket, words: Uint32Array): Uint8Array {
  for (let i = 0; i < length; i++) {
    const now = t0 + t[i]!
    words[2 * i] = now
    words[2 * i + 1] = Math.floor(now / 2 ** 32)
  }
  return new Uint8Array(words.buffer, 0, 8 * length)
}

function update(hash: Hash, array: Uint16Array | Uint8Array, length: number): void {
  hash.update(new Uint8Array(array.buffer, array.byteOffset, length * array.BYTES_PER_ELEMENT))
}
