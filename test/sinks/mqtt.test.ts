import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { killAtExit } from '../support/children.js'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { header, makeLiveSet, makeSet, summary } from '../support/sets.js'
import { findTool, lacks } from '../support/tools.js'
import { sleep, until } from '../support/wait.js'

const quick = { random: () => 0.2 }
const seqs = (texts: string[]) => texts.map((text) => JSON.parse(text).seq as number)

test('a subscriber gets every set of a replay in order, and status, info and health around it', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const subscriber = await Subscriber.connect(broker.url, 'r1')
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'r1' })
  const outlet = new Outlet(sink, ledger, { live: false })
  await outlet.open(header, { wait: false })
  t.is(sink.state, 'up')
  for (let seq = 0; seq < 500; seq++) await outlet.push(makeSet(seq))
  await outlet.close(summary)
  ledger.check()
  t.like(outlet.counts, { in: 500, out: 500, dropped: {} })
  await until(() => subscriber.on('status').length === 2, 'status is heard')
  t.deepEqual(
    seqs(subscriber.on('detections')),
    Array.from({ length: 500 }, (_, seq) => seq),
  )
  t.deepEqual(subscriber.on('status'), ['online', 'stopped'])
  t.like(JSON.parse(subscriber.on('info')[0]!), { schema: 'saccade/1', classes: header.classes })
  t.like(JSON.parse(subscriber.on('health')[0]!), { seq: null, sets: { written: 0, dropped: {} } })
  t.true(subscriber.heard.every(({ topic, retain }) => !(retain && topic.endsWith('detections'))))
  // A late subscriber learns what is retained, and no old box.
  const late = await Subscriber.connect(broker.url, 'r1')
  await until(() => late.heard.length === 3, 'retained messages are heard')
  t.deepEqual(late.heard.map(({ topic }) => topic).sort(), [
    'saccade/r1/health',
    'saccade/r1/info',
    'saccade/r1/status',
  ])
  t.deepEqual(late.on('status'), ['stopped'])
  await Promise.all([subscriber.close(), late.close()])
  await broker.stop()
})

test('the will says offline after SIGKILL', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const subscriber = await Subscriber.connect(broker.url, 'r2')
  const script = fileURLToPath(new URL('../support/live-child.js', import.meta.url))
  const child = killAtExit(spawn(process.execPath, [script, broker.url, 'r2'], { stdio: 'ignore' }))
  await until(() => subscriber.on('detections').length > 2, 'sets come')
  child.kill('SIGKILL')
  await until(() => subscriber.on('status').length === 2, 'the will is heard')
  t.deepEqual(subscriber.on('status'), ['online', 'offline'])
  await subscriber.close()
  await broker.stop()
})

test('live, a broker may be absent at the start, be killed and come back: status is back and the losses are told', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  await broker.kill()
  const ledger = new Ledger()
  const notices: string[] = []
  const sink = new MqttSink(
    { url: broker.url, device: 'r3' },
    { ...quick, notice: (sentence) => notices.push(sentence) },
  )
  const outlet = new Outlet(sink, ledger, { live: true })
  await outlet.open(header, { wait: true })
  let seq = 0
  const timer = setInterval(() => void outlet.push(makeLiveSet(seq++)), 20)
  await sleep(200)
  t.is(sink.state, 'connecting')
  await broker.start()
  const subscriber = await Subscriber.connect(broker.url, 'r3', { reconnectPeriod: 20 })
  await until(() => subscriber.on('detections').length > 5, 'sets come')
  await broker.kill()
  await until(() => sink.state === 'lost', 'the loss is seen')
  await sleep(200)
  const before = subscriber.on('detections').length
  await broker.start()
  await until(() => subscriber.on('detections').length > before + 5, 'sets come again')
  clearInterval(timer)
  await outlet.close(summary)
  await until(() => subscriber.on('status').at(-1) === 'stopped', 'the end is heard')
  ledger.check()
  const { counts } = outlet
  t.true(counts.dropped.offline! > 10)
  t.is(counts.in, seq)
  t.true(subscriber.on('status').includes('online'))
  // Every gap between sets that were heard is declared, but for sets that were on the wire when the broker died.
  const sets = subscriber.on('detections').map((text) => JSON.parse(text))
  const undeclared = sets
    .slice(1)
    .reduce((sum, set, i) => sum + (set.seq - sets[i].seq - 1 - set.dropped.windows), 0)
  t.true(undeclared >= 0 && undeclared <= 10, `${undeclared} sets lost on the way`)
  const said = notices.map((line) => line.replace(/\d+\.\d+\.\d+\.\d+:\d+/, 'HOST'))
  t.is(said[0], 'no connection to the MQTT broker at HOST: connection refused; trying again')
  t.true(said.includes('connected to the MQTT broker at HOST (MQTT 5)'))
  t.true(said.some((line) => line.startsWith('lost the connection to the MQTT broker at HOST: ')))
  await subscriber.close()
  await broker.stop()
})

test('in a replay a broker that restarts costs no set', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'r4' }, quick)
  const outlet = new Outlet(sink, ledger, { live: false })
  await outlet.open(header, { wait: false })
  for (let seq = 0; seq < 20; seq++) await outlet.push(makeSet(seq))
  await broker.kill()
  const held = outlet.push(makeSet(20))
  await sleep(200)
  await broker.start()
  const subscriber = await Subscriber.connect(broker.url, 'r4')
  await held
  for (let seq = 21; seq < 40; seq++) await outlet.push(makeSet(seq))
  await outlet.close(summary)
  ledger.check()
  t.like(outlet.counts, { in: 40, out: 40, dropped: {} })
  await until(() => subscriber.on('status').at(-1) === 'stopped', 'the end is heard')
  const heard = seqs(subscriber.on('detections'))
  t.deepEqual(
    heard.slice(-19),
    Array.from({ length: 19 }, (_, i) => 21 + i),
  )
  await subscriber.close()
  await broker.stop()
})

