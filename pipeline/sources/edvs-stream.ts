// The events of one connection to an eDVS, from the first byte until the line is lost.
import { EdvsDecoder } from '../events/native.js'
import type { CameraContext, CameraState } from './camera-device.js'
import { TICK_MS } from './camera-feed.js'
import type { EdvsLink } from './edvs-link.js'

/** Without events for so long the line is probed, each time. */
const PROBE_MS = 500
/** Even in the dark an eDVS sends some noise; one that sends no event for so long is asked again. */
const SILENT_MS = 2000

/** Feeds until the line is lost (resolves with the reason) or the signal fires (undefined). `alive` is called with events. */
export function streamEvents(
  name: string,
  link: EdvsLink,
  { feed, clock, signal, ...context }: CameraContext,
  alive: () => void,
): Promise<string | undefined> {
  // The camera's clock starts anew with each connection; its time goes on.
  const decoder = new EdvsDecoder(feed.time, undefined, link.mode === 1)
  const counted = { resyncs: 0, skippedBytes: 0 }
  let bytesSinceEvent = 0
  let eventAt = clock.now()
  let probedAt = eventAt
  let state: CameraState = 'up'

  const take = (bytes: Uint8Array) => {
    bytesSinceEvent += bytes.length
    const events = feed.push(bytes)
    const { resyncs, skippedBytes } = decoder
    feed.fault('resync', resyncs - counted.resyncs)
    feed.fault('skipped_bytes', skippedBytes - counted.skippedBytes)
    Object.assign(counted, { resyncs, skippedBytes })
    if (events === 0) return
    bytesSinceEvent = 0
    eventAt = probedAt = clock.now()
    alive()
    become('up', 'sends again')
  }

  const tick = () => {
    feed.tick()
    const now = clock.now()
    if (now - eventAt >= SILENT_MS) {
      const what = bytesSinceEvent === 0 ? 'nothing' : 'bytes that are no events'
      become('silent', `sends ${what}; asking it again`)
      bytesSinceEvent = 0
      eventAt = probedAt = now
      link.ask()
    } else if (now - probedAt >= PROBE_MS) {
      probedAt = now
      link.probe()
    }
    cancelTick = clock.after(TICK_MS, tick)
  }

  const become = (next: CameraState, sentence: string) => {
    if (next === state) return
    state = next
    context.state(next)
    context.notice(`${name} ${sentence}`)
  }

  context.state(state)
  feed.start(decoder)
  link.onData = take
  let cancelTick = clock.after(TICK_MS, tick)
  return new Promise((resolve) => {
    const finish = (reason: string | undefined) => {
      cancelTick()
      signal.removeEventListener('abort', stop)
      link.onData = () => {}
      feed.pause()
      resolve(reason)
    }
    const stop = () => finish(undefined)
    signal.addEventListener('abort', stop)
    void link.ended.then(finish)
    if (signal.aborted) stop()
  })
}
