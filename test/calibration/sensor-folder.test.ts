// Profiles in a folder, one for each camera, found by its serial number.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { calibrateSensor } from '../../calibration/index.js'
import { createRecording, findSensorProfile, liveStream } from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { packetOf } from '../support/packets.js'
import { saccade } from '../support/program.js'

const SENSOR = { width: 64, height: 48 }

/** A RAW recording of a camera, 2 s with a hot pixel at `hot`, 5. */
async function recordingOf(t: ExecutionContext, serial: string, hot: number): Promise<string> {
  const path = scratch(t, `camera_${serial.replace(/\W/g, '_')}.raw`)
  await using file = await createRecording(path, { geometry: SENSOR })
  const events = Array.from({ length: 200 }, (_, i) => ({ t: i * 10_000, x: hot, y: 5, p: 1 }))
  await file.write(packetOf(events, SENSOR))
  await file.close()
  const bytes = readFileSync(path)
  writeFileSync(path, Buffer.concat([Buffer.from(`% serial_number ${serial}\n`), bytes]))
  return path
}

test('a profile is kept by the serial number of its camera, and found by it', async (t) => {
  const [front, rear] = [await recordingOf(t, '00000307', 9), await recordingOf(t, '00001034', 20)]
  const folder = join(dirname(front), 'sensors')
  mkdirSync(folder)
  const measured = await saccade(['calibrate-sensor', front, '-o', folder])
  t.is(measured.code, 0, measured.stderr)
  t.regex(
    measured.stdout,
    /^camera 00000307, 64x48, 200 ev in 1\.99 s\n1 hot pixels, the first at 9,5\n/,
  )
  t.deepEqual(readdirSync(folder), ['00000307.json'])

  const filtered = await saccade(['info', front, '--filter', 'none', '--sensor', folder, '--json'])
  t.is(filtered.code, 0, filtered.stderr)
  t.like(JSON.parse(filtered.stdout).filters[0], { filter: 'hot-pixels:1px', in: 200, out: 0 })
  const other = await saccade(['replay', rear, '--sensor', folder, '--model', 'car-pilot'])
  t.is(other.code, 2)
  t.regex(
    other.stderr,
    /no profile in .*sensors is of the camera 00001034\n.*profiles of: 00000307;/,
  )
  const replayed = await saccade([
    ...['replay', front, '--sensor', folder, '--model', 'car-pilot', '--json', '--quiet'],
  ])
  t.is(replayed.code, 0, replayed.stderr)
  t.deepEqual(JSON.parse(replayed.stdout.split('\n')[0]!).filters?.[0], 'hot-pixels:1px')
})

test('recordings of two cameras make no profile, and a serial number names no other folder', async (t) => {
  const [front, rear] = [await recordingOf(t, '0307', 9), await recordingOf(t, '1034', 20)]
  await t.throwsAsync(calibrateSensor([front, rear]), {
    message: /camera_1034\.raw is of the camera 1034, .*camera_0307\.raw of 0307$/,
  })
  const odd = await recordingOf(t, '../../x', 3)
  t.is((await calibrateSensor([odd])).camera, '../../x')
  const folder = dirname(scratch(t, 'x'))
  const { code, stdout } = await saccade(['calibrate-sensor', odd, '-o', folder])
  t.is(code, 0)
  t.is(basename(stdout.trim().split('\n').at(-1)!), '__.._x.json')
  t.is(findSensorProfile(folder, '../../x', odd), join(folder, '__.._x.json'))
  t.throws(() => findSensorProfile(folder, undefined, 'drive_td.dat'), {
    code: 'ERR_CONFIG',
    message: 'drive_td.dat does not say of which camera it is',
  })
})

test('a live stream tells the serial number of its header', async (t) => {
  const path = await recordingOf(t, '4711', 9)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const stop = new AbortController()
  const { port } = server.address() as { port: number }
  const camera = await liveStream(`tcp://127.0.0.1:${port}`, { signal: stop.signal })
  t.is(camera.serial, '4711')
  stop.abort()
  for await (const _ of camera) t.fail()
})
