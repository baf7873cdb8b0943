// Several recordings or patches at a time: sessions to run them in, and who takes what next.
import type { Model } from '../detect/model.js'
import type { Session, SessionOptions } from '../detect/session.js'
import { SaccadeError } from '../errors.js'

/** Opened sessions of one model, one for each worker. */
export interface Sessions extends AsyncDisposable {
  readonly list: readonly Session[]
}

/**
 * Opens a session for each of `jobs` workers, and no more than there are items.
 * @throws ERR_ARGUMENT when jobs is no whole number from 1 to 64
 */
export async function openSessions(
  model: Model,
  settings: SessionOptions,
  jobs: number,
  items: number,
): Promise<Sessions> {
  if (!(Number.isInteger(jobs) && jobs >= 1 && jobs <= 64))
    throw new SaccadeError('ERR_ARGUMENT', `jobs must be a whole number, 1..64, not ${jobs}`)
  const list: Session[] = []
  for (let i = 0; i < Math.min(jobs, items); i++) list.push(await model.open(settings))
  return {
    list,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(list.map((session) => session.close()))
    },
  }
}

/** Runs the work of every item, `workers` at a time; the first failure stops the others after their item. */
export async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  let failed = false
  const run = async (worker: number) => {
    for (const item of rest) {
      if (failed) return
      try {
        await work(item, worker)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: workers }, (_, i) => run(i)))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
