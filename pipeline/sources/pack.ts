// Packs bytes into frames of LZ4 or Zstandard, as the packets of AEDAT 4 are.
import * as zlib from 'node:zlib'
import { SaccadeError } from '../errors.js'
import { packLz4 } from './codecs.js'

/** Magic; blocks that do not refer to each other, of at most 4 MiB, without sums; the check byte of these two settings. */
const LZ4_HEAD = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73)
const LZ4_MOST_BLOCK = 2 ** 22
const LZ4_STORED = 0x80000000

/** Packs frames of one kind. The bytes are good until the next call. */
export type Packer = (bytes: Uint8Array) => Uint8Array

/** How the packets of an AEDAT 4 file may be packed. */
export type Packing = 'none' | 'lz4' | 'zstd'

/** A packer of a kind. Throws ERR_ARGUMENT where this Node has no Zstandard. */
export function packerOf(packing: Packing): Packer {
  switch (packing) {
    case 'none':
      return (bytes) => bytes
    case 'lz4':
      return lz4Packer()
    case 'zstd':
      return zstdPacker()
  }
}

function lz4Packer(): Packer {
  let out = new Uint8Array(0)
  return (bytes) => {
    const blocks = Math.ceil(bytes.length / LZ4_MOST_BLOCK)
    const most = LZ4_HEAD.length + bytes.length + 4 * blocks + 4
    if (most > out.length) out = new Uint8Array(most)
    const view = new DataView(out.buffer)
    out.set(LZ4_HEAD)
    let at = LZ4_HEAD.length
    for (let from = 0; from < bytes.length; from += LZ4_MOST_BLOCK) {
      const block = bytes.subarray(from, from + LZ4_MOST_BLOCK)
      const packed = packLz4(block, out.subarray(at + 4, at + 4 + block.length))
      if (packed === 0) out.set(block, at + 4)
      view.setUint32(at, packed === 0 ? block.length + LZ4_STORED : packed, true)
      at += 4 + (packed || block.length)
    }
    view.setUint32(at, 0, true)
    return out.subarray(0, at + 4)
  }
}

/** Node's own, from 22.15 on. */
const { zstdCompressSync } = zlib as { zstdCompressSync?: Packer }

function zstdPacker(): Packer {
  if (zstdCompressSync !== undefined) return (bytes) => zstdCompressSync(bytes)
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `Node ${process.version} cannot pack with Zstandard: 22.15 is the first that can`,
    'aedat4 packs with LZ4',
  )
}
