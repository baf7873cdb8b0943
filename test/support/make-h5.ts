// HDF5 files for tests, written by the library that reads them.
import { fileURLToPath } from 'node:url'

/** Columns of a file as RVT prepares them; what is undefined is left out. */
export interface H5Events {
  t?: BigInt64Array | Int32Array | Float64Array
  x?: Uint16Array | Int16Array
  y?: Uint16Array
  p?: Int8Array | Uint8Array
  width?: number
  height?: number
  /** DSEC's, beside the group. */
  t_offset?: bigint
}

/** gzip with shuffle, Blosc, or nothing. */
export type H5Packing = 'gzip' | 'blosc' | undefined

/** Blosc's registered number, and the settings of RVT: zstd, level 1, byte shuffle. */
const BLOSC = { compression: 32001, compression_opts: [2, 2, 8, 0, 1, 1, 5] } as const

/** Writes the group `events`, in chunks of 1000. */
export async function makeH5(path: string, events: H5Events, packing?: H5Packing): Promise<void> {
  const { File, ready } = await import('h5wasm/node')
  const module = await ready
  const plugins = new URL('plugins', import.meta.resolve('h5wasm-plugins'))
  module.insert_plugin_search_path(fileURLToPath(plugins), 0)
  const file = new File(path, 'w')
  const group = file.create_group('events')
  const packed =
    packing === 'blosc'
      ? { compression: BLOSC.compression, compression_opts: [...BLOSC.compression_opts] }
      : { compression: 'gzip' as const, compression_opts: [4] }
  for (const [name, value] of Object.entries(events)) {
    if (typeof value === 'bigint')
      file.create_dataset({ name, data: BigInt64Array.of(value), shape: [] })
    else if (typeof value === 'number') group.create_dataset({ name, data: value, shape: [] })
    else
      group.create_dataset({
        name,
        data: value,
        shape: [value.length],
        ...(packing !== undefined && { chunks: [Math.min(1000, value.length)], ...packed }),
      })
  }
  file.close()
}
