// The thread that writes one drive after another: see drives.ts.
import { parentPort } from 'node:worker_threads'
import { SaccadeError } from '../errors.js'
import type { DriveJob, DriveReply } from './drives.js'
import { writeSimulation } from './write.js'

parentPort?.on('message', async ({ spec, name }: DriveJob) => {
  const reply: DriveReply = await writeSimulation(spec, name).catch((error: Error) => ({
    code: error instanceof SaccadeError ? error.code : 'ERR_IO',
    message: error.message,
  }))
  parentPort?.postMessage(reply)
})
