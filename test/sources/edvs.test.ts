import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Subscription } from 'rxjs'
import type { EventPacket } from '../../pipeline/events/packet.js'
import type { Camera } from '../../pipeline/sources/camera.js'
import { camera } from '../../pipeline/sources/camera-registry.js'
import type { CameraSettings } from '../../pipeline/sources/camera-settings.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { EdvsCamera, type EdvsScript } from '../support/edvs-camera.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { PtyPair } from '../support/pty.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { lacks } from '../support/tools.js'
import { sleep, until } from '../support/wait.js'

/** Events that never end: `gap(i)` µs before the i-th. */
function* generated(gap: (i: number) => number): Generator<PlainEvent> {
  let t = 0
  for (let i = 0; ; i++) {
    t += gap(i)
    yield { t, x: (i * 37) % 128, y: (i * 11) % 128, p: (i >> 2) & 1 }
  }
}

/** A scripted camera, the source that reads it, and what came of it. */
class Bench {
  readonly ledger = new Ledger()
  readonly stop = new AbortController()
  readonly device: EdvsCamera
  readonly source: Camera
  readonly subscription: Subscription
  readonly events: PlainEvent[] = []
  /** t0 of packets without events. */
  readonly ticks: number[] = []
  readonly states: string[] = []
  readonly notices: string[] = []
  readonly faults: Record<string, number> = {}
  /** Packets that are not given back while `keep` is set. */
  readonly kept: EventPacket[] = []
  keep = false
  dropped = 0
  error: unknown
  completed = false

  constructor(
    readonly pair: PtyPair,
    script: EdvsScript,
  ) {
    this.device = new EdvsCamera(pair.far, script)
    this.source = camera(`edvs:${pair.near}:4000000`, {
      ledger: this.ledger,
      signal: this.stop.signal,
      random: () => 0.2,
      notice: (sentence) => this.notices.push(sentence.replace(pair.near, 'PORT')),
    })
    this.source.states.subscribe((state) => this.states.push(state))
    this.subscription = this.source.subscribe({
      next: (packet) => this.#take(packet),
      error: (error) => {
        this.error = error
      },
      complete: () => {
        this.completed = true
      },
    })
  }

  static async open(script: EdvsScript): Promise<Bench> {
    return new Bench(await PtyPair.open(), script)
  }

  get counts() {
    return this.ledger.stage('source', 'events')
  }

  async close(): Promise<void> {
    this.stop.abort()
    for (const packet of this.kept.splice(0)) packet.release()
    await until(() => this.source.state === 'closed', 'the camera is closed')
    await until(() => this.device.commands.at(-1) === 'E-', 'the camera is told to stop')
    this.device.detach()
    await this.pair.close()
    this.ledger.check()
  }

  #take(packet: EventPacket): void {
    const { length, live, width, height, faults = {} } = packet
    if (!live || width !== 128 || height !== 128) throw new Error('the packet is not a live one')
    for (const [kind, n] of Object.entries(faults)) this.faults[kind] = (this.faults[kind] ?? 0) + n
    this.dropped += packet.dropped
    if (length === 0) this.ticks.push(packet.t0)
    for (const event of eventsOf(packet)) this.events.push(event)
    if (this.keep && length > 0) this.kept.push(packet)
    else packet.release()
  }
}

const pixels = (events: readonly PlainEvent[]) => events.map(({ x, y, p }) => `${x},${y},${p}`)
/** Stamps from the first one; a cable that is held up for 30 ms on a busy machine may cost 16-bit stamps a wrap. */
const offsets = (events: readonly PlainEvent[], wrap = 0x10000) =>
  events.map(({ t }) => (t - events[0]!.t) % wrap)
const isSorted = (values: readonly number[]) =>
  values.every((v, i) => i === 0 || v >= values[i - 1]!)

