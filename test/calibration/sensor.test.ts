import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { calibrateSensor } from '../../calibration/index.js'
import {
  filters,
  loadSensorProfile,
  openRecording,
  replay,
  type SimulateSpec,
  sensorProfileSchema,
  simulate,
  writeDat,
} from '../../pipeline/index.js'
import { scratch } from '../support/folder.js'
import { eventsOf, type PlainEvent, packetOf } from '../support/packets.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const STREET = 'recordings/gen1/driving_td.dat'
const PASSING = 'recordings/atis/car_passing_td.dat'

/** A copy of a recording with ON and OFF exchanged. */
async function inverted(path: string, copy: string): Promise<string> {
  await using recording = await openRecording(path)
  await using file = await writeDat(copy, { geometry: recording.geometry! })
  for await (const packet of replay(path).pipe(filters.swapPolarity())) await file.write(packet)
  await file.close()
  return copy
}

/** A simulated recording with pixels that fire at given rates besides, evenly but for a quarter of a period. */
async function drive(
  path: string,
  spec: SimulateSpec,
  hot: readonly { x: number; y: number; hz: number }[] = [],
): Promise<string> {
  const simulation = simulate(spec)
  const { geometry } = simulation
  await using file = await writeDat(path, { geometry })
  const due = hot.map(() => 0)
  for (const packet of simulation.packets()) {
    const events: PlainEvent[] = eventsOf(packet)
    hot.forEach(({ x, y, hz }, i) => {
      for (; due[i]! < packet.last; due[i]! += 1e6 / hz)
        events.push({ t: Math.floor(due[i]!), x, y, p: i % 2 })
    })
    events.sort((a, b) => a.t - b.t)
    await file.write(packetOf(events, geometry))
  }
  await file.close()
  return path
}

test('the polarity of both real recordings is right, and that of their inverted copies swapped', async (t) => {
  for (const [name, repeats] of [
    [STREET, { on: 690, off: 190 }],
    [PASSING, { on: 10_923, off: 124 }],
  ] as const) {
    const path = sharedPath(name)
    if (!path) return skipWithout(t, 'no shared recordings')
    const profile = await calibrateSensor([path])
    t.is(profile.polarity.verdict, 'normal', name)
    t.like(profile.polarity.repeats, repeats)
    t.false(profile.swapPolarity)
    const { polarity, swapPolarity } = await calibrateSensor([
      await inverted(path, scratch(t, 'inverted_td.dat')),
    ])
    t.is(polarity.verdict, 'swapped', name)
    t.true(swapPolarity)
    t.like(polarity.repeats, { on: repeats.off, off: repeats.on })
    t.regex(
      polarity.reason,
      /of the OFF events in calm pixels .*; it should be the other way round$/,
    )
  }
})

test('a simulated sensor answers both polarities alike, and it is said that nobody can tell', async (t) => {
  const path = await drive(scratch(t, 'drive_td.dat'), {
    seed: 5,
    width: 152,
    height: 120,
    durationUs: 600_000,
  })
  for (const file of [path, await inverted(path, scratch(t, 'inverted_td.dat'))]) {
    const { polarity, swapPolarity } = await calibrateSensor([file])
    t.is(polarity.verdict, 'unknown')
    t.regex(polarity.reason, /^cannot tell: /)
    t.false(swapPolarity)
  }
  t.true((await calibrateSensor([path], { polarity: 'swapped' })).swapPolarity)
})

test('hot pixels are found one by one, and no pixel of a scene is called hot', async (t) => {
  const hot = [
    { x: 10, y: 20, hz: 25 },
    { x: 11, y: 20, hz: 400 },
    { x: 0, y: 0, hz: 40 },
    { x: 151, y: 119, hz: 2000 },
    { x: 100, y: 30, hz: 15 },
  ]
  const size = { width: 152, height: 120 }
  const spec: SimulateSpec = { seed: 22, scene: 'crossing', durationUs: 2_000_000, ...size }
  const sensor = { hotPixels: 0, noiseRate: 0.2 }
  const path = await drive(scratch(t, 'hot_td.dat'), { ...spec, sensor }, hot)
  const profile = await calibrateSensor([path], { camera: '0042' })
  t.deepEqual(profile.hotPixels, [
    [0, 0],
    [10, 20],
    [11, 20],
    [100, 30],
    [151, 119],
  ])
  t.is(profile.camera, '0042')
  const { hz, on } = profile.noise!
  t.log(JSON.stringify(profile.noise))
  t.true(Math.abs(hz - 0.2) < 0.03, 'the noise that was put in')
  t.true(Math.abs(on - 0.6) < 0.05)

  const clean = await drive(scratch(t, 'street_td.dat'), { ...spec, scene: 'street', sensor })
  t.deepEqual((await calibrateSensor([clean])).hotPixels, [])
})

