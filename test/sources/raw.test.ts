// RAW recordings: headers, the recordings that are there, every place where they can be cut, damage, and writing them again.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { SaccadeError } from '../../pipeline/errors.js'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket, type Trigger } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/sources/open.js'
import type { OpenOptions } from '../../pipeline/sources/recording.js'
import { createRecording, WRITER_FORMATS } from '../../pipeline/sources/writers.js'
import { checkCuts } from '../support/cuts.js'
import { damage } from '../support/damage.js'
import { expectedDigest, expectedOf } from '../support/expected.js'
import { scratch } from '../support/folder.js'
import { Random } from '../support/make-plan.js'
import { eventsOf, packetOf } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const RECORDINGS = {
  'formats/evt2_gen3_640x480.raw': 'EVT2',
  'formats/evt3_driving_1280x720.raw': 'EVT3',
  'formats/evt3_pedestrians_1280x720.raw': 'EVT3',
  'formats/evt3_trigger_1280x720.raw': 'EVT3',
  'formats/made/evt21_driving_1280x720.raw': 'EVT2.1',
  'formats/made/evt21_legacy_driving_1280x720.raw': 'EVT2.1, legacy order',
}

async function triggersOf(path: string): Promise<Trigger[]> {
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  const triggers: Trigger[] = []
  while (await recording.next(packet)) triggers.push(...(packet.triggers ?? []))
  return triggers
}

for (const [name, format] of Object.entries(RECORDINGS))
  test(`${name} has the events that are expected of it`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const want = expectedOf(name)
    await using recording = await openRecording(path)
    t.is(recording.format, format)
    t.deepEqual(recording.geometry, { width: want.width, height: want.height })
    const got = await digestRecording(recording)
    t.log(got.faults)
    t.like(got, expectedDigest(want))
    if (Array.isArray(want.triggers))
      t.deepEqual(
        (await triggersOf(path)).map((edge) => [edge.t, edge.id, edge.value]),
        want.triggers,
      )
  })

for (const name of [...Object.keys(RECORDINGS), 'formats/made/dat_v1_ncars.dat'])
  test(`${name} cut in two at any byte gives the same`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    checkCuts(t, path)
  })

const EVT3_WORDS = [0x8001, 0x0002, 0x2003, 0x6005, 0x2804]
const words = (list: readonly number[]) => new Uint8Array(Uint16Array.from(list).buffer)

async function eventsIn(path: string, options: OpenOptions = {}) {
  await using recording = await openRecording(path, options)
  const packet = new EventPacket(100)
  const events = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  return { events, recording }
}

function raw(
  t: Parameters<typeof scratch>[0],
  header: string,
  data: Uint8Array,
  name = 'made.raw',
) {
  const path = scratch(t, name)
  writeFileSync(path, Buffer.concat([Buffer.from(header), data]))
  return path
}

const EVENTS = [
  { t: 4096, x: 3, y: 2, p: 0 },
  { t: 4101, x: 4, y: 2, p: 1 },
]

test('format and size are found in old and new headers, and the header ends where a line is none', async (t) => {
  const cases: [header: string, width: number | undefined][] = [
    ['% evt 3.0\n% system_ID 48\n', 1280],
    ['% Date 2020-09-04 13:14:25\n% evt 3.0\n% integrator_name Prophesee\n% system_ID 40\n', 640],
    ['% evt 3.0\n% geometry 320x320\n% end\n', 320],
    ['% format EVT3;height=200;width=100\n% geometry 320x320\n% end\n', 100],
    ['% evt 3.0\r\n% end\r\n', undefined],
    ['% evt 3.0\n% empty\n% __proto__ polluted\n', undefined],
  ]
  for (const [header, width] of cases) {
    const { events, recording } = await eventsIn(raw(t, header, words(EVT3_WORDS)))
    t.deepEqual(events, EVENTS, header)
    t.is(recording.format, 'EVT3')
    t.is(recording.geometry?.width, width)
  }
  t.is(Object.getPrototypeOf({}).polluted, undefined)
  // The word 0x2025 looks like the beginning of a line.
  const { events } = await eventsIn(
    raw(t, '% evt 3.0\n', words([0x2025, 0x8001, 0x0002, 0x2003, 0x0a0a])),
  )
  t.deepEqual(events, [EVENTS[0]!])
})

