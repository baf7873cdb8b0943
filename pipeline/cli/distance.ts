// How far a plan is from the float network, for the commands that make networks: measured on windows of recordings.
import {
  distanceLines,
  distanceToFloat,
  type FloatDistance,
  framesOf,
} from '../../calibration/index.js'
import type { Plan } from '../detect/plan.js'
import { printTable } from './command.js'

/** The distance, or nothing where there is none (an exact plan) or nothing to measure it on. */
export async function measureDistance(
  plan: Plan,
  onnx: Uint8Array,
  recordings: readonly string[],
): Promise<FloatDistance | undefined> {
  if (plan.exact === 'yes' || recordings.length === 0) return undefined
  return distanceToFloat(plan, onnx, await framesOf(recordings, plan))
}

/** A table of layers, then sentences; a remark on stderr where it was not measured. */
export function printDistance(
  plan: Plan,
  distance: FloatDistance | undefined,
  example: string,
): void {
  if (distance) {
    const { rows, sentences } = distanceLines(distance)
    printTable(rows)
    process.stdout.write(`${sentences.join('\n')}\n`)
  } else if (plan.exact === 'no')
    process.stderr.write(
      `its distance to float was not measured: give recordings, \`${example}\`\n`,
    )
}
