// The thread that writes one drive after another: see drives.ts.
import { parentPort } from 'node:worker_threads'
import { SaccadeError } from '../errors.js'
import type { DriveJob, DriveReply } from './drives.js'
import { writeSimulation } from './write.js'

const stop = new AbortController()

parentPort?.on('message', async (message: DriveJob | 'stop') => {
  if (message === 'stop') return stop.abort()
  const { spec, name } = message
  const { signal } = stop
  const reply: DriveReply = await writeSimulation(spec, name, { signal }).catch((error: Error) => ({
    code: error instanceof SaccadeError ? error.code : 'ERR_IO',
    message: error.message,
  }))
  parentPort?.postMessage(reply)
})
