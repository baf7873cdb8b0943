// Real recordings and vectors that live beside the repository, not in it: a clone elsewhere skips what needs them.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { ExecutionContext } from 'ava'

/** Folder of package.json, seen from dist/test/support. */
export const packageRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const sharedRoot = process.env.SACCADE_SHARED ?? join(packageRoot, '..', 'shared')

/** Path of a shared file or folder; undefined where it is absent. */
export function sharedPath(relative: string): string | undefined {
  const path = join(sharedRoot, relative)
  return existsSync(path) ? path : undefined
}

/** Passes the test with its reason printed: the data or tool that it needs is not here. */
export function skipWithout(t: ExecutionContext, reason: string): void {
  t.log(`skipped: ${reason}`)
  t.pass()
}

const unzipped = new Map<string, string>()

/** Path of an unzipped copy of a shared .gz file (made once per process); undefined where it is absent. */
export function gunzipShared(relative: string): string | undefined {
  const source = sharedPath(relative)
  if (source === undefined) return undefined
  let copy = unzipped.get(relative)
  if (copy === undefined) {
    copy = join(mkdtempSync(join(tmpdir(), 'saccade-')), basename(relative, '.gz'))
    writeFileSync(copy, gunzipSync(readFileSync(source)))
    unzipped.set(relative, copy)
  }
  return copy
}