test('events come from the line as they were sent, silences longer than a wrap included', async (t) => {
  if (lacks(t, 'socat')) return
  const gaps = (i: number) => (i % 500 === 499 ? 150_000 : 200)
  // A machine that starves socat for 65 ms costs records: then once more.
  let bench: Bench
  do {
    bench = await Bench.open({ events: generated(gaps), uptime: 0x7fff_0000 })
    await until(() => bench.events.length > 2500, 'events come')
    await bench.close()
  } while ((bench.faults.skipped_bytes ?? 0) > 0)
  // A busy machine may probe the line meanwhile.
  const commands = bench.device.commands.filter((c, i, all) => c !== 'E+' || all[i - 1] !== 'E+')
  t.deepEqual(commands, ['R', '!U0', '!E2', 'E+', 'E-'])
  t.deepEqual(bench.states, ['opening', 'up', 'closed'])
  t.true(bench.completed)
  const sent = bench.device.sent.slice(0, bench.events.length)
  t.deepEqual(pixels(bench.events), pixels(sent))
  t.deepEqual(offsets(bench.events), offsets(sent))
  t.deepEqual(bench.faults, {})
  t.is(bench.counts.in, bench.events.length)
  t.is(bench.counts.out, bench.events.length)
  t.regex(bench.notices[0]!, /^the eDVS on PORT sends, at 4000000 baud$/)
})

test('firmware with longer stamps is recognised, and its events are dated to the µs', async (t) => {
  if (lacks(t, 'socat')) return
  for (const e2 of [3, 4]) {
    const gaps = (i: number) => (i % 100 === 99 ? 100_000 : 500)
    const bench = await Bench.open({ events: generated(gaps), e2, uptime: 0xff_f000 })
    await until(() => bench.events.length > 500, 'events come')
    await bench.close()
    const sent = bench.device.sent.slice(0, bench.events.length)
    t.deepEqual(pixels(bench.events), pixels(sent))
    t.deepEqual(offsets(bench.events, Infinity), offsets(sent, Infinity))
  }
})

test('each event format may be asked for, and biases are set before the stream begins', async (t) => {
  if (lacks(t, 'socat')) return
  for (const mode of [0, 4]) {
    const pair = await PtyPair.open()
    const device = new EdvsCamera(pair.far, { events: generated(() => 200) })
    const source = camera(`edvs:${pair.near}:12000000:e${mode}`, {
      settings: { biases: { diffOn: 400_000, 4: 132 } },
    })
    let events = 0
    for await (const packet of source) {
      events += packet.length
      if (events > 300) break
    }
    await source.close()
    t.deepEqual(device.commands.slice(0, 7), [
      ...['R', '!U0', `!E${mode}`, '!B4=132', '!B8=400000', '!BF', 'E+'],
    ])
    device.detach()
    await pair.close()
  }
})

test.serial('12 Mbaud, 240 events a millisecond, come through without a loss', async (t) => {
  if (lacks(t, 'socat')) return
  // Stamps of 24 bits: 5 bytes an event, of 10 bits each.
  const bench = await Bench.open({ events: generated((i) => (i % 6 === 0 ? 5 : 4)), e2: 3 })
  await until(() => bench.events.length > 60_000, 'events come', 20_000)
  await bench.close()
  const sent = bench.device.sent.slice(0, bench.events.length)
  t.is(JSON.stringify(pixels(bench.events)), JSON.stringify(pixels(sent)))
  t.deepEqual(bench.faults, {})
  t.is(bench.dropped, 0)
})

