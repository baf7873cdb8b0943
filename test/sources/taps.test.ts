// Who listens in on a stream of packets: the recorder and the server of events.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Subject } from 'rxjs'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { relay } from '../../pipeline/relay.js'
import { openCamera } from '../../pipeline/sources/camera-registry.js'
import { EventServer } from '../../pipeline/sources/event-server.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { Recorder } from '../../pipeline/sources/recorder.js'
import { replay } from '../../pipeline/sources/replay.js'
import { tapped } from '../../pipeline/sources/tap.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { scratch } from '../support/folder.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { sleep, until } from '../support/wait.js'

const GEOMETRY = { width: 64, height: 48 }

/** A live packet of n events from t on. */
function live(t: number, n: number): EventPacket {
  const events = Array.from({ length: n }, (_, i) => ({ t: t + i, x: i % 64, y: i % 48, p: i & 1 }))
  const packet = packetOf(events, GEOMETRY)
  packet.live = true
  return packet
}

async function digestOf(path: string): Promise<string> {
  await using recording = await openRecording(path)
  return (await digestRecording(recording)).digest
}

test('a replay is kept whole while it is played, in the format of the name', async (t) => {
  const path = sharedPath('recordings/formats/evt3_trigger_1280x720.raw')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const ledger = new Ledger()
  const copy = scratch(t, 'kept.raw')
  const recorder = await Recorder.open(copy, { geometry: { width: 1280, height: 720 }, ledger })
  let events = 0
  for await (const packet of replay(path, { ledger }).pipe(tapped([recorder])))
    events += packet.length
  t.false(existsSync(copy), 'until it is whole it has another name')
  await recorder.close()
  ledger.check()
  const stage = ledger.stage(`record ${copy}`, 'copies')
  t.is(stage.out, events + 2, 'events and two triggers')
  t.is(await digestOf(copy), await digestOf(path))
})

test('a live stream does not wait for the disk: what finds no copy is counted', async (t) => {
  const ledger = new Ledger()
  const path = scratch(t, 'kept.csv')
  const recorder = await Recorder.open(path, { geometry: GEOMETRY, ledger })
  const source = new Subject<EventPacket>()
  let passed = 0
  tapped([recorder])(source).subscribe((packet) => {
    // Filters change packets in place: what is kept is not changed.
    packet.x.fill(63)
    passed += packet.length
    packet.release()
  })
  // In one go, before the first write can end.
  for (let k = 0; k < 40; k++) source.next(live(1000 * k, 100))
  t.is(passed, 4000, 'nothing waited')
  await recorder.close()
  const stage = ledger.stage(`record ${path}`, 'copies')
  t.deepEqual([stage.in, stage.out, stage.dropped], [4000, 3200, { no_buffer: 800 }])
  ledger.check()
  await using recording = await openRecording(path, { geometry: GEOMETRY })
  const packet = new EventPacket()
  t.true(await recording.next(packet))
  t.deepEqual(eventsOf(packet).slice(0, 2), eventsOf(live(0, 2)))
})

test('a disk that is full ends the recording with a sentence, and the stream goes on', async (t) => {
  if (!existsSync('/dev/full')) return skipWithout(t, 'no /dev/full')
  const ledger = new Ledger()
  const notices: string[] = []
  const recorder = await Recorder.open('/dev/full', {
    geometry: GEOMETRY,
    format: 'evt2',
    ledger,
    notice: (sentence) => notices.push(sentence),
  })
  const source = new Subject<EventPacket>()
  let passed = 0
  tapped([recorder])(source).subscribe((packet) => {
    passed += packet.length
    packet.release()
  })
  for (let k = 0; k < 5; k++) {
    source.next(live(1000 * k, 100))
    await sleep(5)
  }
  await recorder.close()
  t.is(passed, 500)
  t.deepEqual(notices, [
    'the recording /dev/full ends here: cannot write /dev/full: the disk is full after 0 bytes',
  ])
  t.deepEqual(ledger.stage('record /dev/full', 'copies').dropped, { failed: 500 })
})

/** A server on a socket of its own, fed by a subject. */
async function serving(t: ExecutionContext) {
  const ledger = new Ledger()
  const notices: string[] = []
  const address = `unix:${scratch(t, 'events.sock')}`
  const notice = (sentence: string) => notices.push(sentence)
  const server = await EventServer.listen(address, { geometry: GEOMETRY, ledger, notice })
  const source = new Subject<EventPacket>()
  const stop = new AbortController()
  const done = relay(source, [server], stop.signal)
  return { ledger, notices, address, server, source, stop, done }
}

