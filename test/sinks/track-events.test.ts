import test from 'ava'
import type { DetectionSet, TrackEnd } from '../../pipeline/detect/detection.js'
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { setRecord } from '../../pipeline/sinks/record.js'
import type { Sink } from '../../pipeline/sinks/sink.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { header, makeLiveSet, makeSet, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

const start = (track: number) => ({ track, class: 0, label: 'car', tStart: 50_000 })
const end = (track: number): TrackEnd => ({
  ...start(track),
  tEnd: 200_000,
  windows: 3,
  score: 0.812_345,
  path: [
    { t: 50_000, x: 10.123, y: 20 },
    { t: 200_000, x: 30, y: 20.999_9 },
  ],
})
const withTracks = (set: DetectionSet, started: number[], ended: number[]): DetectionSet => ({
  ...set,
  tracks: { started: started.map(start), ended: ended.map(end) },
})
const tracking = {
  ...header,
  track: { high: 0.4, low: 0.1, birth: 0.5, overlap: 0.2, confirm: 2, keepUs: 1_000_000 },
}

test('a record tells which tracks began and ended, rounded like boxes', (t) => {
  const { tracks } = JSON.parse(setRecord(withTracks(makeSet(0), [2], [1])))
  t.deepEqual(tracks.started, [start(2)])
  t.like(tracks.ended[0], { track: 1, tEnd: 200_000, windows: 3, score: 0.8123 })
  t.deepEqual(tracks.ended[0].path, [
    { t: 50_000, x: 10.12, y: 20 },
    { t: 200_000, x: 30, y: 21 },
  ])
  t.false('tracks' in JSON.parse(setRecord(makeSet(0))))
})

test('live, beginnings and ends of sets that were replaced are told with the next set, and too many are counted', async (t) => {
  const told: DetectionSet[] = []
  let release = () => {}
  const sink: Sink = {
    name: 'slow',
    state: 'up',
    dropped: {},
    open: async () => {},
    write: (set) => {
      told.push(set)
      return new Promise((resolve) => {
        release = () => resolve(true)
      })
    },
    close: async () => release(),
  }
  const outlet = new Outlet(sink, new Ledger(), { live: true })
  await outlet.open(tracking, { wait: false })
  await outlet.push(withTracks(makeLiveSet(0), [1], []))
  await outlet.push(withTracks(makeLiveSet(1), [2], [1]))
  await outlet.push(makeLiveSet(2))
  await outlet.push(withTracks(makeLiveSet(3), [3], []))
  release()
  await until(() => told.length === 2, 'the newest set is written')
  t.is(told[1]!.dropped.windows, 2)
  t.deepEqual(
    told[1]!.tracks!.started.map(({ track }) => track),
    [2, 3],
  )
  t.deepEqual(
    told[1]!.tracks!.ended.map(({ track }) => track),
    [1],
  )
  for (let i = 0; i < 150; i++) await outlet.push(withTracks(makeLiveSet(4 + i), [4 + i], []))
  release()
  await until(() => told.length === 3, 'the newest set is written')
  t.is(told[2]!.tracks!.started.length, 100)
  t.is(told[2]!.tracks!.lost, 50)
  t.is(told[2]!.tracks!.started.at(-1)!.track, 153)
  await outlet.close(summary)
})

test('MQTT events tell start and end of each track once, also of those that were open, and across a restart of the broker', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const subscriber = await Subscriber.connect(broker.url, 'e1')
  const sink = new MqttSink({ url: broker.url, device: 'e1' }, { random: () => 0.1 })
  const outlet = new Outlet(sink, new Ledger(), { live: true })
  await outlet.open(tracking, { wait: true })
  await until(() => sink.state === 'up', 'the sink is up')
  await outlet.push(withTracks(makeLiveSet(0), [1, 2], []))
  await until(() => subscriber.on('events').length === 2, 'two starts are heard')
  await broker.kill()
  await until(() => sink.state === 'lost', 'the loss is seen')
  await outlet.push(withTracks(makeLiveSet(1), [3], [1]))
  await broker.start()
  await until(() => sink.state === 'up' && subscriber.client.connected, 'both are back')
  await subscriber.client.subscribeAsync('saccade/e1/#', { qos: 1 })
  await outlet.push(makeLiveSet(2))
  await until(() => subscriber.on('events').length === 4, 'what was told meanwhile is heard')
  await outlet.close({ ...summary, tracks: { started: 3, open: [end(2), end(3)] } })
  await until(() => subscriber.on('status').includes('stopped'), 'the end is heard')
  const events = subscriber.on('events').map((text) => JSON.parse(text))
  t.deepEqual(
    events.map(({ type, track, reason }) => [type, track, reason]),
    [
      ['start', 1, undefined],
      ['start', 2, undefined],
      ['start', 3, undefined],
      ['end', 1, 'lost'],
      ['end', 2, 'stopped'],
      ['end', 3, 'stopped'],
    ],
  )
  t.like(events[3], { class: 0, label: 'car', tStart: 50_000, tEnd: 200_000, windows: 3 })
  t.is(events[3].path.length, 2)
  t.true(subscriber.heard.every(({ topic, qos }) => !topic.endsWith('events') || qos === 1))
  await subscriber.close()
  await broker.stop()
})

test('in a replay every event is confirmed before the next set', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const subscriber = await Subscriber.connect(broker.url, 'e2')
  const outlet = new Outlet(new MqttSink({ url: broker.url, device: 'e2' }), new Ledger(), {
    live: false,
  })
  await outlet.open(tracking, { wait: false })
  for (let i = 0; i < 60; i++) await outlet.push(withTracks(makeSet(i), [i + 1], []))
  await outlet.close({ ...summary, tracks: { started: 60, open: [end(60)] } })
  await until(() => subscriber.on('status').includes('stopped'), 'the end is heard')
  const events = subscriber.on('events').map((text) => JSON.parse(text))
  t.deepEqual(
    events.map(({ track }) => track),
    [...Array.from({ length: 60 }, (_, i) => i + 1), 60],
  )
  await subscriber.close()
  await broker.stop()
})