test('a stream without a header is read with --format and --geometry', async (t) => {
  const path = raw(t, '', words([0x8001, 0x0002, 0x2003, 0x6005, 0x2804, 0x2500]), 'bare.bin')
  const { events, recording } = await eventsIn(path, {
    format: 'evt3',
    geometry: { width: 640, height: 480 },
  })
  t.deepEqual(events, EVENTS)
  t.deepEqual(recording.faults, { OutOfBoundsEventCoordinate: 1 })
  t.deepEqual(recording.faultOffsets, { OutOfBoundsEventCoordinate: 10 })
  await t.throwsAsync(openRecording(path), { code: 'ERR_FORMAT' })
})

test('the word order of EVT2.1 is read off the words where the header is silent', async (t) => {
  const control = [0x80000001, 0x80000002, 0x80000003, 0x80000003]
  const events = [0x10001001, 0x10001002, 0x00001003, 0x10001004]
  const list = control.flatMap((high, i) => [high, 0, events[i]!, 0x80000001])
  for (const legacy of [true, false]) {
    const data = new Uint8Array(
      Uint32Array.from(legacy ? list : list.map((_, i) => list[i ^ 1]!)).buffer,
    )
    const { events: got, recording } = await eventsIn(raw(t, '% evt 2.1\n% end\n', data))
    t.is(recording.format, legacy ? 'EVT2.1, legacy order' : 'EVT2.1')
    t.is(got.length, 8)
    t.deepEqual(recording.faults, {})
  }
})

test('an encoding that is not read, and an impossible size, are refused in one sentence', async (t) => {
  const histo = raw(t, '% format HISTO3D;height=320;width=320\n% end\n', words(EVT3_WORDS))
  t.is(
    (await t.throwsAsync(openRecording(histo), { code: 'ERR_FORMAT' }))?.message,
    `${histo} is a RAW recording of the encoding HISTO3D, which saccade does not read`,
  )
  const huge = raw(t, '% evt 3.0\n% geometry 99999x1\n% end\n', words(EVT3_WORDS))
  t.is(
    (await t.throwsAsync(openRecording(huge), { code: 'ERR_FORMAT' }))?.message,
    `${huge} gives an impossible sensor size in its header: "99999" x "1"`,
  )
})

test('a cut last word is counted with its place', async (t) => {
  const path = raw(t, '% evt 3.0\n', words(EVT3_WORDS).subarray(0, -1))
  const { events, recording } = await eventsIn(path)
  t.deepEqual(events, EVENTS.slice(0, 1))
  t.deepEqual(recording.faults, { trailing_bytes: 1 })
  t.deepEqual(recording.faultOffsets, { trailing_bytes: 18 })
})

for (const name of Object.keys(RECORDINGS))
  test(`seek in ${name} gives what a scan from the start gives`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const { events, recording: _ } = await eventsIn(path)
    await using recording = await openRecording(path)
    const packet = new EventPacket()
    for (let k = 0; k <= 20; k++) {
      const at = events[Math.min(events.length - 1, Math.floor((k * events.length) / 20))]!.t
      const first = events.findIndex((event) => event.t >= at)
      await recording.seek(at)
      t.true(await recording.next(packet))
      t.deepEqual(
        eventsOf(packet).slice(0, 50),
        events.slice(first, first + packet.length).slice(0, 50),
      )
    }
    await recording.seek(events.at(-1)!.t + 1)
    t.false(await recording.next(packet))
  })

