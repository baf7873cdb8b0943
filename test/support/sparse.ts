// A recording in which one packet holds many windows: one event every 10 ms.
import type { ExecutionContext } from 'ava'
import { writeDat } from '../../pipeline/sources/dat-writer.js'
import { scratch } from './folder.js'
import { packetOf } from './packets.js'

/** Distance of the events of a sparse recording. */
export const SPARSE_STEP_US = 10_000

/** Writes `events` events, one every 10 ms from 20 ms on, on an 8 x 4 sensor. */
export async function sparseRecording(t: ExecutionContext, events: number): Promise<string> {
  const path = scratch(t, 'sparse_td.dat')
  const geometry = { width: 8, height: 4 }
  await using writer = await writeDat(path, { geometry })
  const all = Array.from({ length: events }, (_, i) => ({
    t: 20_000 + i * SPARSE_STEP_US,
    x: i % 8,
    y: i % 4,
    p: i % 2,
  }))
  await writer.write(packetOf(all, geometry))
  await writer.close()
  return path
}
