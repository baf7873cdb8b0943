// A simulation as a source of packets that is kept as files while it runs, in the layout of Gen1.
import type { Subscriber } from 'rxjs'
import { EventPacket, PACKET_CAPACITY } from '../events/packet.js'
import { writeDat } from '../sources/dat-writer.js'
import { writeLabels } from '../sources/labels.js'
import { Pool } from '../streams/pool.js'
import { emit, Stream } from '../streams/stream.js'
import type { Simulation } from './simulate.js'

const PACKETS = 4

/**
 * Packets as they are simulated. When the stream completes, NAME_td.dat and NAME_bbox.npy are there; when it is stopped or
 * fails, neither. Fails with ERR_IO.
 * @example
 * recordSimulation(simulate({ seed: 7 }), 'drive').pipe(windows(model.window), detect(session))
 */
export function recordSimulation(
  simulation: Simulation,
  name: string,
  { signal }: { signal?: AbortSignal } = {},
): Stream<EventPacket> {
  return new Stream<EventPacket>((subscriber) => {
    void produce(simulation, name, subscriber, signal).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    )
  })
}

async function produce(
  simulation: Simulation,
  name: string,
  subscriber: Subscriber<EventPacket>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pool = new Pool('simulated', PACKETS, () => new EventPacket())
  await using file = await writeDat(`${name}_td.dat`, { geometry: simulation.geometry })
  for (const packet of simulation.packets()) {
    if (signal?.aborted || subscriber.closed) return
    await file.write(packet)
    for (let at = 0; at < packet.length; at += PACKET_CAPACITY)
      await emit(subscriber, copy(packet, at, await pool.acquire(signal)))
  }
  await writeLabels(`${name}_bbox.npy`, simulation.labels)
  await file.close()
}

/** As many events from index `at` on as the pooled packet takes. */
function copy(from: EventPacket, at: number, to: EventPacket): EventPacket {
  const end = Math.min(from.length, at + to.capacity)
  to.reset()
  Object.assign(to, { length: end - at, t0: from.t0, width: from.width, height: from.height })
  to.t.set(from.t.subarray(at, end))
  to.x.set(from.x.subarray(at, end))
  to.y.set(from.y.subarray(at, end))
  to.p.set(from.p.subarray(at, end))
  return to
}
