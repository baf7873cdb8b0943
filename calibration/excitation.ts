// Whether recordings say anything about a network: a layer that never fires on them was not looked at.
import { openNative } from '../pipeline/detect/native.js'
import { type Plan, SaccadeError } from '../pipeline/index.js'
import { FiringMeter, type LayerFiring } from '../pipeline/trace/firing.js'

const MOST_NAMED = 8

/** Firing of every layer of a plan on some windows. */
export async function firingOf(plan: Plan, frames: readonly Uint8Array[]): Promise<LayerFiring[]> {
  await using session = await openNative(plan)
  const meter = new FiringMeter(plan)
  for (const frame of frames) meter.add(await session.trace(frame))
  return meter.layers
}

/** Throws ERR_ARGUMENT, naming them, when layers never fired. */
export function checkExcitation(layers: readonly LayerFiring[], windows: number): void {
  const silent = layers.filter(({ active }) => active === 0).map(({ layer }) => layer)
  if (silent.length === 0) return
  const named = silent.slice(0, MOST_NAMED).join(', ')
  const more = silent.length > MOST_NAMED ? ` and ${silent.length - MOST_NAMED} more` : ''
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `the recordings do not excite the network: ${silent.length} of ${layers.length} layers never fire in ${windows} windows (${named}${more})`,
    'add recordings in which what it detects moves through the picture; without recordings scales are chosen by the weights alone',
  )
}
