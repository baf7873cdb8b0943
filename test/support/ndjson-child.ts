// Writes sets to stdout until the reader has gone, as `saccade replay --json` does; the tests pipe it into head.

import { NdjsonStreamSink } from '../../pipeline/sinks/ndjson.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { header, makeSet, summary } from './sets.js'

const ledger = new Ledger()
const outlet = new Outlet(new NdjsonStreamSink(), ledger, { live: false })
await outlet.open(header, { wait: false })
for (let seq = 0; !outlet.ended.aborted; seq++) await outlet.push(makeSet(seq))
await outlet.close(summary)
ledger.check()
