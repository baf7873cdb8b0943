import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { EventPacket, type Geometry } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { WindowBuilder } from '../../pipeline/windows/builder.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { naiveFrame, naivePixel } from '../support/naive-windows.js'
import { firstDifference, type PlainEvent, packetOf } from '../support/packets.js'
import { readSafetensors } from '../support/safetensors.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { buildWindows } from '../support/windows.js'

const SENSOR = { width: 304, height: 240 }
const PILOT: WindowSpec = {
  kind: 'count',
  durationUs: 50_000,
  steps: 1,
  bins: 2,
  clip: 15,
  width: 304,
  height: 240,
  channels: 4,
  timeOrder: 'oldest-first',
  scale: 0.25,
}

test('the pilot sample: its events give its frame', (t) => {
  const path = sharedPath('pilot/sample.safetensors')
  if (path === undefined) return skipWithout(t, 'no shared pilot')
  const sample = readSafetensors(path)
  const builder = new WindowBuilder(PILOT, SENSOR)
  const frame = new Uint8Array(builder.frameBytes).fill(0xa5)
  const packet = new EventPacket()
  packet.length = sample.get('events.t')!.data.length
  for (const name of ['t', 'x', 'y', 'p'] as const)
    packet[name].set(sample.get(`events.${name}`)!.data)
  builder.attach(0, frame, 0)
  t.is(builder.push(packet, 0), 13_206)
  t.is(builder.eventsIn(0), 13_206)
  builder.finish(0)
  const want = Uint8Array.from(sample.get('frames')!.data, (value) => value * 4)
  t.is(firstDifference(frame, want), -1)
})

test('the 20 windows of the driving recording have the event counts and sums of the pilot', async (t) => {
  const path = sharedPath('recordings/gen1/driving_td.dat')
  const list = sharedPath('pilot/driving_boxes.json')
  if (path === undefined || list === undefined) return skipWithout(t, 'no shared recordings')
  const want: { t0: number; events: number; frame_sum: number }[] = JSON.parse(
    readFileSync(list, 'utf8'),
  ).windows
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  async function* packets() {
    while (await recording.next(packet)) yield packet
  }
  const { windows, builder } = await buildWindows(PILOT, SENSOR, packets())
  t.deepEqual(
    windows.map(({ tStart, events, frame }) => ({
      t0: tStart,
      events,
      frame_sum: frame.reduce((sum, value) => sum + value, 0) / 4,
    })),
    want.map(({ t0, events, frame_sum }) => ({ t0, events, frame_sum })),
  )
  t.deepEqual([builder.accepted, builder.late, builder.outside], [1_334_150, 0, 0])
})

test('counts are kept per bin and polarity, OFF before ON, and stop at the clip', (t) => {
  const spec = { ...PILOT, width: 2, height: 1, clip: 3 }
  const builder = new WindowBuilder(spec, { width: 2, height: 1 })
  const frame = new Uint8Array(8)
  builder.attach(0, frame, 100_000)
  const on = { x: 1, y: 0, p: 1 }
  const events = [
    { t: 100_000, x: 0, y: 0, p: 0 },
    ...Array.from({ length: 5 }, () => ({ t: 124_999, ...on })),
    { t: 125_000, ...on },
    { t: 149_999, x: 1, y: 0, p: 0 },
    { t: 150_000, ...on },
  ]
  t.is(builder.push(packetOf(events), 0), 8)
  builder.finish(0)
  t.deepEqual([...frame], [1, 0, 0, 3, 0, 1, 0, 1])
  t.is(builder.eventsIn(0), 8)
})

test('without an open window nothing is consumed; a finished slot takes no more', (t) => {
  const builder = new WindowBuilder(PILOT, SENSOR)
  const packet = packetOf([{ t: 10, x: 0, y: 0, p: 1 }])
  t.is(builder.push(packet, 0), 0)
  builder.attach(0, new Uint8Array(builder.frameBytes), 0)
  t.is(builder.push(packet, 0), 1)
  builder.finish(0)
  t.is(builder.push(packet, 0), 0)
  t.throws(() => builder.finish(0), { code: 'ERR_ARGUMENT' })
  t.is(builder.accepted, 1)
})

test('late events are counted, and so are those outside the sensor and those between windows', (t) => {
  const spec = { ...PILOT, durationUs: 100, hopUs: 250 }
  const builder = new WindowBuilder(spec, SENSOR)
  t.is(builder.slots, 1)
  builder.attach(0, new Uint8Array(builder.frameBytes), 500)
  const at = (time: number, x = 0, y = 0) => ({ t: time, x, y, p: 1 })
  const events = [
    at(310),
    at(399),
    at(350),
    at(500),
    at(599, 304),
    at(520, 0, 240),
    at(340),
    at(600),
  ]
  t.is(builder.push(packetOf(events), 0), 7)
  t.deepEqual([builder.accepted, builder.late, builder.outside, builder.between], [1, 2, 2, 2])
})

