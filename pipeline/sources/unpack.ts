// Unpacks LZ4 and Zstandard frames into a buffer that is used again. Frames are walked here first: what a frame may unpack to
// is known, and bounded, before memory is taken (fzstd trusts its input there).
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import { unpackLz4 } from './codecs.js'

const require = createRequire(import.meta.url)

const LZ4_MAGIC = 0x184d2204
const LZ4_BLOCK_BYTES: Readonly<Record<number, number>> = {
  4: 2 ** 16,
  5: 2 ** 18,
  6: 2 ** 20,
  7: 2 ** 22,
}
const LZ4_STORED = 0x80000000
const ZSTD_MAGIC = 0xfd2fb528
const ZSTD_BLOCK_BYTES = 2 ** 17
const ZSTD_REPEATED = 1
/** A packet of AEDAT 4 has some 10 ms: of the busiest sensor 10 MB. */
const MOST_BYTES = 2 ** 26

/** Unpacks frames of one kind, one at a time. */
export interface Unpacker {
  /** The bytes of a frame, good until the next call; undefined when the frame is broken or unpacks to more than 64 MiB. */
  unpack(frame: Uint8Array): Uint8Array | undefined
}

interface Lz4Block {
  start: number
  bytes: number
  stored: boolean
}

/** Frames of LZ4, whose blocks may refer to each other. */
export class Lz4Unpacker implements Unpacker {
  #out = new Uint8Array(0)

  unpack(frame: Uint8Array): Uint8Array | undefined {
    const walked = lz4Blocks(frame)
    if (walked === undefined) return undefined
    const { blocks, most } = walked
    const room = blocks.reduce((sum, { bytes, stored }) => sum + (stored ? bytes : most), 0)
    if (room > MOST_BYTES) return undefined
    if (room > this.#out.length) this.#out = new Uint8Array(room)
    let length = 0
    for (const { start, bytes, stored } of blocks) {
      const block = frame.subarray(start, start + bytes)
      if (stored) this.#out.set(block, length)
      const held = stored ? bytes : unpackLz4(block, this.#out, length, most)
      if (held < 0) return undefined
      length += held
    }
    return this.#out.subarray(0, length)
  }
}

/** The blocks of a frame, and how many bytes one may unpack to. */
function lz4Blocks(frame: Uint8Array): { blocks: Lz4Block[]; most: number } | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 11 || view.getUint32(0, true) !== LZ4_MAGIC) return undefined
  const flags = frame[4]!
  const most = LZ4_BLOCK_BYTES[(frame[5]! >> 4) & 7]
  if (flags >> 6 !== 1 || most === undefined) return undefined
  const [blockSums, contentSize, dictionary] = [flags & 0x10, flags & 8, flags & 1]
  if (dictionary !== 0) return undefined
  const blocks: Lz4Block[] = []
  for (let at = 7 + (contentSize === 0 ? 0 : 8); at + 4 <= frame.length; ) {
    const size = view.getUint32(at, true)
    const bytes = size & ~LZ4_STORED
    if (size === 0) return { blocks, most }
    if (bytes > most || at + 4 + bytes > frame.length) return undefined
    blocks.push({ start: at + 4, bytes, stored: size >= LZ4_STORED })
    at += 4 + bytes + (blockSums === 0 ? 0 : 4)
  }
  return undefined
}

/** Node's own from 22.15 on, ten times as fast as the package. */
const { zstdDecompressSync } = zlib as {
  zstdDecompressSync?: (frame: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
}

/** Frames of Zstandard. */
export class ZstdUnpacker implements Unpacker {
  #zstd: typeof import('fzstd') | undefined
  #out = new Uint8Array(0)

  unpack(frame: Uint8Array): Uint8Array | undefined {
    const length = zstdLength(frame)
    if (length === undefined || length > MOST_BYTES) return undefined
    try {
      if (zstdDecompressSync) return zstdDecompressSync(frame, { maxOutputLength: length })
      return this.#unpackInJs(frame, length)
    } catch {
      return undefined
    }
  }

  #unpackInJs(frame: Uint8Array, length: number): Uint8Array {
    this.#zstd ??= require('fzstd') as typeof import('fzstd')
    if (length > this.#out.length) this.#out = new Uint8Array(length)
    const out = this.#out.subarray(0, length)
    // A frame that promises more than it holds must not give what stood there before.
    out.fill(0)
    this.#zstd.decompress(frame, out)
    return out
  }
}

/** Bytes that a frame unpacks to, or a bound of them where its header does not say. */
function zstdLength(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 9 || view.getUint32(0, true) !== ZSTD_MAGIC) return undefined
  const flags = frame[4]!
  const single = (flags >> 5) & 1
  const sizeBytes = flags >> 6 === 0 ? single : 1 << (flags >> 6)
  const at = 6 - single + [0, 1, 2, 4][flags & 3]!
  if (at + sizeBytes > frame.length) return undefined
  switch (sizeBytes) {
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at, true) + 256
    case 4:
      return view.getUint32(at, true)
    case 8:
      return Number(view.getBigUint64(at, true))
    default:
      return zstdBound(frame, at)
  }
}

function zstdBound(frame: Uint8Array, from: number): number | undefined {
  let sum = 0
  for (let at = from; at + 3 <= frame.length; ) {
    const header = frame[at]! | (frame[at + 1]! << 8) | (frame[at + 2]! << 16)
    const size = header >> 3
    const kind = (header >> 1) & 3
    sum += kind === 2 ? ZSTD_BLOCK_BYTES : size
    if ((header & 1) === 1) return sum
    at += 3 + (kind === ZSTD_REPEATED ? 1 : size)
  }
  return undefined
}
