// What the feed of a camera does with packets and triggers, with a decoder and a clock that the test holds.
import test from 'ava'
import { Subject } from 'rxjs'
import type { EventPacket } from '../../pipeline/events/packet.js'
import { CameraFeed, type LiveDecoder } from '../../pipeline/sources/camera-feed.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { ManualClock } from '../support/manual-clock.js'

/** Each byte is an event, but 0xff an edge of an external trigger. */
const decoder: LiveDecoder = {
  offset: 0,
  decode(bytes, from, now, _sentAfter, packet) {
    let at = from
    for (; at < bytes.length && packet.length < packet.capacity; at++) {
      if (bytes[at] === 0xff) {
        packet.triggers ??= []
        packet.triggers.push({ t: now, id: 1, value: 1 })
        continue
      }
      if (packet.length === 0) packet.t0 = now
      packet.t[packet.length] = now - packet.t0
      packet.x[packet.length] = bytes[at]!
      packet.length += 1
    }
    return at - from
  },
}

/** A feed of packets of 8 events, and what it handed on. */
function feeding() {
  const ledger = new Ledger()
  const clock = new ManualClock()
  const packets: EventPacket[] = []
  const out = new Subject<EventPacket>()
  out.subscribe((packet) => packets.push(packet))
  const feed = new CameraFeed({ width: 9, height: 9 }, ledger, out as never, clock, 8)
  feed.start(decoder)
  return { ledger, clock, packets, feed, source: () => ledger.stage('source', 'events') }
}

const release = (packets: EventPacket[]) => {
  for (const packet of packets.splice(0)) packet.release()
}

test('triggers without events are handed on with the next tick', async (t) => {
  const { feed, clock, packets, ledger } = feeding()
  await clock.advance(50)
  feed.push(Uint8Array.of(0xff, 0xff))
  t.is(packets.length, 0)
  feed.tick()
  t.is(packets.length, 1)
  t.is(packets[0]!.length, 0)
  t.is(packets[0]!.triggers!.length, 2)
  t.like(ledger.stage('source triggers', 'triggers'), { in: 2, out: 2, held: 0 })
  release(packets)
  feed.stop()
})

test('triggers of a packet that nobody takes are counted, and told with the next packet', async (t) => {
  const { feed, clock, packets, ledger, source } = feeding()
  // 16 packets of 8 events go out, and none comes back.
  for (let k = 0; k < 16; k++) feed.push(Uint8Array.of(1, 2, 3, 0xff, 4, 5, 6, 7, 8))
  t.is(packets.length, 16)
  feed.push(Uint8Array.of(1, 0xff, 2, 0xff))
  const triggers = ledger.stage('source triggers', 'triggers')
  t.deepEqual(triggers.dropped, { no_buffer: 2 })
  t.is(source().dropped.no_buffer, 2)
  t.deepEqual(feed.faults, { lost_triggers: 2 })
  ledger.check()
  release(packets)
  await clock.advance(10)
  feed.push(Uint8Array.of(1, 0xff))
  feed.tick()
  t.is(packets.length, 1)
  t.is(packets[0]!.dropped, 2)
  t.deepEqual(packets[0]!.faults, { lost_triggers: 2 })
  t.is(packets[0]!.triggers!.length, 1)
  ledger.check()
  release(packets)
  feed.stop()
})

test('what is held at the end is handed on, triggers too, and without a taker it is counted', (t) => {
  const { feed, packets, ledger } = feeding()
  feed.push(Uint8Array.of(1, 0xff))
  feed.pause()
  t.is(packets.length, 1)
  feed.start(decoder)
  feed.push(Uint8Array.of(0xff, 2))
  Object.assign(feed.subscriber, { closed: true })
  feed.stop()
  t.deepEqual(ledger.stage('source triggers', 'triggers').dropped, { stopped: 1 })
  ledger.check()
  release(packets)
})
