// The addon's codecs, typed: native/addon/codecs.cc.
import { native } from '../native.js'

export const { packLz4, unpackLz4 } = native as {
  /** Packs up to 4 MiB into a block at the front of `out` and returns its length; 0 when `out` has no room for it. */
  packLz4: (bytes: Uint8Array, out: Uint8Array) => number
  /**
   * Unpacks a block to out[at, at + most) and returns how many bytes it held; -1 when it is broken or holds more. It may refer to
   * what lies before `at`, the blocks before it.
   */
  unpackLz4: (block: Uint8Array, out: Uint8Array, at: number, most: number) => number
}
