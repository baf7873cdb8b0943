import test from 'ava'
import { openNative } from '../../../pipeline/detect/native.js'
import { WatchedSession } from '../../../pipeline/view/live/network-watch.js'
import { randomFrame } from '../../support/make-plan.js'
import { smallPlan } from '../../support/small-plan.js'

test('a session that is watched finds the same, and tells the spikes that a trace counts', async (t) => {
  const plan = smallPlan()
  await using session = await openNative(plan)
  const watched = new WatchedSession(session)
  const frame = randomFrame(plan, 3)
  const plain = await watched.run(frame)
  const rows = plain.rows.slice(0, plain.count * 6)
  t.is(watched.takeNetwork(), undefined)

  watched.counting = true
  // Twice: counts are of one window, not of all.
  await watched.run(frame)
  const counted = await watched.run(frame)
  t.deepEqual(counted.rows.slice(0, counted.count * 6), rows)
  const network = watched.takeNetwork()!
  t.is(watched.takeNetwork(), undefined)
  const { spikes } = await session.trace(frame)
  t.deepEqual(
    watched.layers.map(({ name }, i) => [name, network.spikes[i]]),
    [...spikes].map(([name, { data }]) => [name, data.reduce((sum, n) => sum + n, 0)]),
  )
  t.true(network.spared > 0 && network.spared < 1)

  const stop = new AbortController()
  const stopped = watched.run(frame, { signal: stop.signal })
  stop.abort()
  await t.throwsAsync(stopped, { code: 'ERR_ABORTED' })
})