test('events are served to a saccade elsewhere, which needs no size and no format', async (t) => {
  const { address, server, source, ledger, notices, done } = await serving(t)
  source.next(live(500, 10))
  // It asks for the head, which comes with the first events after it.
  const opening = openCamera(address)
  await until(() => notices.length === 1, 'the client is there')
  const sent: PlainEvent[] = []
  const send = (t0: number, n: number) => {
    const packet = live(t0, n)
    sent.push(...eventsOf(packet))
    source.next(packet)
  }
  send(20_000, 300)
  const camera = await opening
  t.deepEqual(camera.geometry, GEOMETRY)
  const got: PlainEvent[] = []
  camera.subscribe((packet) => {
    got.push(...eventsOf(packet))
    packet.release()
  })
  // A pause longer than the 16.8 s after which stamps of EVT3 wrap.
  send(40_000_000, 200)
  send(40_010_000, 200)
  await until(() => got.length === 700, 'all events come')
  t.deepEqual(got, sent)
  await camera.close()
  source.complete()
  await done
  await server.close()
  t.is(ledger.stage(`serve ${address}`, 'copies').out, 700)
  ledger.check()
})

test('a client that takes nothing costs others nothing, and a fifth one is refused', async (t) => {
  const { address, server, source, ledger, notices, stop, done } = await serving(t)
  const path = address.slice(5)
  const stuck = connect({ path })
  await until(() => notices.length === 1, 'it is there')
  let bytes = 0
  const reader = connect({ path }).on('data', (data) => {
    bytes += data.length
  })
  await until(() => notices.length === 2, 'the reader is there')
  const stage = ledger.stage(`serve ${address}`, 'copies')
  for (let k = 0; k < 400 && (stage.dropped.no_buffer ?? 0) === 0; k++) {
    source.next(live(1_000_000 + 60_000 * k, 20_000))
    await sleep(5)
  }
  t.true((stage.dropped.no_buffer ?? 0) > 0)
  const before = bytes
  source.next(live(50_000_000, 1000))
  await until(() => bytes > before, 'the reader gets more')
  const others = [connect({ path }), connect({ path }), connect({ path })]
  await until(() => notices.some((notice) => notice.endsWith('refused: 4 are there')), 'refused')
  for (const socket of [stuck, reader, ...others]) socket.destroy()
  stop.abort()
  await done
  await server.close()
  ledger.check()
})

test('an address in use is refused; a socket that a killed server left is taken over; no file is', async (t) => {
  const { address, server } = await serving(t)
  const options = { geometry: GEOMETRY, ledger: new Ledger() }
  await t.throwsAsync(EventServer.listen(address, options), {
    code: 'ERR_CONNECT',
    message: `cannot serve on ${address}: another program listens there`,
  })
  await server.close()
  const file = scratch(t, 'precious')
  writeFileSync(file, 'text')
  await t.throwsAsync(EventServer.listen(`unix:${file}`, options), { code: 'ERR_CONNECT' })
  t.is(readFileSync(file, 'utf8'), 'text')
  await t.throwsAsync(EventServer.listen('tcp://nowhere', options), { code: 'ERR_ARGUMENT' })
})

test('run without a model keeps a recording and serves it, and says what it did', async (t) => {
  const path = sharedPath('recordings/formats/evt3_trigger_1280x720.raw')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const kept = scratch(t, 'kept.raw')
  const port = await freePort()
  const args = [
    'run',
    '--model',
    'none',
    '--record',
    kept,
    '--serve-events',
    `tcp://127.0.0.1:${port}`,
  ]
  const env = { SACCADE_SOURCE_RECORDING: path, SACCADE_SOURCE_SPEED: '0' }
  const { code, stderr } = await saccade(args, { env, cwd: dirname(kept) })
  t.is(code, 0, stderr)
  t.is(await digestOf(kept), await digestOf(path))
  t.true(statSync(kept).size > 10_000)
  t.regex(stderr, /running on .*, without a model/)
  t.regex(stderr, /record .*kept\.raw 13\.5 kev; serve tcp:\S+ 0 ev; source 13\.5 kev/)
  const { code: alone, stderr: why } = await saccade(['run', '--model', 'none'], { env })
  t.is(alone, 2)
  t.regex(why, /without a model run has nothing to do/)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