test('a recording of a real eDVS comes through as it is', async (t) => {
  const path = sharedPath('recordings/formats/aedat2_edvs_128x128.aedat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  if (lacks(t, 'socat')) return
  const events = jaerEvents(readFileSync(path)).slice(0, 5000)
  // Stamps of 24 bits: a machine that starves socat for 65 ms would cost 16-bit ones records.
  const bench = await Bench.open({ events, e2: 3 })
  await until(() => bench.events.length === events.length, 'all events come', 60_000)
  await bench.close()
  t.deepEqual(pixels(bench.events), pixels(events))
  t.deepEqual(offsets(bench.events, Infinity), offsets(bench.device.sent, Infinity))
  t.deepEqual(bench.faults, {})
})

test('in a silence packets without events tell the time', async (t) => {
  if (lacks(t, 'socat')) return
  // 40 events for the decoder to find its feet, then one every 400 ms.
  const bench = await Bench.open({ events: generated((i) => (i < 40 ? 1000 : 400_000)) })
  await until(() => bench.events.length >= 42, 'three silences have passed', 20_000)
  await bench.close()
  t.true(bench.ticks.length >= 12, `${bench.ticks.length} ticks`)
  t.true(isSorted(bench.ticks))
  const last = bench.events.at(-1)!.t
  const during = bench.ticks.filter((tick) => tick > bench.events[39]!.t && tick < last)
  t.true(during.length >= 8)
})

test('unplugged and plugged in again, time goes on and the fault is told', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated(() => 500), uptime: 5000 })
  await until(() => bench.events.length > 500, 'events come')
  for (let round = 1; round <= 2; round++) {
    await bench.pair.unplug()
    await until(() => bench.source.state === 'lost', 'the loss is seen')
    bench.device.detach()
    await sleep(300)
    const before = bench.events.length
    await bench.pair.plug()
    bench.device.attach(bench.pair.far)
    await until(() => bench.events.length > before + 500, 'events come again', 20_000)
    const stamps = bench.events.map((event) => event.t)
    t.true(Math.min(...stamps.slice(before)) > Math.max(...stamps.slice(0, before)))
  }
  await bench.close()
  t.is(bench.faults.reconnect, 2)
  t.is(bench.source.faults.reconnect, 2)
  const states = bench.states.filter((state) => state !== 'silent') // a busy machine sees the loss late
  t.deepEqual(states, ['opening', 'up', 'lost', 'up', 'lost', 'up', 'closed'])
  const span = bench.events.at(-1)!.t - bench.events[0]!.t
  t.true(span > 1_300_000, `${span} µs: the time without a camera counts`)
  const lost = bench.notices.filter((notice) => notice.startsWith('lost'))
  t.is(lost.length, 2)
  t.regex(lost[0]!, /^lost the eDVS on PORT \(.+\); trying again$/)
})

test('bytes lost on the way are counted and told', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated(() => 500) })
  await until(() => bench.events.length > 200, 'events come')
  bench.device.write(Uint8Array.of(0x00, 0x01, 0x02))
  await until(() => bench.faults.resync !== undefined, 'the fault is told')
  const before = bench.events.length
  await until(() => bench.events.length > before + 100, 'events go on')
  await bench.close()
  t.true(bench.faults.skipped_bytes! >= 3)
  t.deepEqual(bench.source.faults, bench.faults)
})

test('a slow consumer costs events, which are counted and told, and the camera goes on', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated(() => 200) })
  await until(() => bench.events.length > 100, 'events come')
  bench.keep = true
  await until(() => (bench.counts.dropped.no_buffer ?? 0) > 500, 'events are dropped')
  t.is(bench.kept.length, 16)
  bench.ledger.check()
  bench.keep = false
  for (const packet of bench.kept.splice(0)) packet.release()
  const before = bench.events.length
  await until(() => bench.events.length > before + 500, 'events go on')
  await bench.close()
  t.is(bench.dropped, bench.counts.dropped.no_buffer ?? 0)
  t.is(bench.counts.in, bench.counts.out + bench.dropped)
  t.is(bench.counts.out, bench.events.length)
})

test('packets that an operator lost are named', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated(() => 200) })
  bench.keep = true
  await until(() => bench.error !== undefined, 'the loss is named', 20_000)
  t.like(bench.error, { code: 'ERR_LEASE' })
  t.regex((bench.error as Error).message, /^all 16 buffers of the pool "camera"/)
  await bench.close()
})

