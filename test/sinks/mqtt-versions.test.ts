import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { OldBroker, refusals } from '../support/old-broker.js'
import { header, makeSet, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

const quick = { random: () => 0.1, env: {} }
const replay = { wait: false, live: false }

for (const [way, answer] of Object.entries(refusals)) {
  test(`MQTT 5 refused by ${way}: the sink goes on with 3.1.1 and stays with it`, async (t) => {
    if (lacks(t, 'mosquitto')) return
    const real = await Mosquitto.start()
    const old = await OldBroker.start(answer, real.port)
    const subscriber = await Subscriber.connect(real.url, 'old')
    const notices: string[] = []
    const sink = new MqttSink(
      { url: `mqtt://127.0.0.1:${old.port}`, device: 'old' },
      { ...quick, notice: (sentence) => notices.push(sentence) },
    )
    await sink.open(header, replay)
    for (let seq = 0; seq < 5; seq++) t.true(await sink.write(makeSet(seq)))
    // A lost link is opened again with 3.1.1 at once.
    await real.kill()
    await real.start()
    t.true(await sink.write(makeSet(5)))
    await sink.close(summary)
    await until(() => subscriber.on('status').at(-1) === 'stopped', 'the end is heard')
    t.true(notices.at(-1)!.endsWith('(MQTT 3.1.1)'))
    const fives = way === 'a closed socket' ? [5, 5] : [5]
    t.deepEqual(old.asked.slice(0, fives.length + 1), [...fives, 4])
    t.true(old.asked.slice(fives.length).every((level) => level === 4))
    t.deepEqual(
      [...new Set(subscriber.on('detections').map((text) => JSON.parse(text).seq))].slice(0, 5),
      [0, 1, 2, 3, 4],
    )
    await subscriber.close()
    old.stop()
    await real.stop()
  })
}

test('a broker that refuses 3.1.1 as well is one sentence', async (t) => {
  const old = await OldBroker.start(refusals['CONNACK of MQTT 3.1.1 with code 1'])
  const sink = new MqttSink({ url: `mqtt://127.0.0.1:${old.port}` }, { ...quick, giveUpMs: 2000 })
  await t.throwsAsync(sink.open(header, replay), {
    message: `no connection to the MQTT broker at 127.0.0.1:${old.port}: it speaks neither MQTT 5 nor 3.1.1`,
  })
  old.stop()
})

test('what closes every socket is asked with 5, 5, 4 and 5 again, and named', async (t) => {
  const old = await OldBroker.start(refusals['a closed socket'])
  const sink = new MqttSink({ url: `mqtt://127.0.0.1:${old.port}` }, { ...quick, giveUpMs: 2000 })
  await t.throwsAsync(sink.open(header, replay), {
    message: `no connection to the MQTT broker at 127.0.0.1:${old.port}: it closes the connection without an answer`,
  })
  t.deepEqual(old.asked.slice(0, 4), [5, 5, 4, 5])
  old.stop()
})

test('a refused client id ends the run as a wrong configuration, also live', async (t) => {
  const old = await OldBroker.start(Buffer.from('2003008500', 'hex'))
  const sink = new MqttSink({ url: `mqtt://127.0.0.1:${old.port}`, clientId: 'twin' }, quick)
  await sink.open(header, { wait: true, live: true })
  await until(() => old.asked.length === 1, 'the broker was asked')
  const error = await t.throwsAsync(async () => {
    for (;;) {
      await sink.write(makeSet(0))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })
  t.like(error, {
    code: 'ERR_CONFIG',
    message: `no connection to the MQTT broker at 127.0.0.1:${old.port}: it refuses the client id`,
  })
  await sink.close(undefined)
  old.stop()
})

test('an access list that forbids publishing is found under 3.1.1, where the broker confirms and throws away', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const real = await Mosquitto.start()
  const list = join(real.folder, 'acl')
  writeFileSync(list, 'topic read #\n')
  real.lines.push(`acl_file ${list}`)
  await real.kill()
  await real.start()
  const old = await OldBroker.start(refusals['CONNACK of MQTT 5 with code 0x84'], real.port)
  const sink = new MqttSink({ url: `mqtt://127.0.0.1:${old.port}`, device: 'acl' }, quick)
  await t.throwsAsync(sink.open(header, replay), {
    message: `no connection to the MQTT broker at 127.0.0.1:${old.port}: it does not let anonymous clients publish to saccade/acl/status`,
  })
  old.stop()
  await real.stop()
})