test('overlapping windows each take the event, which is counted once', async (t) => {
  const spec = { ...PILOT, durationUs: 100, hopUs: 40, bins: 2, width: 4, height: 4 }
  const sensor = { width: 4, height: 4 }
  const events = [0, 39, 40, 85, 99, 100, 139, 215].map((time) => ({ t: time, x: 1, y: 2, p: 1 }))
  const { windows, builder } = await buildWindows(spec, sensor, [packetOf(events)])
  t.is(builder.slots, 3)
  t.deepEqual(
    windows.slice(0, 6).map(({ tStart, events: count }) => [tStart, count]),
    [
      [0, 5],
      [40, 5],
      [80, 4],
      [120, 2],
      [160, 1],
      [200, 1],
    ],
  )
  t.is(builder.accepted, 8)
})

test('binary frames and several steps: newest first turns only the steps', (t) => {
  const spec: WindowSpec = {
    ...PILOT,
    kind: 'binary',
    durationUs: 80,
    steps: 2,
    bins: 4,
    channels: 4,
    width: 1,
    height: 1,
  }
  const events = [0, 1, 25, 45, 79].map((time) => ({ t: time, x: 0, y: 0, p: time % 2 }))
  const frameOf = (timeOrder: WindowSpec['timeOrder']) => {
    const builder = new WindowBuilder({ ...spec, timeOrder }, { width: 1, height: 1 })
    const frame = new Uint8Array(builder.frameBytes)
    builder.attach(0, frame, 0)
    builder.push(packetOf(events), 0)
    builder.finish(0)
    return [...frame]
  }
  t.deepEqual(frameOf('oldest-first'), [1, 1, 0, 1, 0, 1, 0, 1])
  t.deepEqual(frameOf('newest-first'), [0, 1, 0, 1, 1, 1, 0, 1])
})

const side = fc.integer({ min: 1, max: 23 })
const world = fc.record({ width: side, height: side }).chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    roi: fc.option(
      fc
        .record({ x: fc.nat(geometry.width - 1), y: fc.nat(geometry.height - 1) })
        .chain(({ x, y }) =>
          fc.record({
            x: fc.constant(x),
            y: fc.constant(y),
            width: fc.integer({ min: 1, max: geometry.width - x }),
            height: fc.integer({ min: 1, max: geometry.height - y }),
          }),
        ),
      { nil: undefined },
    ),
    fit: fc.constantFrom('scale' as const, 'crop' as const, 'none' as const, undefined),
    kind: fc.constantFrom('count' as const, 'binary' as const),
    width: side,
    height: side,
    steps: fc.integer({ min: 1, max: 3 }),
    perStep: fc.integer({ min: 1, max: 3 }),
    binUs: fc.integer({ min: 1, max: 30 }),
    hopUs: fc.integer({ min: 4, max: 120 }),
    clip: fc.integer({ min: 1, max: 4 }),
    timeOrder: fc.constantFrom('oldest-first' as const, 'newest-first' as const),
    start: fc.constantFrom(0, 1_000_003, 2 ** 40),
    events: fc.array(
      fc.record({
        dt: fc.integer({ min: 0, max: 25 }),
        x: fc.nat(24),
        y: fc.nat(24),
        p: fc.nat(1),
      }),
      { minLength: 1, maxLength: 120 },
    ),
    cuts: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
  }),
)

test('any sensor, fit, hop, bins and packets give the windows of the plain definition', async (t) => {
  await fc.assert(
    fc.asyncProperty(world, async ({ geometry, perStep, binUs, start, events, cuts, ...rest }) => {
      const bins = rest.steps * perStep
      const spec: WindowSpec = {
        ...rest,
        bins,
        durationUs: bins * binUs,
        hopUs: Math.max(rest.hopUs, Math.ceil((bins * binUs) / 64)),
        channels: 2 * perStep,
        scale: 1,
      }
      let now = start
      const stamped: PlainEvent[] = events.map(({ dt, x, y, p }) => {
        now += dt
        return { t: now, x, y, p }
      })
      const { windows, builder } = await buildWindows(spec, geometry, packetsOf(stamped, cuts))
      for (const window of windows) {
        const want = naiveFrame(spec, geometry, stamped, window.tStart)
        t.is(window.events, want.count)
        t.is(firstDifference(window.frame, want.frame), -1)
      }
      const consumed = builder.accepted + builder.late + builder.outside + builder.between
      t.is(consumed, stamped.length)
      t.is(builder.late, 0)
      t.true(builder.outside <= countOutside(spec, geometry, stamped))
    }),
    { numRuns: 300 },
  )
})

