/** The parts of lz4js that are used. */
declare module 'lz4js' {
  /** Unpacks src[from, from + length) to dst from `at` on, and returns the index behind the last byte written. */
  export function decompressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    from: number,
    length: number,
    at: number,
  ): number
  /** Packs src into a frame and returns its length. */
  export function compressFrame(src: Uint8Array, dst: Uint8Array): number
  export function compressBound(length: number): number
}
