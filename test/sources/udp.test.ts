// Datagrams of events: what the layouts mean, and what a network does to them.
import { createSocket } from 'node:dgram'
import test from 'ava'
import fc from 'fast-check'
import { Subscriber } from 'rxjs'
import { EventPacket } from '../../pipeline/events/packet.js'
import { CameraFeed } from '../../pipeline/sources/camera-feed.js'
import { camera } from '../../pipeline/sources/camera-registry.js'
import { UdpDecoder } from '../../pipeline/sources/udp-decoder.js'
import { UDP_LAYOUTS } from '../../pipeline/sources/udp-layouts.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { freeUdpPort, udpRecord } from '../support/camera-rigs.js'
import { ManualClock } from '../support/manual-clock.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { sleep, until } from '../support/wait.js'

const GEOMETRY = { width: 640, height: 480 }

/** A decoder beside a network that a test plays: datagrams and when they come, µs. */
function decoding(layout: string, geometry = GEOMETRY, capacity = 4096) {
  const feed = new CameraFeed(geometry, new Ledger(), new Subscriber(), new ManualClock())
  const decoder = new UdpDecoder(UDP_LAYOUTS[layout]!, geometry, feed)
  const events: PlainEvent[] = []
  const take = (bytes: Uint8Array, now = 1000) => {
    const packet = new EventPacket(capacity)
    for (let from = 0, again = true; again; packet.reset()) {
      from += decoder.decode(bytes, from, now, 0, packet)
      again = from < bytes.length || packet.length === capacity
      events.push(...eventsOf(packet))
    }
  }
  return { feed, events, take }
}

const datagram = (layout: string, events: readonly PlainEvent[]) =>
  Buffer.concat(events.map((event) => udpRecord(layout, event)))
const row = (times: readonly number[]) => times.map((t, i) => ({ t, x: i, y: 2 * i, p: i & 1 }))

test('words written by hand from the tables become the events that they say', (t) => {
  const spif = decoding('spif')
  // 0x0005_8007: x 5, polarity 1, y 7, and a word of µs; 0x8006_0009: no stamp, x 6, polarity 0, y 9.
  spif.take(Uint8Array.of(0x07, 0x80, 0x05, 0x00, 0x10, 0x27, 0, 0), 50_000)
  t.deepEqual(spif.events, [{ t: 10_000, x: 5, y: 7, p: 1 }])
  const bare = decoding('spif')
  bare.take(Uint8Array.of(0x09, 0x00, 0x06, 0x80), 50_000)
  t.deepEqual(bare.events, [{ t: 50_000, x: 6, y: 9, p: 0 }])
  const t64 = decoding('t64_x16_y16_on8')
  t64.take(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 0x2c, 0x01, 0x90, 0x01, 1))
  t.deepEqual(t64.events, [{ t: 2 ** 32 + 1, x: 300, y: 400, p: 1 }])
  const t32 = decoding('t32_x16_y15_on1')
  t32.take(Uint8Array.of(3, 0, 0, 0, 0x2c, 0x01, 0x21, 0x03))
  t.deepEqual(t32.events, [{ t: 3, x: 300, y: 400, p: 1 }])
})

test('stamps of 32 bits wrap, also in the middle of what the network exchanged', (t) => {
  for (const layout of ['spif', 't32_x16_y15_on1']) {
    const { take, events, feed } = decoding(layout)
    const sent = row([-3000, -2000, -1000, 500, 1500]).map((e) => ({ ...e, t: 2 ** 32 + e.t }))
    const [a, b, c, d, e] = sent.map((event) => datagram(layout, [event]))
    for (const bytes of [a!, b!, d!, c!, e!]) take(bytes)
    const inOrder = [...events].sort((one, other) => one.t - other.t)
    t.deepEqual(inOrder, sent)
    t.deepEqual(feed.faults, { reordered_events: 1 })
  }
})

test('a clock that begins anew is told, and time goes on behind what was', (t) => {
  const { take, events, feed } = decoding('t64_x16_y16_on8')
  take(datagram('t64_x16_y16_on8', row([5_000_000, 5_000_100])), 10_000)
  take(datagram('t64_x16_y16_on8', row([0, 40])), 20_000)
  // Sooner than a second after its start only the pause tells.
  take(datagram('t64_x16_y16_on8', row([0, 30])), 2_000_000)
  t.deepEqual(
    events.map((event) => event.t),
    [5_000_000, 5_000_100, 5_000_100, 5_000_140, 5_000_140, 5_000_170],
  )
  t.deepEqual(feed.faults, { clock_restart: 2 })
})