test('a camera that falls silent is said to be, is asked again, and may come back', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated((i) => (i % 300 === 299 ? 2_700_000 : 500)) })
  await until(() => bench.states.includes('silent'), 'the silence is seen', 20_000)
  await until(() => bench.events.length > 320, 'events come again', 20_000)
  await bench.close()
  t.deepEqual(bench.states.slice(0, 4), ['opening', 'up', 'silent', 'up'])
  t.true(bench.device.commands.filter((command) => command === '!E2').length >= 2)
  t.is(bench.notices[1], 'the eDVS on PORT sends nothing; asking it again')
  t.is(bench.notices[2], 'the eDVS on PORT sends again')
})

test('an abort while it opens, and before, ends the stream without an error', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: [] })
  await until(() => bench.device.commands.length > 0, 'it opens')
  await bench.close()
  t.true(bench.completed)
  const never = camera('edvs:/dev/ttyNONE', { signal: AbortSignal.abort() })
  for await (const _ of never) t.fail()
})

test('unsubscribing stops the camera, and events that nobody took are counted', async (t) => {
  if (lacks(t, 'socat')) return
  const bench = await Bench.open({ events: generated(() => 200) })
  await until(() => bench.events.length > 100, 'events come')
  bench.subscription.unsubscribe()
  await bench.close()
  t.false(bench.completed)
  t.is(bench.counts.in, bench.events.length + (bench.counts.dropped.stopped ?? 0))
})

