import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, constants, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { DetectionSet } from '../../pipeline/detect/detection.js'
import { MavlinkSink } from '../../pipeline/sinks/mavlink.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Target } from '../../pipeline/sinks/target.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { killAtExit } from '../support/children.js'
import { example } from '../support/document.js'
import { scratch } from '../support/folder.js'
import { askOracle, oraclePython } from '../support/oracle.js'
import { PtyPair } from '../support/pty.js'
import { header, makeSet, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { sleep, until } from '../support/wait.js'

const tracking = {
  ...header,
  track: { high: 0.4, low: 0.1, birth: 0.5, overlap: 0.2, confirm: 2, keepUs: 1_000_000 },
}

/** A set whose detections carry these numbers, best first. */
function tracked(seq: number, ids: (number | undefined)[]): DetectionSet {
  const set = makeSet(seq, ids.length)
  set.detections.forEach((detection, i) => {
    if (ids[i] !== undefined) detection.track = ids[i]
  })
  return set
}

const SETS = [
  tracked(0, [undefined, 7, 8]),
  tracked(1, [8, 7]),
  tracked(2, [8]),
  { ...tracked(3, [8]), tracks: { started: [], ended: [{ ...ended(7) }] } },
  makeSet(4, 20),
]

function ended(track: number) {
  return { track, class: 0, label: 'car', tStart: 0, tEnd: 1, windows: 2, score: 1, path: [] }
}

interface Message {
  mavpackettype: string
  from: number[]
  v2: boolean
  [field: string]: unknown
}

/** What pymavlink makes of the bytes of SETS. */
function check(t: ExecutionContext, python: string, bytes: Buffer, from: number[]): void {
  const { messages, errors } = askOracle<{ messages: Message[]; errors: number }>(
    t,
    python,
    'test/sinks/mavlink_oracle.py',
    bytes.toString('hex'),
  )
  t.is(errors, 0)
  t.true(messages.every(({ v2 }) => v2))
  messages.forEach((message, i) => {
    t.deepEqual(message.from, [...from, i % 256])
  })
  const of = (type: string) => messages.filter(({ mavpackettype }) => mavpackettype === type)
  t.like(of('HEARTBEAT')[0], { type: 30, autopilot: 8, system_status: 4, mavlink_version: 3 })
  const status = of('CAMERA_TRACKING_IMAGE_STATUS')
  t.deepEqual(
    status.map(({ tracking_status }) => tracking_status),
    [1, 1, 0, 1, 0],
  )
  const near = (value: unknown, expected: number) =>
    t.true(Math.abs((value as number) - expected) < 1e-6, `${value}, not ${expected}`)
  const { box } = SETS[0]!.detections[1]!
  near(status[0]!.point_x, (box.x + box.w / 2) / 304)
  near(status[0]!.point_y, (box.y + box.h / 2) / 240)
  near(status[0]!.rec_top_x, box.x / 304)
  near(status[0]!.rec_bottom_y, (box.y + box.h) / 240)
  t.like(status[0], { tracking_mode: 2, target_data: 4, radius: null, camera_device_id: 0 })
  t.like(status[2], { point_x: null, rec_top_x: null, tracking_mode: 0 })
  const lists = of('TUNNEL')
  t.is(lists.length, 5)
  lists.forEach(({ payload, payload_length, payload_type }, i) => {
    const n = Math.min(SETS[i]!.detections.length, 9)
    t.deepEqual([payload_type, payload_length], [44_237, 18 + 12 * n])
    const list = Buffer.from(payload as number[])
    t.deepEqual([list[0], list.readUInt16LE(2), list[16]], [1, i, n])
    if (i === 1) t.is(list.readUInt16LE(18 + 10), 8)
  })
}

test('MAVLink over UDP: pymavlink reads heartbeat, the followed object and the list', async (t) => {
  const python = oraclePython(t, 'pymavlink')
  if (python === undefined) return
  const heard: Buffer[] = []
  const drone = createSocket('udp4').on('message', (bytes) => heard.push(bytes))
  await new Promise<void>((resolve) => drone.bind(0, '127.0.0.1', resolve))
  const sink = new MavlinkSink({
    link: `udp://127.0.0.1:${drone.address().port}`,
    ...{ system: 3, component: 101 },
  })
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: false })
  await outlet.open(tracking, { wait: false })
  for (const set of SETS) await outlet.push(set)
  await until(() => heard.length >= 6, 'all datagrams are heard')
  await outlet.close(summary)
  ledger.check()
  drone.close()
  check(t, python, Buffer.concat(heard), [3, 101])
})

test('MAVLink over a serial line: the same, byte after byte', async (t) => {
  const python = oraclePython(t, 'pymavlink')
  if (python === undefined || lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  const fd = openSync(pair.far, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK)
  const heard: Buffer[] = []
  const timer = setInterval(() => {
    const buffer = Buffer.alloc(4096)
    try {
      heard.push(buffer.subarray(0, readSync(fd, buffer)))
    } catch {} // EAGAIN
  }, 5)
  const outlet = new Outlet(new MavlinkSink({ link: `${pair.near}:921600` }), new Ledger(), {
    live: false,
  })
  await outlet.open(tracking, { wait: false })
  for (const set of SETS) await outlet.push(set)
  await sleep(100)
  await outlet.close(summary)
  clearInterval(timer)
  closeSync(fd)
  await pair.close()
  check(t, python, Buffer.concat(heard), [1, 100])
})

test("the page's example for MAVLink prints where the object is", async (t) => {
  const python = oraclePython(t, 'pymavlink')
  if (python === undefined) return
  const folder = scratch(t, 'example')
  const script = `${folder}.py`
  writeFileSync(script, example('robots.md', 'MAVLink', 'python'))
  const probe = createSocket('udp4')
  await new Promise<void>((resolve) => probe.bind(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  const child = killAtExit(
    spawn(python, [join(script), `udpin:127.0.0.1:${port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, MAVLINK20: '1' },
    }),
  )
  let out = ''
  child.stdout!.on('data', (text) => {
    out += text
  })
  const sink = new MavlinkSink({ link: `udp://127.0.0.1:${port}` })
  await sink.open(tracking, { wait: true, live: true })
  const timer = setInterval(() => void sink.write(SETS[0]!), 50)
  await until(() => out.includes('\n'), 'a line is printed', 30_000)
  clearInterval(timer)
  await sink.close()
  child.kill()
  const { box } = SETS[0]!.detections[1]!
  const round = (value: number) => Math.round(value * 1000) / 1000
  const expected = [round((box.x + box.w / 2) / 304), round((box.y + box.h / 2) / 240)]
  t.deepEqual(out.split('\n')[0]!.split(' ').map(Number), expected)
})

test('the target is kept while others are better, given up when its track ends or is long unseen', (t) => {
  const target = new Target(1_000_000)
  const of = (seq: number, ids: number[]) => target.in(tracked(seq, ids))?.track
  t.deepEqual([of(0, [5, 6]), of(1, [6, 5]), of(2, [6]), of(3, [6, 5])], [5, 5, undefined, 5])
  t.is(of(40, [6, 9]), 6)
  t.throws(() => new MavlinkSink({ link: 'udp://drone' }), { code: 'ERR_ARGUMENT' })
  t.throws(() => new MavlinkSink({ link: 'udp://drone:1', system: 0 }), { code: 'ERR_ARGUMENT' })
})
