// `saccade run` with a camera that sees nothing for a while: windows come all the same, and on time.
import type { ChildProcess } from 'node:child_process'
import test from 'ava'
import { EdvsCamera } from '../support/edvs-camera.js'
import type { PlainEvent } from '../support/packets.js'
import { saccade } from '../support/program.js'
import { PtyPair } from '../support/pty.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

/** Half a second of motion, then nothing more. */
function* briefMotion(): Generator<PlainEvent> {
  for (let t = 0; t < 500_000; t += 500)
    yield { t, x: (t / 500) % 128, y: 40 + ((t / 500) % 30), p: (t / 500) & 1 }
}

test('while an eDVS sees nothing, windows come in step with the clock, also after it was unplugged', async (t) => {
  if (lacks(t, 'socat')) return
  const pair = await PtyPair.open()
  const device = new EdvsCamera(pair.far, { events: briefMotion() })
  let child: ChildProcess | undefined
  let stdout = ''
  let stderr = ''
  const finished = saccade(['run', '--json'], {
    env: {
      SACCADE_SOURCE_EDVS: pair.near,
      SACCADE_SOURCE_BAUD: '4000000',
      SACCADE_LOG_FORMAT: 'text',
    },
    started(started) {
      child = started
      started.stdout!.on('data', (text: string) => {
        stdout += text
      })
      started.stderr!.on('data', (text: string) => {
        stderr += text
      })
    },
  })
  const sets = () =>
    stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line))
      .filter((record) => 'seq' in record)
  const silent = () => sets().filter(({ events }) => events === 0).length
  await until(() => silent() >= 20, 'windows without events come', 30_000)
  t.regex(stderr, /the sensor has 128x128 pixels, the model 304x240: fit scale/)

  await pair.unplug()
  device.detach()
  await until(() => /lost the eDVS on/.test(stderr), 'the loss is said')
  await pair.plug()
  device.attach(pair.far)
  const before = silent()
  await until(() => silent() >= before + 10, 'windows come again', 30_000)
  child!.kill('SIGINT')
  const { code } = await finished
  t.is(code, 0, stderr)

  const all = sets()
  t.true(all.some(({ events }) => events > 0))
  for (let i = 1; i < all.length; i++) t.is(all[i].seq - all[i - 1].seq - 1, all[i].dropped.windows)
  // Sensor and host time go on alike: the twenty silent windows took about as long as they lasted.
  const still = all.filter(({ events }) => events === 0).slice(0, 20)
  const lasted = still.at(-1).tEnd - still[0].tEnd
  const took = still.at(-1).hostTime - still[0].hostTime
  t.true(took > lasted / 4 && took < lasted * 4, `${lasted} µs of windows in ${took} µs`)
  device.detach()
  await pair.close()
})
