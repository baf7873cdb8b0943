import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { NdjsonServerSink, parseServerAddress } from '../../pipeline/sinks/ndjson-server.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { killAtExit } from '../support/children.js'
import { example } from '../support/document.js'
import { scratch } from '../support/folder.js'
import { header, makeLiveSet, makeSet, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { sleep, until } from '../support/wait.js'

/** Reads lines. */
class Reader {
  readonly socket: Socket
  text = ''
  ended = false

  constructor(where: string | number) {
    this.socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1')
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
    })
    this.socket.on('close', () => {
      this.ended = true
    })
    this.socket.on('error', () => {})
  }

  get records() {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }
}

test('a replay begins with the first client, and each client gets header, sets in order and end', async (t) => {
  const sink = new NdjsonServerSink('tcp://:0')
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: false })
  const opened = outlet.open(header, { wait: false })
  await until(() => typeof sink.listening === 'number', 'the server listens')
  const first = new Reader(sink.listening as number)
  await opened
  for (let seq = 0; seq < 100; seq++) await outlet.push(makeSet(seq))
  const second = new Reader(sink.listening as number)
  await until(() => second.records.length === 1, 'the header comes')
  for (let seq = 100; seq < 200; seq++) await outlet.push(makeSet(seq))
  await outlet.close(summary)
  ledger.check()
  await until(() => first.ended && second.ended, 'the connections end')
  t.is(first.records.length, 202)
  t.is(first.records[0].schema, 'saccade/1')
  t.deepEqual(
    first.records.slice(1, -1).map(({ seq }) => seq),
    Array.from({ length: 200 }, (_, seq) => seq),
  )
  t.is(second.records[1].seq, 100)
  t.deepEqual(second.records.at(-1), first.records.at(-1))
  t.true('end' in first.records.at(-1))

  const lonely = new NdjsonServerSink('tcp://:0', { giveUpMs: 50 })
  await t.throwsAsync(lonely.open(header, { wait: false, live: false }), {
    code: 'ERR_CONNECT',
    message: /nobody connected to tcp:\/\/:0/,
  })
})

test('live, a client that stands still misses sets and is told, the others miss none', async (t) => {
  const path = join(scratch(t, 'socket'), '..', 's.sock')
  mkdirSync(join(path, '..'), { recursive: true })
  const sink = new NdjsonServerSink(`unix:${path}`)
  const outlet = new Outlet(sink, new Ledger(), { live: true })
  await outlet.open(header, { wait: true })
  const [quick, slow] = [new Reader(path), new Reader(path)]
  await until(() => quick.records.length + slow.records.length === 2, 'both have the header')
  slow.socket.pause()
  let seq = 0
  for (; sink.missed === 0 && seq < 5000; seq++) {
    await outlet.push(makeLiveSet(seq, 40))
    if (seq % 20 === 0) await sleep(1)
    else await sleep(0)
  }
  t.true(seq < 5000)
  const from = seq
  for (; seq < from + 10; seq++) {
    await outlet.push(makeLiveSet(seq, 1))
    await sleep(5)
  }
  slow.socket.resume()
  await until(() => slow.records.length > 20, 'the slow one reads on')
  await sleep(50)
  await outlet.push(makeLiveSet(seq, 1))
  await until(() => slow.records.at(-1).seq === seq, 'the slow one gets the newest')
  t.true(slow.records.at(-1).dropped.windows >= 10)
  await until(() => quick.records.at(-1).seq === seq, 'the quick one gets it, too')
  const told = (records: { seq: number; dropped: { windows: number } }[]) =>
    records.slice(1).reduce((sum, { dropped }) => sum + 1 + dropped.windows, 0)
  t.is(told(quick.records), seq + 1)
  t.is(told(slow.records), seq + 1)
  await outlet.close(summary)
})

