// A replay reaches everybody at once: a subscriber behind a real broker, and each of the robot's receivers on a serial line.
import test from 'ava'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { saccade } from '../support/program.js'
import { PtyPair } from '../support/pty.js'
import { receivers } from '../support/robot.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

const runs = [
  ['C', 'cc', 'gen1/driving_td.dat', 20],
  ['Python', 'python3', 'atis/car_passing_td.dat', 60],
] as const

for (const [language, tool, scene, windows] of runs) {
  test.serial(
    `every set of ${scene} reaches an MQTT subscriber and the ${language} receiver in order`,
    async (t) => {
      if (lacks(t, 'mosquitto', 'socat', tool)) return
      const recording = sharedPath(`recordings/${scene}`)
      if (recording === undefined) return skipWithout(t, 'no shared recordings')
      const broker = await Mosquitto.start()
      const subscriber = await Subscriber.connect(broker.url, 'e2e')
      const pair = await PtyPair.open()
      const receiver = receivers[language](pair.far)
      const run = await saccade([
        ...['replay', recording, '--json', '--score', '0.2'],
        ...['--mqtt', `${broker.url}/e2e`, '--serial', `${pair.near}:4000000`],
      ])
      t.is(run.code, 0, run.stderr)
      await until(() => receiver.seqs.length >= windows, 'the receiver has all sets')
      await until(() => subscriber.on('status').length === 2, 'the subscriber heard the end')
      const [head, ...records] = run.stdout.trim().split('\n')
      const end = JSON.parse(records.pop()!).end
      t.like(end, { windows, dropped: { events: 0, windows: 0, sets: 0 } })

      t.deepEqual(subscriber.on('detections'), records, 'the same records, byte for byte')
      t.deepEqual(subscriber.on('status'), ['online', 'stopped'])
      t.like(JSON.parse(subscriber.on('info')[0]!), JSON.parse(head!))

      const sets = records.map((record) => JSON.parse(record))
      const frames = receiver.lines.map((line) => JSON.parse(line))
      t.deepEqual(
        frames
          .filter(({ type }) => type === 'detections')
          .map(({ seq, t_us, flags, detections }) => [seq, t_us, flags, detections.length]),
        sets.map(({ seq, tEnd, detections }) => [seq, tEnd, 0, detections.length]),
      )
      t.is(frames[0].type, 'info')
      t.like(frames[0], JSON.parse(head!).geometry)

      await pair.unplug()
      await until(() => receiver.report !== '', 'the receiver ends with its port')
      t.regex(receiver.report, /^frames \d+, bad crc 0, too long 0, broken 0, unknown 0\n$/)
      await Promise.all([subscriber.close(), broker.stop(), pair.close()])
    },
  )
}
