// Where the benchmarks keep what is costly to make again: networks, the simulated drive, exported windows.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePlan } from '../../models/compile/spike-file.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { loadPlan } from '../../pipeline/detect/plan-file.js'
import { packageRoot } from '../../test/support/shared.js'

/** A path below .state/bench of the working tree; its folder exists. */
export function statePath(name: string): string {
  const folder = join(packageRoot, '.state', 'bench')
  mkdirSync(folder, { recursive: true })
  return join(folder, name)
}

/** A network as ONNX and as plan. */
export interface KeptNetwork {
  onnx: Uint8Array
  plan: Plan
}

/** The network that was kept under a name, else the one that `make` makes, which is kept. */
export async function kept(
  name: string,
  make: () => Promise<KeptNetwork> | KeptNetwork,
): Promise<KeptNetwork> {
  const path = statePath(name)
  if (existsSync(`${path}.spike`) && existsSync(`${path}.onnx`))
    return { onnx: readFileSync(`${path}.onnx`), plan: await loadPlan(`${path}.spike`) }
  const made = await make()
  writeFileSync(`${path}.onnx`, made.onnx)
  writeFileSync(`${path}.spike`, encodePlan(made.plan))
  return made
}

/** Changes when the importer or the compiler does: part of the names of what they made. */
export function compilerDigest(): string {
  const hash = createHash('sha256')
  const models = join(packageRoot, 'dist', 'models')
  for (const folder of ['onnx', 'import', 'compile'])
    for (const file of readdirSync(join(models, folder)).sort())
      if (file.endsWith('.js')) hash.update(readFileSync(join(models, folder, file)))
  return hash.digest('hex').slice(0, 8)
}