function packetsOf(events: PlainEvent[], cuts: number[]): EventPacket[] {
  const packets: EventPacket[] = []
  for (let at = 0, i = 0; at < events.length; i++) {
    const size = 1 + cuts[i % cuts.length]!
    packets.push(packetOf(events.slice(at, at + size)))
    at += size
  }
  return packets
}

function countOutside(spec: WindowSpec, geometry: Geometry, events: PlainEvent[]): number {
  return events.filter(({ x, y }) => naivePixel(spec, geometry, x, y) === undefined).length
}

test('stamps that run backwards are put where they belong as long as their window is open', (t) => {
  const builder = new WindowBuilder({ ...PILOT, width: 1, height: 1 }, { width: 1, height: 1 })
  const frame = new Uint8Array(4)
  builder.attach(0, frame, 50_000)
  const packet = packetOf(
    [50_000, 80_000, 60_000, 99_999, 50_001].map((time) => ({ t: time, x: 0, y: 0, p: 1 })),
  )
  t.is(builder.push(packet, 0), 5)
  builder.finish(0)
  t.deepEqual([...frame], [0, 3, 0, 2])
})

test('impossible specs are refused in one sentence, before memory is taken', (t) => {
  const refused: [spec: object, sentence: string][] = [
    [{ kind: 'voxel' }, 'window: kind "voxel" is not known; count, binary and polarity-last are'],
    [{ durationUs: 0 }, 'window: durationUs must be a whole number from 1 to 600000000, not 0'],
    [
      { durationUs: Number.NaN },
      'window: durationUs must be a whole number from 1 to 600000000, not NaN',
    ],
    [{ hopUs: 0.5 }, 'window: hopUs must be a whole number from 1 to 600000000, not 0.5'],
    [{ hopUs: 1 }, 'window: hopUs (1) keeps 50000 windows open at once; 64 is the limit'],
    [{ bins: 3, steps: 2 }, 'window: bins (3) is no multiple of steps (2)'],
    [{ bins: 3 }, 'window: durationUs (50000) does not divide into 3 equal bins of whole µs'],
    [{ channels: 2 }, 'window: channels must be 2 * bins / steps = 4, not 2'],
    [{ clip: 256 }, 'window: clip must be a whole number from 1 to 255, not 256'],
    [{ width: 1e6 }, 'window: width must be a whole number from 1 to 8192, not 1000000'],
    [
      { width: 8192, height: 8192, bins: 100, channels: 200 },
      'window: a frame would take 13421772800 bytes; 268435456 is the limit',
    ],
    [
      { timeOrder: 'random' },
      'window: timeOrder "random" is not known; oldest-first and newest-first are',
    ],
    [{ fit: 'stretch' }, 'window: fit "stretch" is not known; scale, crop and none are'],
    [
      { roi: { x: 300, y: 0, width: 5, height: 1 } },
      'window: roi.width must be a whole number from 1 to 4, not 5',
    ],
    [{ kind: 'polarity-last' }, 'window: channels must be 3 for polarity-last, not 4'],
    [
      { kind: 'polarity-last', channels: 3 },
      'window: bins (2) must equal steps (1) for polarity-last',
    ],
    [
      {
        kind: 'polarity-last',
        channels: 3,
        bins: 1,
        letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 256 },
      },
      'window: letterbox.pad must be a whole number from 0 to 255, not 256',
    ],
  ]
  for (const [change, sentence] of refused) {
    const error = t.throws(() => new WindowBuilder({ ...PILOT, ...change } as WindowSpec, SENSOR), {
      code: 'ERR_ARGUMENT',
    })
    t.is(error?.message, sentence)
  }
  t.throws(() => new WindowBuilder(PILOT, { width: 0, height: 240 }), { code: 'ERR_ARGUMENT' })
})

test('a frame of the wrong size, a slot too many and a buffer that was taken away are errors', (t) => {
  const builder = new WindowBuilder({ ...PILOT, width: 2, height: 2 }, { width: 2, height: 2 })
  t.throws(() => builder.attach(0, new Uint8Array(15), 0), {
    code: 'ERR_ARGUMENT',
    message: 'a frame of 16 bytes was expected, not one of 15',
  })
  t.throws(() => builder.attach(1, new Uint8Array(16), 0), { code: 'ERR_ARGUMENT' })
  t.throws(() => builder.attach(0, new Uint8Array(16), 0.5), { code: 'ERR_ARGUMENT' })
  const frame = new Uint8Array(16)
  builder.attach(0, frame, 0)
  structuredClone(frame.buffer, { transfer: [frame.buffer] })
  const packet = packetOf([{ t: 0, x: 0, y: 0, p: 1 }])
  t.throws(() => builder.push(packet, 0), { code: 'ERR_ARGUMENT' })
  t.throws(() => builder.finish(0), { code: 'ERR_ARGUMENT' })
})
