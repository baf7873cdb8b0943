// A process that leaves the engine in some state: `node session-child.js <case>`. session-exit.test.ts runs it.
import { Worker } from 'node:worker_threads'
import { openNative } from '../../pipeline/detect/native.js'
import { randomFrame } from './make-plan.js'
import { smallPlan } from './small-plan.js'

/** A plan whose scalar run takes long enough to be caught in the middle (about 0.3 s). */
async function busy() {
  const plan = smallPlan(64, [120, 120])
  const session = await openNative(plan, { isa: 'scalar', threads: 2 })
  return { session, frame: randomFrame(plan, 1) }
}

const cases: Record<string, () => Promise<void>> = {
  /** An idle session that nobody closed must not keep the process alive. */
  async idle() {
    const { session, frame } = await busy()
    await session.run(frame)
    console.log('ran')
  },
  /** A run under way does: its result is awaited by nobody but the engine. */
  async unawaited() {
    const { session, frame } = await busy()
    void session.run(frame).then(() => console.log('ran'))
  },
  /** process.exit in the middle of a run. */
  async exit() {
    const { session, frame } = await busy()
    for (let i = 0; i < 5; i++) void session.run(frame)
    setTimeout(() => {
      console.log('leaving')
      process.exit(0)
    }, 30)
  },
  /** A worker thread that is terminated in the middle of a run; the main thread's session goes on. */
  async worker() {
    const worker = new Worker(new URL(import.meta.url), { argv: ['endless'] })
    const started = new Promise((resolve) => worker.once('message', resolve))
    await started
    await worker.terminate()
    const { session, frame } = await busy()
    await session.run(frame)
    await session.close()
    console.log('ran')
  },
  async endless() {
    const { parentPort } = await import('node:worker_threads')
    const { session, frame } = await busy()
    parentPort?.postMessage('started')
    for (;;) await session.run(frame)
  },
  /** The system refuses a thread (test/native/no_threads.c): an error, and the process goes on. */
  async refused() {
    for (const threads of [1, 3]) {
      const failed = await openNative(smallPlan(), { threads }).catch((error) => error)
      console.log(`${failed.code} ${failed.message}`)
    }
  },
  /** Sessions that are dropped without close() are collected, threads included. */
  async dropped() {
    const plan = smallPlan(8, [8, 8])
    const frame = randomFrame(plan, 1)
    const threads = async () => {
      const { readdir } = await import('node:fs/promises')
      return (await readdir('/proc/self/task')).length
    }
    const before = await threads()
    for (let i = 0; i < 20; i++) await (await openNative(plan, { threads: 2 })).run(frame)
    for (let i = 0; i < 50 && (await threads()) > before; i++) {
      global.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    console.log(
      (await threads()) <= before ? 'collected' : `${await threads()} threads, ${before} before`,
    )
  },
}

await cases[process.argv[2] ?? '']?.()