test('the last datagram of AEStream is twice too long: what was there before is no event', (t) => {
  const { take, events, feed } = decoding('spif')
  const stale = datagram('spif', row([100, 110, 120]))
  take(stale)
  take(Buffer.concat([datagram('spif', row([200, 210])), stale]))
  t.deepEqual(
    events.map((event) => event.t),
    [100, 110, 120, 200, 210],
  )
  t.deepEqual(feed.faults, { stale_bytes: 24 })
})

test('a cut record, an empty datagram, a pixel outside and an impossible stamp are counted', (t) => {
  const { take, events, feed } = decoding('t64_x16_y16_on8')
  take(datagram('t64_x16_y16_on8', row([7, 8])).subarray(0, 20))
  take(new Uint8Array(0))
  take(datagram('t64_x16_y16_on8', [{ t: 9, x: 640, y: 0, p: 0 }]))
  take(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0))
  t.is(events.length, 1)
  t.deepEqual(feed.faults, { malformed_datagrams: 3, out_of_range: 1 })
})

test('any datagram gives events on the sensor alone, whatever the size of a packet', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(UDP_LAYOUTS)),
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 20 }),
      (layout, datagrams, capacity) => {
        const geometry = { width: 20_000, height: 20_000 }
        const wide = decoding(layout, geometry)
        const narrow = decoding(layout, geometry, capacity)
        for (const [i, bytes] of datagrams.entries()) {
          wide.take(bytes, 300_000 * i)
          narrow.take(bytes, 300_000 * i)
        }
        t.deepEqual(narrow.events, wide.events)
        t.deepEqual(narrow.feed.faults, wide.feed.faults)
        for (const { t: time, x, y, p } of wide.events)
          if (!(time >= 0 && Number.isSafeInteger(time) && x < 20_000 && y < 20_000 && p < 2))
            t.fail(`${time} ${x} ${y} ${p}`)
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

test('a second sender is not listened to while the first one sends', async (t) => {
  const port = await freeUdpPort()
  const source = camera(`udp:127.0.0.1:${port}`, { geometry: GEOMETRY })
  let events = 0
  source.subscribe((packet) => {
    events += packet.length
    packet.release()
  })
  await until(() => source.state === 'up', 'it listens')
  const [first, second] = [createSocket('udp4'), createSocket('udp4')]
  first.send(datagram('spif', row([100, 200])), port, '127.0.0.1')
  await until(() => events === 2, 'its events come')
  second.send(datagram('spif', row([100, 200, 300])), port, '127.0.0.1')
  await until(() => source.faults.other_sender_datagrams === 1, 'the other one is counted')
  await sleep(20)
  t.is(events, 2)
  first.close()
  second.close()
  await source.close()
  t.is(source.state, 'closed')
})

test('a port that is taken, a wrong call, and a sensor without a size have their own sentences', async (t) => {
  const refused = (spec: string, geometry?: typeof GEOMETRY) =>
    t.throws(() => camera(spec, { geometry }), { code: 'ERR_ARGUMENT' })?.message
  t.is(refused('udp:3333'), 'datagrams of events do not say the size of their sensor')
  t.is(refused('udp:', GEOMETRY), '"udp:" names no port')
  t.is(refused('udp:70000', GEOMETRY), '70000 is no port: 1 to 65535')
  t.is(refused('udp:3333:evt9', GEOMETRY), 'there is no layout "evt9" of events in datagrams')
  t.throws(() => camera('udp:3333', { geometry: GEOMETRY, settings: { rate: 5 } }), {
    message: 'a camera that sends datagrams has no rate control to set',
  })
  t.is(camera('udp:[::1]:3333:spif', { geometry: GEOMETRY }).geometry.width, 640)
  const port = await freeUdpPort()
  const taken = createSocket('udp4')
  await new Promise<void>((resolve) => taken.bind(port, '127.0.0.1', resolve))
  await t.throwsAsync(
    async () => {
      for await (const _ of camera(`udp:127.0.0.1:${port}`, { geometry: GEOMETRY })) t.fail()
    },
    {
      code: 'ERR_CONNECT',
      message: `no connection to the spif camera on UDP port ${port}: another program listens there`,
    },
  )
  taken.close()
})
