// A Python with the packages that figures are compared with: the one that .ci/run makes, or SACCADE_ORACLE_PYTHON.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { packageRoot, skipWithout } from './shared.js'

const python = [
  process.env.SACCADE_ORACLE_PYTHON ?? '',
  join(packageRoot, '.state/ci/oracle/bin/python'),
].find((path) => existsSync(path))

/** Path of a Python that has the modules; undefined, after the test has passed with the reason, where there is none. */
export function oraclePython(t: ExecutionContext, ...modules: string[]): string | undefined {
  const wanted = `a Python with ${modules.join(' and ')} (.ci/run makes one)`
  const has = (path: string) =>
    spawnSync(path, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0
  if (python !== undefined && has(python)) return python
  skipWithout(t, `no ${wanted}`)
  return undefined
}

/** What a script of the test tree answers to JSON on its standard input. */
export function askOracle<T>(
  t: ExecutionContext,
  path: string,
  script: string,
  question: unknown,
): T {
  const child = spawnSync(path, [join(packageRoot, script)], {
    input: JSON.stringify(question),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  t.is(child.status, 0, child.stderr)
  return JSON.parse(child.stdout) as T
}