const ROUND_TRIPS = [
  ...Object.keys(RECORDINGS),
  'formats/made/dat_v2_wrap_304x240.dat',
  'atis/car_passing_td.dat',
]
const EVT_WRITERS = ['evt2', 'evt21', 'evt21-legacy', 'evt3']

for (const name of ROUND_TRIPS)
  test(`${name} written in every format keeps its events, times and triggers`, async (t) => {
    const path = sharedPath(`recordings/${name}`)
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const want = expectedOf(name)
    const triggers = await triggersOf(path)
    for (const format of ['dat', ...EVT_WRITERS]) {
      const copy = scratch(t, 'copy.any')
      {
        await using original = await openRecording(path)
        await using file = await createRecording(copy, { geometry: original.geometry!, format })
        const packet = new EventPacket(5000)
        while (await original.next(packet)) await file.write(packet)
        await file.close()
        t.deepEqual(file.left, format === 'dat' && triggers.length > 0 ? { triggers: 2 } : {})
      }
      await using read = await openRecording(copy)
      const got = await digestRecording(read)
      t.is(got.digest, want.digest, format)
      t.deepEqual(got.faults, {}, format)
      t.deepEqual(await triggersOf(copy), format === 'dat' ? [] : triggers, format)
    }
  })

test('stamps that run backwards across the end of a range at the start are kept, with their triggers', async (t) => {
  const at = (...stamps: number[]) => stamps.map((stamp, i) => ({ t: stamp, x: i, y: 1, p: 1 }))
  for (const [format, rangeUs] of [
    ['evt3', 2 ** 24],
    ['evt2', 2 ** 34],
    ['dat', 2 ** 32],
  ] as const)
    for (const [events, edges] of [
      [at(rangeUs + 5, rangeUs - 3, rangeUs + 6), []],
      [at(rangeUs + 5), [rangeUs - 3]],
      [at(7, 5), [6]],
    ] as const) {
      const copy = scratch(t, 'back.any')
      const packet = packetOf(events)
      packet.t0 -= 16
      packet.t.forEach((_, i) => {
        packet.t[i] = events[i]!.t - packet.t0
      })
      if (format !== 'dat') packet.triggers = edges.map((edge) => ({ t: edge, id: 0, value: 1 }))
      await using file = await createRecording(copy, { geometry: { width: 8, height: 8 }, format })
      await file.write(packet)
      await file.close()
      t.deepEqual(file.left, {}, format)
      const { events: got, recording } = await eventsIn(copy)
      t.deepEqual(got, events, format)
      t.deepEqual(recording.faults, {})
      const triggers = (await triggersOf(copy)).map((edge) => edge.t)
      t.deepEqual(triggers, packet.triggers?.map((edge) => edge.t) ?? [], format)
    }
})

test('an origin that lies behind an event is what the refusal names', async (t) => {
  const path = scratch(t, 'late.raw')
  const options = { geometry: { width: 8, height: 8 }, originUs: 1000 }
  await using file = await createRecording(path, options)
  const error = await t.throwsAsync(file.write(packetOf([{ t: 999, x: 1, y: 1, p: 1 }])))
  t.is(
    error?.message,
    `event 0 with stamp 999 µs cannot be written to ${path}: it lies before the origin, 1000 µs, and stamps are not negative`,
  )
})

test('a trigger of an input that a format has no number for is left out and counted, not given another', async (t) => {
  const most: Record<string, number> = { evt2: 31, evt21: 31, 'evt21-legacy': 31, evt3: 15 }
  for (const format of EVT_WRITERS) {
    const copy = scratch(t, 'triggers.any')
    const packet = packetOf([{ t: 4096, x: 1, y: 1, p: 1 }])
    packet.triggers = [0, most[format]!, most[format]! + 1, 40].map((id) => ({
      t: 4100,
      id,
      value: 1,
    }))
    await using file = await createRecording(copy, { geometry: { width: 8, height: 8 }, format })
    await file.write(packet)
    await file.close()
    t.deepEqual([file.triggers, file.left], [2, { triggers: 2 }], format)
    t.deepEqual(
      (await triggersOf(copy)).map(({ id }) => id),
      [0, most[format]],
      format,
    )
  }
})