test('a socket that a killed run left is taken over, a file or a living server is not', async (t) => {
  const folder = scratch(t, 'sockets')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 's.sock')
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', code])
  t.true(statSync(path).isSocket())
  const how = { wait: true, live: true }
  const sink = new NdjsonServerSink(`unix:${path}`)
  await sink.open(header, how)
  await t.throwsAsync(new NdjsonServerSink(`unix:${path}`).open(header, how), {
    message: /another program listens/,
  })
  await sink.close(summary)
  const file = join(folder, 'file')
  writeFileSync(file, 'precious')
  await t.throwsAsync(new NdjsonServerSink(`unix:${file}`).open(header, how), {
    message: /no socket; it is left as it is/,
  })
  t.deepEqual(parseServerAddress('tcp://:7700'), { host: '127.0.0.1', port: 7700 })
  t.deepEqual(parseServerAddress('tcp://[::]:7700'), { host: '::', port: 7700 })
  for (const wrong of ['7700', 'tcp://host', 'tcp://:99999', 'unix:relative'])
    t.throws(() => parseServerAddress(wrong), { code: 'ERR_ARGUMENT' })
})

test("the page's examples for Python, Arduino, Node-RED and ROS 2 do what they say", async (t) => {
  if (lacks(t, 'python3', 'c++')) return
  const folder = scratch(t, 'examples')
  mkdirSync(folder, { recursive: true })
  const python = join(folder, 'robot.py')
  writeFileSync(python, example('robots.md', 'Python', 'python'))
  const path = join(folder, 's.sock')
  const outlet = new Outlet(new NdjsonServerSink(`unix:${path}`), new Ledger(), { live: false })
  const opened = outlet.open(header, { wait: false })
  await sleep(50)
  const child = killAtExit(
    spawn('python3', [python, path], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  let out = ''
  child.stdout!.on('data', (text) => {
    out += text
  })
  const finished = new Promise((resolve) => child.once('close', resolve))
  await opened
  const set = makeSet(1, 2)
  set.detections[0]!.track = 4
  await outlet.push(set)
  await outlet.close(summary)
  t.is(await finished, 0)
  t.deepEqual(out.trim().split('\n'), ['4 car -0.4', 'None pedestrian -0.395'])

  const ros = join(folder, 'ros.py')
  writeFileSync(ros, example('robots.md', 'ROS 2', 'python'))
  t.is(spawnSync('python3', ['-m', 'py_compile', ros]).status, 0)

  // The wire bytes of docs/serial.md: one car at 11.5, 41 wide.
  const wire =
    '04 01 10 01 04 a0 86 01 01 01 01 01 01 01 01 01 02 01 01 03 e3 b8 07 45 01 90 02 e0 01 01 03 6a 77 00'
  const sketch = join(folder, 'sketch.cc')
  const bytes = wire.split(' ').map((byte) => `0x${byte}`)
  writeFileSync(
    sketch,
    `#include <cstdio>
static const unsigned char wire[] = {0, ${bytes}};
static unsigned at = 0;
struct { void begin(long) {} bool available() { return at < sizeof wire; } int read() { return wire[at++]; } } Serial;
${example('robots.md', 'Arduino', 'cpp')}
int main() { setup(); loop(); printf("%d", steer); }
`,
  )
  const program = join(folder, 'sketch')
  const robot = new URL('../../../robot', import.meta.url).pathname
  const built = spawnSync('c++', ['-I', robot, '-o', program, sketch], { encoding: 'utf8' })
  t.is(built.status, 0, built.stderr)
  // (11.5 + 20.5 = 32) - 152 pixels, of 152.
  t.is(spawnSync(program, { encoding: 'utf8' }).stdout, '-78')

  const node = new Function('msg', example('robots.md', 'Node-RED', 'js'))
  const end = { type: 'end', track: 7, label: 'car', path: [{ x: 10 }, { x: 90 }] }
  t.deepEqual(node({ payload: JSON.stringify(end) }), { payload: 'car 7 passed' })
  t.is(node({ payload: { ...end, path: [{ x: 90 }, { x: 10 }] } }), null)
  t.is(node({ payload: { type: 'start' } }), null)
})
