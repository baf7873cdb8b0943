// Writes a plan as a safetensors file (docs/plan.md). The same plan gives the same bytes: keys in the schema's order,
// weights by falling element size, so that every tensor is aligned without gaps, and a header padded to 8 bytes.
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Plan } from '../../pipeline/detect/plan.js'
import { checkPlan, weightShapes } from '../../pipeline/detect/plan-check.js'
import { PLAN_KEY } from '../../pipeline/detect/plan-file.js'
import { planSchema } from '../../pipeline/detect/plan-schema.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { encodeTensors, type Tensor } from '../../pipeline/tensors/safetensors.js'

/** The bytes of a .spike file. Throws ERR_MODEL when the plan does not hold together. */
export function encodePlan(plan: Plan): Uint8Array {
  checkPlan(plan)
  const { weights, ...graph } = plan
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape }] of weightShapes(plan))
    tensors.set(name, { dtype, shape, data: weights.get(name)! })
  return encodeTensors(tensors, { [PLAN_KEY]: JSON.stringify(planSchema.parse(graph)) })
}

/** Writes a .spike file whole or not at all. Throws ERR_IO. */
export async function savePlan(plan: Plan, path: string): Promise<void> {
  await writeWhole(path, encodePlan(plan))
}

/** Writes beside the target and renames, so that nobody ever sees half a file. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}.part`
  try {
    await writeFile(part, bytes)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw new SaccadeError('ERR_IO', `${path}: ${(error as Error).message}`, undefined, {
      cause: error,
    })
  }
}
