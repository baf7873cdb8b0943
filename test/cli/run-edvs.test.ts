import type { ChildProcess } from 'node:child_process'
import test from 'ava'
import { EdvsCamera } from '../support/edvs-camera.js'
import type { PlainEvent } from '../support/packets.js'
import { saccade } from '../support/program.js'
import { PtyPair } from '../support/pty.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

function* flicker(): Generator<PlainEvent> {
  for (let i = 0; ; i++) yield { t: i * 500, x: (i * 37) % 128, y: (i * 11) % 128, p: i & 1 }
}

interface SetLine {
  tEnd: number
  events: number
  seq: number
  dropped: { windows: number; events: number }
}

test('run reads an eDVS that comes late, goes and comes back, and stops it at SIGTERM', async (t) => {
  if (lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  await pair.unplug()
  let child: ChildProcess | undefined
  let stdout = ''
  let stderr = ''
  const finished = saccade(['run', '--json', '--threads', '1'], {
    env: {
      SACCADE_SOURCE_EDVS: pair.near,
      SACCADE_SOURCE_BAUD: '4000000',
      SACCADE_LOG_FORMAT: 'text',
    },
    started(started) {
      child = started
      started.stdout!.on('data', (text) => {
        stdout += text
      })
      started.stderr!.on('data', (text) => {
        stderr += text
      })
    },
  })
  const sets = () =>
    stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as SetLine)
  await until(() => /there is no such port; trying again/.test(stderr), 'it waits', 30_000)
  await pair.plug()
  const device = new EdvsCamera(pair.far, { events: flicker() })
  await until(() => sets().length > 5, 'sets come', 30_000)
  await pair.unplug()
  device.detach()
  await until(() => /lost the eDVS on/.test(stderr), 'the loss is said', 30_000)
  const before = sets().length
  await pair.plug()
  device.attach(pair.far)
  await until(() => sets().length > before + 10, 'sets come again', 30_000)
  child!.kill('SIGTERM')
  const { code } = await finished
  t.is(code, 0, stderr)
  await until(() => device.commands.at(-1) === 'E-', 'the camera is stopped')
  device.detach()
  await pair.close()
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.is(all[0].schema, 'saccade/1')
  t.deepEqual(all[0].geometry, { width: 128, height: 128 })
  t.truthy(all.at(-1).end)
  const records = all.slice(1, -1) as SetLine[]
  // Every window is a set or declared as dropped by the next one, the time without a camera included.
  for (const [i, record] of records.entries()) {
    if (i === 0) continue
    t.is(record.seq - records[i - 1]!.seq - 1, record.dropped.windows)
    t.true(record.tEnd > records[i - 1]!.tEnd)
  }
})