test('stamps of Unix time survive in every format', async (t) => {
  const events = [0, 5, 3000, 20_000_000].map((by, i) => ({
    t: 1_605_537_493_718_345 + by,
    x: i,
    y: 1,
    p: 1,
  }))
  for (const { name } of WRITER_FORMATS.filter(({ name }) =>
    ['dat', ...EVT_WRITERS].includes(name),
  )) {
    const path = scratch(t, 'unix.any')
    await using file = await createRecording(path, {
      geometry: { width: 32, height: 8 },
      format: name,
    })
    await file.write(packetOf(events))
    await file.close()
    const { events: got, recording } = await eventsIn(path)
    t.deepEqual(got, events, name)
    t.deepEqual(recording.faults, {})
  }
})

test('one far stamp does not fill the disk', async (t) => {
  for (const [name, ending, gap] of [
    ['Event Stream', 'es', 2 ** 40],
    ['EVT3', 'raw', 2 ** 50],
  ] as const) {
    const path = scratch(t, `far.${ending}`)
    const write = async () => {
      await using file = await createRecording(path, { geometry: { width: 32, height: 8 } })
      await file.write(packetOf([{ t: 5, x: 1, y: 1, p: 1 }]))
      await file.write(packetOf([{ t: 5 + gap, x: 1, y: 1, p: 1 }]))
    }
    const error = await t.throwsAsync(write(), { code: 'ERR_FORMAT' })
    t.is(
      error?.message,
      `event 1 with stamp ${5 + gap} µs comes ${gap} µs after the one before: ${name} would fill ${path} with words of time`,
    )
    t.deepEqual(readdirSync(dirname(path)), [])
  }
})

test('a sensor whose coordinates a format has no bits for is refused before a byte is written', async (t) => {
  const path = scratch(t, 'large.raw')
  const geometry = { width: 4096, height: 3072 }
  const error = await t.throwsAsync(createRecording(path, { geometry }), { code: 'ERR_ARGUMENT' })
  t.is(error?.message, 'a sensor of 4096 x 3072 does not fit evt3, whose coordinates end at 2047')
  t.deepEqual(readdirSync(dirname(path)), [])
  await using file = await createRecording(path, { geometry: { width: 2048, height: 2048 } })
  await file.write(packetOf([{ t: 5, x: 2047, y: 2047, p: 1 }]))
  await file.close()
  t.is((await eventsIn(path)).events[0]!.x, 2047)
})

test('damaged recordings give events or a sentence, and what is wrong is counted', async (t) => {
  const sources = [
    'formats/evt3_pedestrians_1280x720.raw',
    'formats/made/evt21_driving_1280x720.raw',
  ]
  const path = scratch(t, 'damaged.raw')
  const packet = new EventPacket()
  let counted = 0
  for (const name of sources) {
    const source = sharedPath(`recordings/${name}`)
    if (source === undefined) return skipWithout(t, 'no shared recordings')
    const whole = readFileSync(source).subarray(0, 20_000)
    for (let seed = 1; seed <= 150; seed++) {
      writeFileSync(path, damage(whole, new Random(seed)))
      try {
        await using recording = await openRecording(path)
        const { width = 2048, height = 2048 } = recording.geometry ?? {}
        while (await recording.next(packet))
          for (let i = 0; i < packet.length; i++)
            if (packet.x[i]! >= width || packet.y[i]! >= height || packet.p[i]! > 1)
              t.fail(`seed ${seed}: an event outside the sensor`)
        if (Object.keys(recording.faults).length > 0) counted += 1
      } catch (error) {
        if (!(error instanceof SaccadeError)) throw error
      }
    }
  }
  t.log(`${counted} of 300 files had faults`)
  t.true(counted > 60)
})
