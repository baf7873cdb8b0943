// Watches every pool of the process. `node --import dist/test/support/pool-watch.js …` with SACCADE_POOL_REPORT=FILE writes at
// the exit which items are out: a program that ended well has given all back.
import { writeFileSync } from 'node:fs'
import { Leased, type Pool } from '../../pipeline/streams/pool.js'

/** Every pool made since this module was loaded. */
export const watchedPools = new Set<Pool<Leased>>()

const { enlist } = Leased.prototype
Leased.prototype.enlist = function (pool) {
  watchedPools.add(pool)
  enlist.call(this, pool)
}

/** A pool as it is just now. */
export interface PoolState {
  name: string
  size: number
  free: number
}

/** All pools, in the order they were made. */
export function poolStates(): PoolState[] {
  return [...watchedPools].map(({ name, size, free }) => ({ name, size, free }))
}

const report = process.env.SACCADE_POOL_REPORT
if (report !== undefined)
  process.on('exit', () => writeFileSync(report, JSON.stringify(poolStates())))