test('for await walks a camera and leaving the loop stops it', async (t) => {
  if (lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  const device = new EdvsCamera(pair.far, { events: generated(() => 200) })
  const ledger = new Ledger()
  const source = camera({ kind: 'edvs', port: pair.near }, { ledger })
  let events = 0
  for await (const packet of source) {
    events += packet.length
    if (events > 1000) break
  }
  await until(() => source.state === 'closed', 'it is closed')
  await until(() => device.commands.at(-1) === 'E-', 'the camera is stopped')
  ledger.check()
  device.detach()
  await pair.close()
  t.true(events > 1000)
})

async function failure(t: ExecutionContext, spec: string) {
  return t.throwsAsync(async () => {
    for await (const _ of camera(spec)) t.fail()
  })
}

test('what does not open says so in one sentence', async (t) => {
  t.like(await failure(t, 'edvs:/dev/ttyNONE'), {
    code: 'ERR_CONNECT',
    message: 'no connection to the eDVS on /dev/ttyNONE: there is no such port',
  })
  t.like(await failure(t, 'edvs:/dev/null'), {
    message: 'no connection to the eDVS on /dev/null: it is no serial port',
  })
  if (lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  t.like(await failure(t, `edvs:${pair.near}:4000000`), {
    code: 'ERR_CONNECT',
    message: `no connection to the eDVS on ${pair.near}: it does not answer`,
    hint: 'is it an eDVS with power, and is its baud 4000000?',
  })
  const other = new EdvsCamera(pair.far, { events: [], banner: 'Marlin 2.1\nok\n' })
  t.like(await failure(t, `edvs:${pair.near}:4000000`), {
    message: `no connection to the eDVS on ${pair.near}: what answers is no eDVS that saccade knows`,
  })
  other.detach()
  const device = new EdvsCamera(pair.far, { events: generated(() => 1000) })
  const first = camera(`edvs:${pair.near}`)
  const subscription = first.subscribe((packet) => packet.release())
  await until(() => first.state === 'up', 'the first one is open')
  t.like(await failure(t, `edvs:${pair.near}`), {
    message: `no connection to the eDVS on ${pair.near}: another program uses it`,
    hint: 'find it with `fuser -v PORT` and stop it',
  })
  await t.throwsAsync(
    async () => {
      for await (const _ of first) t.fail()
    },
    { message: `the eDVS on ${pair.near} is open already` },
  )
  subscription.unsubscribe()
  await until(() => first.state === 'closed', 'it is closed')
  device.detach()
  await pair.close()
})

test('with wait, a camera may be absent at first', async (t) => {
  if (lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  await pair.unplug()
  const stop = new AbortController()
  const notices: string[] = []
  let events = 0
  const source = camera(`edvs:${pair.near}`, {
    wait: true,
    signal: stop.signal,
    random: () => 0.2,
    notice: (sentence) => notices.push(sentence.replace(pair.near, 'PORT')),
  })
  source.subscribe((packet) => {
    events += packet.length
    packet.release()
  })
  await sleep(300)
  t.is(source.state, 'opening')
  await pair.plug()
  const device = new EdvsCamera(pair.far, { events: generated(() => 500) })
  await until(() => events > 100, 'events come', 20_000)
  stop.abort()
  await until(() => source.state === 'closed', 'it is closed')
  t.is(notices[0], 'the eDVS on PORT does not open: there is no such port; trying again')
  t.is(notices.at(-1), 'the eDVS on PORT sends, at 12000000 baud')
  device.detach()
  await pair.close()
})

test('a serial number is looked for among the adapters, and settings that an eDVS lacks are refused', async (t) => {
  t.like(await failure(t, 'edvs:NOSUCHSERIAL:2000000'), {
    code: 'ERR_CONNECT',
    message:
      'no connection to the eDVS on NOSUCHSERIAL: no serial adapter has "NOSUCHSERIAL" in its name',
  })
  const set = (settings: CameraSettings) =>
    t.throws(() => camera('edvs:/dev/ttyUSB0', { settings }), { code: 'ERR_ARGUMENT' })?.message
  t.is(set({ biases: { gain: 1 } }), 'an eDVS has no bias "gain"')
  t.is(set({ biases: { pr: -1 } }), 'the bias pr must be 0 to 16777215')
  t.is(
    set({ roi: { x: 0, y: 0, width: 9, height: 9 } }),
    'an eDVS has no region of interest to set',
  )
})

test('KIND:PORT[:BAUD] is read, and what is none is a wrong call', (t) => {
  t.is(camera('edvs:/dev/ttyUSB0:2000000').name, 'the eDVS on /dev/ttyUSB0')
  t.is(camera('edvs:/dev/serial/by-id/usb-0:1.2').name, 'the eDVS on /dev/serial/by-id/usb-0:1.2')
  t.deepEqual(camera({ kind: 'edvs', port: '/dev/ttyUSB0' }).geometry, { width: 128, height: 128 })
  t.throws(() => camera('dvs:/dev/ttyUSB0'), {
    message: 'there is no camera "dvs:/dev/ttyUSB0"',
  })
  t.throws(() => camera('/dev/ttyUSB0'), { message: 'there is no camera "/dev/ttyUSB0"' })
  t.throws(() => camera('edvs:'), { message: '"edvs:" names no serial port' })
  t.throws(() => camera('edvs:/dev/ttyUSB0:300'), {
    message: '300 is no baud for /dev/ttyUSB0: 1200 to 12000000',
  })
})

/** AEDAT 2.0 of a DVS128 chip: big-endian address and stamp behind a header of lines with #. */
function jaerEvents(file: Buffer): PlainEvent[] {
  let at = 0
  while (file[at] === 0x23) at = file.indexOf('\n', at) + 1
  const events: PlainEvent[] = []
  let first: number | undefined
  for (; at + 8 <= file.length; at += 8) {
    const address = file.readUInt32BE(at)
    if (address & 0x8000) continue
    const t = file.readUInt32BE(at + 4)
    first ??= t
    events.push({
      t: t - first,
      x: 127 - ((address >> 1) & 127),
      y: (address >> 8) & 127,
      p: 1 - (address & 1),
    })
  }
  return events
}
