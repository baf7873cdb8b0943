// Where the benchmarks keep what is costly to make again: generated networks, the simulated drive, exported windows.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../test/support/shared.js'

/** A path below .state/bench of the working tree; its folder exists. */
export function statePath(name: string): string {
  const folder = join(packageRoot, '.state', 'bench')
  mkdirSync(folder, { recursive: true })
  return join(folder, name)
}
