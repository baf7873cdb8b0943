// Plays a recording in a loop and weighs memory while nothing but windows goes by: `node --expose-gc --max-semi-space-size=64
// steady-child.js FILE`. Prints one JSON object. The young generation is so large that it is not collected in between, so
// every ArrayBuffer that is made shows in the sum, also one that is dropped at once.
import { PerformanceObserver } from 'node:perf_hooks'
import { take } from 'rxjs'
import { detect } from '../../pipeline/detect/detect.js'
import { Model } from '../../pipeline/detect/model.js'
import { allocationCount } from '../../pipeline/detect/native.js'
import { parseFilter } from '../../pipeline/filters/registry.js'
import { replay } from '../../pipeline/sources/replay.js'
import { windows } from '../../pipeline/windows/windows.js'
import { poolStates, watchedPools } from './pool-watch.js'

const FILTERS = [parseFilter('refractory:50us'), parseFilter('hot-pixels')]
const WARM_UP = 20
const MEASURED = 200

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

const model = await Model.load('car-pilot')
const session = await model.open({ threads: 2 })
const state = () => ({ bytes: process.memoryUsage().arrayBuffers, mallocs: allocationCount() })
let before = state()
let after = before
let collectionsBefore = 0
let boxes = 0
let mostOut = 0
let count = 0
await new Promise<void>((resolve, reject) => {
  replay(process.argv[2]!, { loop: true })
    .pipe(windows({ ...model.window, filters: FILTERS }), detect(session), take(WARM_UP + MEASURED))
    .subscribe({
      next: (set) => {
        count += 1
        boxes += set.detections.length
        // Freed buffers are swept beside the program; a second collection waits for that.
        if (count === WARM_UP / 2) for (let i = 0; i < 2; i++) global.gc!()
        if (count === WARM_UP) {
          collectionsBefore = collections
          before = state()
        }
        if (count === WARM_UP + MEASURED) after = state()
        for (const pool of watchedPools) mostOut = Math.max(mostOut, pool.size - pool.free)
      },
      error: reject,
      complete: resolve,
    })
})
await session.close()
await new Promise((resolve) => setTimeout(resolve, 100))
console.log(
  JSON.stringify({
    windows: count,
    boxes,
    newBytes: after.bytes - before.bytes,
    mallocs: after.mallocs - before.mallocs,
    collections: collections - collectionsBefore,
    mostOut,
    pools: poolStates(),
  }),
)
