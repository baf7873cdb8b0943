// The addon's codecs, typed: native/addon/codecs.cc.
import { native } from '../native.js'

export const { decodeEcf, packLz4, unpackLz4 } = native as {
  /** Packs up to 4 MiB into a block at the front of `out` and returns its length; 0 when `out` has no room for it. */
  packLz4: (bytes: Uint8Array, out: Uint8Array) => number
  /**
   * Unpacks a block to out[at, at + most) and returns how many bytes it held; -1 when it is broken or holds more. It may refer to
   * what lies before `at`, the blocks before it.
   */
  unpackLz4: (block: Uint8Array, out: Uint8Array, at: number, most: number) => number
  /** The events of a chunk of Prophesee's ECF to the front of the arrays; how many, -1 for a broken chunk or too little room. */
  decodeEcf: (
    chunk: Uint8Array,
    t: Float64Array,
    x: Uint16Array,
    y: Uint16Array,
    p: Uint8Array,
  ) => number
}
