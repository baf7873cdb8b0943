// Simulated drives as files, in the layout of Gen1: NAME_td.dat beside NAME_bbox.npy.
import { SaccadeError } from '../errors.js'
import { EventPacket } from '../events/packet.js'
import { writeDat } from '../sources/dat-writer.js'
import { LabelWriter } from '../sources/labels.js'
import { LABEL_EVERY_US, type SimulateSpec, type Simulation, simulate } from './simulate.js'

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
  // A file grows by 50 ms at once: a write for each packet of 2.5 ms took as long as its simulation.
  const batch = new EventPacket()
  const flush = async () => {
    await recording.write(batch)
    batch.reset()
  }
  for (const packet of simulation.packets()) {
    if (options.signal?.aborted)
      throw new SaccadeError('ERR_ABORTED', `the simulation into ${written.recording} was stopped`)
    if (batch.length + packet.length > batch.capacity) await flush()
    if (packet.length > batch.capacity) await recording.write(packet)
    else append(batch, packet)
    if (simulation.reached % LABEL_EVERY_US === 0) await flush()
    const fresh = simulation.labels.splice(0)
    if (fresh.length > 0) await labels.write(fresh)
    written.boxes += fresh.length
    options.progress?.(simulation, recording.events + batch.length)
  }
  await flush()
  written.events = recording.events
  await recording.close()
  await labels.close()
  return written
}

function append(to: EventPacket, packet: EventPacket): void {
  if (to.length === 0) {
    to.t0 = packet.t0
    to.width = packet.width
    to.height = packet.height
  }
  const later = packet.t0 - to.t0
  for (let i = 0; i < packet.length; i++) to.t[to.length + i] = packet.t[i]! + later
  to.x.set(packet.x.subarray(0, packet.length), to.length)
  to.y.set(packet.y.subarray(0, packet.length), to.length)
  to.p.set(packet.p.subarray(0, packet.length), to.length)
  to.length += packet.length
}