test('the ATIS of the passing car has eight hot pixels, far above their neighbours', async (t) => {
  const path = sharedPath(PASSING)
  if (!path) return skipWithout(t, 'no shared recordings')
  const { hotPixels, noise } = await calibrateSensor([path])
  t.deepEqual(hotPixels, [
    [42, 3],
    [221, 105],
    [2, 215],
    [50, 221],
    [35, 226],
    [129, 227],
    [179, 229],
    [55, 235],
  ])
  t.true(noise!.hz < 0.1)
  const pixels = new Set(hotPixels.map(([x, y]) => y * 304 + x))
  let muted = 0
  for await (const packet of replay(path))
    for (let i = 0; i < packet.length; i++)
      if (pixels.has(packet.y[i]! * 304 + packet.x[i]!)) muted += 1
  t.is(muted, 840)
})

test('a profile measured on the command line mutes and swaps in a replay, and belongs to its sensor', async (t) => {
  const path = sharedPath(PASSING)
  if (!path) return skipWithout(t, 'no shared recordings')
  const copy = await inverted(path, scratch(t, 'inverted_td.dat'))
  const output = scratch(t, 'front.json')
  const measured = await saccade(['calibrate-sensor', copy, '-o', output, '--camera', 'front'])
  t.is(measured.code, 0, measured.stderr)
  t.regex(
    measured.stdout,
    /^camera front, 304x240, 242 kev in 3\.00 s\n8 hot pixels, the first at 42,3\n/,
  )
  t.regex(
    measured.stdout,
    /\npolarity swapped: .*\nON and OFF are swapped: with --sensor they are exchanged/,
  )
  t.like(loadSensorProfile(output), { camera: 'front', swapPolarity: true })

  const sets = async (file: string, sensor: string) => {
    const args = ['replay', file, '--model', 'car-pilot', '--json', '--from', '1s', '--to', '2s']
    const { code, stdout, stderr } = await saccade([...args, '--sensor', sensor])
    t.is(code, 0, stderr)
    const lines = stdout.trim().split('\n')
    return { header: JSON.parse(lines[0]!), sets: lines.slice(1) }
  }
  const upright = scratch(t, 'upright.json')
  writeFileSync(
    upright,
    readFileSync(output, 'utf8').replace('"swapPolarity": true', '"swapPolarity": false'),
  )
  const swapped = await sets(copy, output)
  t.deepEqual(swapped.header.filters, ['hot-pixels:8px', 'swap-polarity'])
  t.deepEqual(swapped.sets, (await sets(path, upright)).sets)

  const other = scratch(t, 'other_td.dat')
  await drive(other, { seed: 1, width: 152, height: 120, durationUs: 100_000 })
  const refused = await saccade(['replay', other, '--sensor', output])
  t.is(refused.code, 2)
  t.regex(refused.stderr, /the hot pixels are those of a 304x240 sensor; this one has 152x120/)
})

test('what is no profile, and recordings that are none of one camera, are refused with a sentence', async (t) => {
  const path = scratch(t, 'profile.json')
  const refused = (text: string, message: RegExp) => {
    writeFileSync(path, text)
    t.throws(() => loadSensorProfile(path), { code: 'ERR_CONFIG', message })
  }
  refused('{', /is no sensor profile: it is not JSON$/)
  refused('{"schema": "saccade-sensor/2"}', /is no sensor profile: schema: /)
  t.throws(() => loadSensorProfile(scratch(t, 'none.json')), { code: 'ERR_NOT_FOUND' })

  const write = async (name: string, width: number) => {
    const file = scratch(t, name)
    await using dat = await writeDat(file, { geometry: { width, height: 8 } })
    await dat.write(packetOf([{ t: 1, x: 1, y: 1, p: 1 }]))
    await dat.close()
    return file
  }
  const [small, large] = [await write('a_td.dat', 8), await write('b_td.dat', 9)]
  const profile = await calibrateSensor([small])
  t.true(sensorProfileSchema.safeParse(profile).success)
  t.like(profile, { hotPixels: [], noise: undefined, polarity: { verdict: 'unknown' } })
  await t.throwsAsync(calibrateSensor([small, large]), {
    message: /b_td\.dat is of a 9x8 sensor, the recordings before of 8x8$/,
  })
  const bare = scratch(t, 'bare.dat')
  writeFileSync(bare, new Uint8Array(8))
  await t.throwsAsync(calibrateSensor([bare], { format: 'dat' }), {
    message: /does not say the size of its sensor/,
  })
})
