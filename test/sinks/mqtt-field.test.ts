// What happens to brokers in the field: slow subscribers, twins, certificates, a broker that hangs at the end.
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { header, makeLiveSet, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

const quick = { random: () => 0.1, env: {} }
const live = { wait: true, live: true }

test('a subscriber that does not read holds up neither the run nor another subscriber', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const slow = await Subscriber.connect(broker.url, 'slow')
  const other = await Subscriber.connect(broker.url, 'slow')
  slow.client.stream.pause()
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'slow' }, quick)
  const outlet = new Outlet(sink, ledger, { live: true })
  await outlet.open(header, { wait: true })
  await until(() => sink.state === 'up', 'the sink is up')
  for (let seq = 0; seq < 300; seq++) {
    await outlet.push(makeLiveSet(seq, 20))
    await until(() => outlet.counts.held === 0, 'the set is out')
  }
  await outlet.close(summary)
  ledger.check()
  t.like(outlet.counts, { in: 300, out: 300, dropped: {} })
  await until(() => other.on('detections').length === 300, 'the other one hears all')
  await Promise.all([slow.close(), other.close()])
  await broker.stop()
})

test('two clients with one id are told about each other', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const notices: string[] = []
  const twins = ['a', 'b'].map(
    (device) =>
      new MqttSink(
        { url: broker.url, device, clientId: 'twin' },
        { ...quick, notice: (sentence) => notices.push(sentence) },
      ),
  )
  for (const twin of twins) await twin.open(header, live)
  await until(() => notices.some((line) => line.endsWith('probably uses the id "twin"')), 'told')
  for (const twin of twins) await twin.close(undefined)
  await broker.stop()
  t.pass()
})

test('a certificate is checked against `ca`, refused in one sentence, and accepted unseen only on request', async (t) => {
  if (lacks(t, 'mosquitto', 'openssl')) return
  const broker = await Mosquitto.start()
  const [cert, key] = [join(broker.folder, 'cert.pem'), join(broker.folder, 'key.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
    ...[...names, '-keyout', key, '-out', cert],
  ])
  t.is(made.status, 0)
  broker.lines.push(`certfile ${cert}`, `keyfile ${key}`)
  await broker.kill()
  await broker.start()
  const url = `mqtts://127.0.0.1:${broker.port}`
  const notices: string[] = []
  const open = async (options: object) => {
    const context = { ...quick, notice: (line: string) => notices.push(line) }
    const sink = new MqttSink({ url, device: 'tls', ...options }, context)
    await sink.open(header, { wait: false, live: false })
    const { state } = sink
    await sink.close(summary)
    return state
  }
  const address = `127.0.0.1:${broker.port}`
  await t.throwsAsync(open({}), {
    message: `no connection to the MQTT broker at ${address}: its certificate is self-signed; name it with \`ca\``,
  })
  await t.throwsAsync(open({ ca: cert }), { message: /: its certificate is for another host$/ })
  t.is(await open({ ca: cert, servername: 'localhost' }), 'up')
  t.false(notices.some((line) => line.includes('insecure')))
  t.is(await open({ insecure: true }), 'up')
  t.true(
    notices.includes(`the certificate of the MQTT broker at ${address} is not checked (insecure)`),
  )
  await broker.stop()
})

test('closing does not wait for a broker that hangs', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const ledger = new Ledger()
  const sink = new MqttSink({ url: broker.url, device: 'hang', qos: 1 }, quick)
  const outlet = new Outlet(sink, ledger, { live: true })
  await outlet.open(header, { wait: true })
  await until(() => sink.state === 'up', 'the sink is up')
  broker.signal('SIGSTOP')
  for (let seq = 0; seq < 3; seq++) await outlet.push(makeLiveSet(seq))
  await outlet.close(summary)
  ledger.check()
  t.like(outlet.counts, {
    in: 3,
    out: 0,
    held: 0,
    dropped: { replaced: 1, unsent: 1, 'link lost': 1 },
  })
  t.is(sink.state, 'closed')
  broker.signal('SIGCONT')
  await broker.stop()
})

test('a server that speaks no MQTT is one sentence', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const sink = new MqttSink({ url: `mqtt://127.0.0.1:${port}` }, { ...quick, giveUpMs: 2000 })
  await t.throwsAsync(sink.open(header, { wait: false, live: false }), {
    message:
      /^no connection to the MQTT broker at 127\.0\.0\.1:\d+: it does not speak MQTT \(.+\)$/,
  })
  server.close()
})
