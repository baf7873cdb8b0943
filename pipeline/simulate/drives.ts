// Many drives into one folder, one after another or in several threads: what training reads.
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SaccadeError } from '../errors.js'
import { claimFolder } from './drives-record.js'
import type { SimulateSpec } from './simulate.js'
import { type WrittenSimulation, writeSimulation } from './write.js'

/** What to write. */
export interface DrivesSpec {
  /** Of every drive but its seed, which goes up by one from drive to drive. */
  drive: SimulateSpec
  count: number
  /** Threads; each holds one drive in memory. */
  jobs: number
}

/** What came of it. */
export interface WrittenDrives {
  /** Drives written now, and those that were there. */
  written: number
  skipped: number
  events: number
  boxes: number
}

/** What a thread is told: the spec of one drive and its path without the endings. */
export interface DriveJob {
  spec: SimulateSpec
  name: string
}

/** What it answers. */
export type DriveReply = WrittenSimulation | { code: SaccadeError['code']; message: string }

/**
 * Writes SCENE-SEED_td.dat and SCENE-SEED_bbox.npy for `count` seeds into a folder, which is made when it is missing.
 * Pairs that are there are kept, so a run that was stopped goes on where it was; drives-SCENE.json says how they were simulated.
 * Rejects with ERR_ARGUMENT (a wrong spec, or pairs of its scene that were simulated otherwise), ERR_IO, ERR_ABORTED.
 * @param progress called after each drive
 * @example
 * await writeDrives({ drive: { seed: 1, scene: 'hard', durationUs: 500_000 }, count: 100, jobs: 2 }, 'drives')
 */
export async function writeDrives(
  { drive, count, jobs }: DrivesSpec,
  folder: string,
  { signal, progress }: { signal?: AbortSignal; progress?: (done: number) => void } = {},
): Promise<WrittenDrives> {
  if (drive.seed + count > 2 ** 32)
    throw new SaccadeError('ERR_ARGUMENT', `${count} seeds from ${drive.seed} on do not exist`)
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new SaccadeError('ERR_IO', `${folder} cannot be made: ${error.message}`)
  })
  await claimFolder(folder, drive)
  const total: WrittenDrives = { written: 0, skipped: 0, events: 0, boxes: 0 }
  let next = 0
  const work = async (run: (job: DriveJob) => Promise<WrittenSimulation>) => {
    while (next < count) {
      if (signal?.aborted)
        throw new SaccadeError('ERR_ABORTED', `the simulation into ${folder} was stopped`)
      const seed = drive.seed + next++
      const name = join(folder, `${drive.scene ?? 'street'}-${String(seed).padStart(7, '0')}`)
      if (await complete(name)) total.skipped += 1
      else {
        const { events, boxes } = await run({ spec: { ...drive, seed }, name })
        total.written += 1
        total.events += events
        total.boxes += boxes
      }
      progress?.(total.written + total.skipped)
    }
  }
  if (jobs === 1) await work(({ spec, name }) => writeSimulation(spec, name, { signal }))
  else {
    const threads = Array.from({ length: jobs }, () =>
      inThread(work, signal).catch((error) => {
        // The others finish the drive that they are at.
        next = count
        throw error
      }),
    )
    const failed = (await Promise.allSettled(threads)).find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
  }
  return total
}

/** Both files get their names when they are whole, the labels last. */
async function complete(name: string): Promise<boolean> {
  const there = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    )
  return (await there(`${name}_td.dat`)) && (await there(`${name}_bbox.npy`))
}

async function inThread(
  work: (run: (job: DriveJob) => Promise<WrittenSimulation>) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const worker = new Worker(new URL('./drives-worker.js', import.meta.url))
  const stop = () => worker.postMessage('stop')
  signal?.addEventListener('abort', stop)
  try {
    await work(
      (job) =>
        new Promise((resolve, reject) => {
          worker.once('error', reject)
          worker.once('message', (reply: DriveReply) => {
            worker.off('error', reject)
            if ('code' in reply) reject(new SaccadeError(reply.code, reply.message))
            else resolve(reply)
          })
          worker.postMessage(job)
        }),
    )
  } finally {
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
