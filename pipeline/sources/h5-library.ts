// HDF5's own library in WebAssembly (h5wasm), loaded when the first such file is opened: it need not be installed otherwise.
import { fileURLToPath } from 'node:url'
import type { Dataset, File } from 'h5wasm/node'
import { SaccadeError } from '../errors.js'

type Library = typeof import('h5wasm/node')
let loaded: Promise<Library> | undefined

/** Opens a file for reading; close it. Rejects with ERR_NOT_FOUND (no library) or ERR_FORMAT. */
export async function openH5(path: string): Promise<File> {
  loaded ??= load()
  const { File: H5File } = await loaded
  return attempt(path, () => new H5File(path, 'r'))
}

async function load(): Promise<Library> {
  let h5: Library
  try {
    h5 = await import('h5wasm/node')
  } catch (cause) {
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      'HDF5 recordings need the optional package h5wasm, which is not installed',
      'npm install h5wasm@0.8 h5wasm-plugins@0.2',
      { cause },
    )
  }
  const module = await h5.ready
  // Else errors are printed, and reading goes on with what is not there.
  module.activate_throwing_error_handler()
  try {
    const plugins = new URL('plugins', import.meta.resolve('h5wasm-plugins'))
    module.insert_plugin_search_path(fileURLToPath(plugins), 0)
  } catch {
    // Files without Blosc and the like are read all the same; with it, reading says what is missing.
  }
  return h5
}

/** HDF5's errors are pages long; what helps is which filter it does not have. */
export function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof SaccadeError) throw cause
    const text = String(cause)
    const [, filter] = /required filter '?([\w-]+)/.exec(text) ?? []
    const what =
      filter === undefined ? 'is damaged or no HDF5 file' : `is packed with the filter ${filter}`
    const hint = filter === undefined ? undefined : 'npm install h5wasm-plugins@0.2'
    throw new SaccadeError('ERR_FORMAT', `${path} ${what}`, hint, { cause })
  }
}

/** A dataset of the file; undefined when there is none of that name. */
export function datasetOf(file: File, name: string): Dataset | undefined {
  const found = file.get(name) as Dataset | null
  return found?.type === 'Dataset' ? found : undefined
}

/** Class of whole numbers of up to 64 bits in HDF5's list of types. */
const INTEGERS = 0

/** True for whole numbers. */
export function isWhole({ type, size }: { type: number; size: number }): boolean {
  return type === INTEGERS && [1, 2, 4, 8].includes(size)
}
