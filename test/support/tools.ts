// Programs that some tests need; a test that lacks one passes with a printed reason.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** Path of a program, or undefined. /usr/sbin is looked into as well. */
export function findTool(name: string): string | undefined {
  for (const folder of [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
  ]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return undefined
}

/** True, after saying why, when a program is missing: the test should return. */
export function lacks(t: ExecutionContext<unknown>, ...names: string[]): boolean {
  const missing = names.filter((name) => findTool(name) === undefined)
  if (missing.length === 0) return false
  t.log(`skipped: ${missing.join(' and ')} not installed`)
  t.pass()
  return true
}
