// Simulated drives as files, in the layout of Gen1: NAME_td.dat beside NAME_bbox.npy.
import { SaccadeError } from '../errors.js'
import { writeDat } from '../sources/dat-writer.js'
import { LabelWriter } from '../sources/labels.js'
import { type SimulateSpec, type Simulation, simulate } from './simulate.js'

/** What was written. */
export interface WrittenSimulation {
  /** NAME_td.dat. */
  recording: string
  /** NAME_bbox.npy. */
  labels: string
  events: number
  /** Labels written, cars and people. */
  boxes: number
}

/** Options of `writeSimulation`. */
export interface WriteSimulationOptions {
  /** Stops between two packets; nothing of the files stays. */
  signal?: AbortSignal
  /** Called after each packet: `reached` and `spec.durationUs` are its progress. */
  progress?: (simulation: Simulation, events: number) => void
}

/**
 * Simulates into NAME_td.dat and NAME_bbox.npy, one packet in memory at a time. Both files appear when both are whole.
 * Rejects with ERR_ARGUMENT (the spec), ERR_IO, ERR_ABORTED.
 * @param name path without the endings, e.g. "out/drive"
 * @example
 * const { recording, events } = await writeSimulation({ seed: 7 }, 'drive')
 */
export async function writeSimulation(
  spec: SimulateSpec,
  name: string,
  options: WriteSimulationOptions = {},
): Promise<WrittenSimulation> {
  const simulation = simulate(spec)
  const written = { recording: `${name}_td.dat`, labels: `${name}_bbox.npy`, events: 0, boxes: 0 }
  await using recording = await writeDat(written.recording, { geometry: simulation.geometry })
  await using labels = await LabelWriter.create(written.labels)
  for (const packet of simulation.packets()) {
    if (options.signal?.aborted)
      throw new SaccadeError('ERR_ABORTED', `the simulation into ${written.recording} was stopped`)
    await recording.write(packet)
    const fresh = simulation.labels.splice(0)
    if (fresh.length > 0) await labels.write(fresh)
    written.boxes += fresh.length
    options.progress?.(simulation, recording.events)
  }
  written.events = recording.events
  await recording.close()
  await labels.close()
  return written
}
