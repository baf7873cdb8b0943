// A folder for one test's files, gone when the test ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** Path inside a new folder. */
export function scratch(t: ExecutionContext, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'saccade-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, name)
}