test('a replay gives up on an absent broker with one sentence', async (t) => {
  const sink = new MqttSink({ url: 'mqtt://user:secret@127.0.0.1:1' }, { ...quick, giveUpMs: 2000 })
  const error = await t.throwsAsync(sink.open(header, { wait: false, live: false }))
  t.like(error, {
    code: 'ERR_CONNECT',
    message: 'no connection to the MQTT broker at 127.0.0.1:1: connection refused',
  })
  t.is(sink.state, 'closed')
})

test('a replay gives up when the broker stays away in the middle', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'r5' }, { ...quick, giveUpMs: 2000 })
  const outlet = new Outlet(sink, ledger, { live: false })
  await outlet.open(header, { wait: false })
  await outlet.push(makeSet(0))
  await broker.stop()
  await t.throwsAsync(outlet.push(makeSet(1)), {
    message: /^no connection to the MQTT broker at 127\.0\.0\.1:\d+: connection refused$/,
  })
  await outlet.close(undefined)
  ledger.check()
  t.like(outlet.counts, { in: 2, out: 1, dropped: { failed: 1 } })
})

test('a wrong password is one sentence without the password; the right one comes from a file', async (t) => {
  if (lacks(t, 'mosquitto', 'mosquitto_passwd')) return
  const broker = await Mosquitto.start()
  const users = join(broker.folder, 'users')
  spawnSync(findTool('mosquitto_passwd')!, ['-b', '-c', users, 'robot', 'right'])
  broker.lines = [`password_file ${users}`]
  await broker.kill()
  await broker.start()
  const url = broker.url.replace('mqtt://', 'mqtt://robot:wrong@')
  const refused = await t.throwsAsync(
    new MqttSink({ url, device: 'r6' }, { ...quick, env: {} }).open(header, {
      wait: false,
      live: false,
    }),
  )
  t.is(
    refused?.message.replace(/:\d+/, ''),
    'no connection to the MQTT broker at 127.0.0.1: it refuses the user name or password of "robot"',
  )
  const file = join(broker.folder, 'secret')
  writeFileSync(file, 'right\n')
  const sink = new MqttSink(
    { url, device: 'r6' },
    { ...quick, env: { SACCADE_MQTT_PASSWORD_FILE: file, SACCADE_MQTT_PASSWORD: 'wrong' } },
  )
  await sink.open(header, { wait: false, live: false })
  t.is(sink.state, 'up')
  t.false(sink.name.includes('robot'))
  await sink.close(summary)
  await broker.stop()
})

test('an access list that forbids publishing is told under MQTT 5', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const list = join(broker.folder, 'acl')
  writeFileSync(list, 'topic read #\n')
  broker.lines.push(`acl_file ${list}`)
  await broker.kill()
  await broker.start()
  const sink = new MqttSink({ url: broker.url, device: 'r7' }, quick)
  await t.throwsAsync(sink.open(header, { wait: false, live: false }), {
    message: /: it does not let anonymous clients publish to saccade\/r7\/status$/,
  })
  await broker.stop()
})

test('a broker that stands still gets nothing old: sets are counted as stalled and memory stays flat', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const subscriber = await Subscriber.connect(broker.url, 'r8')
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'r8' }, quick)
  const outlet = new Outlet(sink, ledger, { live: true })
  await outlet.open(header, { wait: true })
  let seq = 0
  const timer = setInterval(() => void outlet.push(makeLiveSet(seq++, 20)), 5)
  await until(() => subscriber.on('detections').length > 20, 'sets come')
  broker.signal('SIGSTOP')
  const stoppedAt = Date.now()
  await sleep(2500)
  t.true(outlet.counts.held <= 2)
  broker.signal('SIGCONT')
  const resumedAt = Date.now()
  await until(() => (sink.dropped.stalled ?? 0) > 100, 'stalled sets are counted')
  const before = subscriber.on('detections').length
  await until(() => subscriber.on('detections').length > before + 50, 'sets come again')
  clearInterval(timer)
  await outlet.close(summary)
  ledger.check()
  // What left during the stop had left within the first 500 ms of it (one ping's patience); nothing of the rest is heard.
  const late = subscriber.heard
    .filter(({ topic }) => topic.endsWith('detections'))
    .map(({ text }) => JSON.parse(text).hostTime / 1000)
    .filter((madeAt) => madeAt > stoppedAt + 1500 && madeAt < resumedAt)
  t.deepEqual(late, [])
  await subscriber.close()
  await broker.stop()
})

test('a URL that is none, or a device that cannot be a topic, is a wrong call', (t) => {
  const make = (url: string, device?: string) => () => new MqttSink({ url, device })
  t.throws(make('http://broker'), { message: '"http://broker" is not the URL of an MQTT broker' })
  t.throws(make('mqtt://me:secret@/'), { message: /^"mqtt:\/\/\/" is not/ })
  t.throws(make('mqtt://broker', 'a/b'), { message: /^"a\/b" cannot name an MQTT device/ })
  t.throws(make('mqtt://broker/a+b'), { message: /^"a\+b" cannot name an MQTT device/ })
  t.is(make('mqtt://me:secret@broker/robot7')().name, 'mqtt:broker:1883/robot7')
  t.throws(() => new MqttSink({ url: 'mqtts://broker', ca: '/nowhere.pem' }), {
    message: 'the ca file of the MQTT broker cannot be read: /nowhere.pem (ENOENT)',
  })
})
