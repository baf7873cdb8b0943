import test from 'ava'
import { connectAsync } from 'mqtt'
import { discoveryMessages } from '../../pipeline/sinks/home-assistant.js'
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Mosquitto } from '../support/mosquitto.js'
import { header, summary } from '../support/sets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

test('Home Assistant finds a device with a sensor for each class, also after it came up later; not unless asked', async (t) => {
  if (lacks(t, 'mosquitto')) return
  const broker = await Mosquitto.start()
  const home = await connectAsync(broker.url)
  const heard = new Map<string, { payload: string; times: number; retain: boolean }>()
  home.on('message', (topic, payload, { retain }) => {
    const times = (heard.get(topic)?.times ?? 0) + 1
    heard.set(topic, { payload: payload.toString(), times, retain })
  })
  await home.subscribeAsync('homeassistant/#', { qos: 1 })
  const how = { wait: false, live: true }
  const silent = new MqttSink({ url: broker.url, device: 'quiet' })
  await silent.open(header, how)
  await silent.close(summary)
  const sink = new MqttSink({ url: broker.url, device: 'robot 1', homeAssistant: true })
  await sink.open(header, how)
  const car = 'homeassistant/binary_sensor/saccade_robot_20_1/car/config'
  await until(() => heard.size === 3, 'three entities are announced')
  t.deepEqual([...heard.keys()].sort(), [
    car,
    'homeassistant/binary_sensor/saccade_robot_20_1/pedestrian/config',
    'homeassistant/sensor/saccade_robot_20_1/objects/config',
  ])
  const config = JSON.parse(heard.get(car)!.payload)
  t.like(config, {
    unique_id: 'saccade_robot_20_1_car',
    state_topic: 'saccade/robot 1/detections',
    availability_topic: 'saccade/robot 1/status',
    off_delay: 2,
    device: { identifiers: ['saccade_robot_20_1'] },
    origin: { name: 'saccade' },
  })
  t.regex(config.value_template, /selectattr\('label', 'eq', "car"\)/)
  await home.publishAsync('homeassistant/status', 'online')
  await until(() => heard.get(car)!.times === 2, 'they are announced again')
  await sink.close(summary)
  const late = await connectAsync(broker.url)
  const retained: string[] = []
  late.on('message', (topic, _payload, { retain }) => retain && retained.push(topic))
  await late.subscribeAsync('homeassistant/#')
  await until(() => retained.length === 3, 'they are retained')
  await Promise.all([home.endAsync(true), late.endAsync(true)])
  await broker.stop()
  const ids = ['a b', 'a_20_b', 'ä'].map((device) => {
    const [first] = discoveryMessages({ prefix: 'p', device }, { ...header, classes: [] })
    return first!.topic.split('/')[2]
  })
  t.true(ids.every((id) => /^[\w-]+$/.test(id!)))
})
