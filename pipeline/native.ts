// Finds and loads the addon: a local build first, then a prebuild. Its functions are typed where they are used
// (events/native.ts and so on import `native` and narrow it), so this file never grows.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SaccadeError } from './errors.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

function load(): unknown {
  const load = createRequire(import.meta.url)('node-gyp-build') as (dir: string) => unknown
  try {
    return load(root)
  } catch (error) {
    throw new SaccadeError(
      'ERR_NATIVE',
      `the native addon was not found or does not load on ${process.platform}-${process.arch}: ${(error as Error).message.split('\n')[0]}`,
      'in a clone run "npm run build" (needs g++, make, python3); `saccade doctor` lists what is missing',
      { cause: error },
    )
  }
}

/** The addon's exports, untyped; each layer declares what it uses. */
export const native = load() as Record<string, unknown>
