// Filters that turn the sensor or take a part of it: what windows, boxes, headers and pictures see of that.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { convert } from '../../pipeline/convert.js'
import { detectAt } from '../../pipeline/detect/detect-at.js'
import { Model } from '../../pipeline/detect/model.js'
import { detectLabelTimes } from '../../pipeline/evaluate/label-windows.js'
import type { Geometry } from '../../pipeline/events/packet.js'
import { FilterChain } from '../../pipeline/filters/chain.js'
import * as filters from '../../pipeline/filters/index.js'
import { parseFilter } from '../../pipeline/filters/registry.js'
import { runHeader } from '../../pipeline/run.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { replay } from '../../pipeline/sources/replay.js'
import { LiveSlices } from '../../pipeline/view/live/slices.js'
import { recordingPictures, windowCounts } from '../../pipeline/view/recording-pictures.js'
import { windows } from '../../pipeline/windows/windows.js'
import { scratch } from '../support/folder.js'
import { eventsOf, packetOf } from '../support/packets.js'

const SENSOR = { width: 4, height: 3 }

/** Where the filters put the event at (3, 0), the corner top right, and the size of the sensor there. */
function moved(...texts: string[]) {
  const packet = packetOf([{ t: 1, x: 3, y: 0, p: 1 }], SENSOR)
  new FilterChain(texts.map(parseFilter), SENSOR).run(packet)
  const { width, height } = packet
  return [`${width}x${height}`, ...eventsOf(packet).map(({ x, y }) => `${x},${y}`)].join(' ')
}

test('the corner top right goes where the picture is turned to', (t) => {
  t.is(moved('rotate:90'), '3x4 2,3')
  t.is(moved('rotate:180'), '4x3 0,2')
  t.is(moved('rotate:270'), '3x4 0,0')
  t.is(moved('flip:x'), '4x3 0,0')
  t.is(moved('flip:y'), '4x3 3,2')
  t.is(moved('transpose'), '3x4 0,3')
  t.is(moved('transpose', 'flip:x'), moved('rotate:90'))
  t.is(moved('rotate:90', 'rotate:180', 'rotate:90'), '4x3 3,0')
  t.is(moved('roi:2x2+2+0'), '2x2 1,0')
  t.is(moved('roi:2x2+2+0:absolute'), '4x3 3,0')
  t.is(moved('roi:2x2+1+0'), '2x2')
  t.is(moved('roi:2x2+2+0', 'rotate:90'), '2x2 1,1')
})

test('an event outside the sensor is outside of the turned one, too', (t) => {
  // (1, 3) is below a sensor of 4x3, and would be inside one of 3x4 as (1, 3).
  const packet = packetOf([{ t: 1, x: 1, y: 3, p: 1 }], SENSOR)
  new FilterChain([parseFilter('transpose')], SENSOR).run(packet)
  t.deepEqual(eventsOf(packet), [{ t: 1, x: 65_535, y: 65_535, p: 1 }])
})

let path = ''

test.before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'saccade-'))
  const spec = { seed: 4, durationUs: 300_000 }
  path = (await writeSimulation(spec, join(folder, 'drive'))).recording
})
test.after.always(() => rmSync(dirname(path), { recursive: true, force: true }))

test('a recording that is turned and turned back by a filter gives the same windows and boxes', async (t) => {
  const upright = path
  const sideways = scratch(t, 'sideways.raw')
  const rotate = [parseFilter('rotate:90')]
  const { geometry } = await convert(upright, sideways, { filters: rotate })
  t.deepEqual(geometry, { width: 240, height: 304 })

  const model = await Model.load('car-pilot')
  await using session = await model.open()
  const look = async (path: string, texts: string[]) => {
    await using recording = await openRecording(path)
    const chain = texts.map(parseFilter)
    const windows = { filters: chain }
    const sets = []
    for await (const set of detectAt(recording, session, [150_000, 250_000, 300_000], {
      geometry: recording.geometry!,
      windows,
    }))
      sets.push(set)
    return sets
  }
  const want = await look(upright, [])
  t.true(want.some(({ detections }) => detections.length > 0))
  t.deepEqual(await look(sideways, ['rotate:270']), want)
  // And the other way round: boxes of the turned picture lie in 240x304.
  const turned = await look(upright, ['rotate:90'])
  t.deepEqual(turned, await look(sideways, []))
  for (const { box } of turned.flatMap(({ detections }) => detections))
    t.true(box.x >= 0 && box.x + box.w <= 240 && box.y >= 0 && box.y + box.h <= 304)

  // The whole pipeline's windows, whose source does not know of it.
  const frames = async (path: string, texts: string[]) => {
    const seen: string[] = []
    const spec = { ...model.window, filters: texts.map(parseFilter) }
    for await (const frame of replay(path).pipe(windows(spec))) {
      const { tStart, events, fit, data } = frame
      seen.push(
        JSON.stringify([tStart, events, fit, data.reduce((sum, n, i) => sum + n * (i % 997), 0)]),
      )
    }
    return seen
  }
  t.deepEqual(await frames(sideways, ['rotate:270']), await frames(upright, []))
  t.deepEqual(await frames(upright, ['rotate:90']), await frames(sideways, []))
})

test('a part of the sensor is a sensor: its size is in the header, its boxes and pictures begin at its corner', async (t) => {
  const model = await Model.load('car-pilot')
  const spec = { ...model.window, filters: [parseFilter('roi:200x160+60+40')] }
  const header = runHeader(model, spec, { width: 304, height: 240 })
  t.deepEqual(header.geometry, { width: 200, height: 160 })
  t.deepEqual(header.filters, ['roi:200x160+60+40'])

  await using recording = await openRecording(path)
  const geometry: Geometry = { width: 304, height: 240 }
  const window = { tStart: 100_000, tEnd: 150_000 }
  const whole = await windowCounts(recording, window, geometry)
  const part = await windowCounts(recording, window, new FilterChain(spec.filters, geometry))
  t.is(part.on.length, 200 * 160)
  let events = 0
  for (let y = 0; y < 160; y++)
    for (let x = 0; x < 200; x++) {
      events += part.on[y * 200 + x]! + part.off[y * 200 + x]!
      if (part.on[y * 200 + x] !== whole.on[(y + 40) * 304 + x + 60]) t.fail(`${x},${y}`)
    }
  t.true(events > 100)
  const set = { seq: 0, ...window, events: 0, detections: [], dropped: { events: 0, windows: 0 } }
  const options = { geometry, start: 0, scale: 1, filters: spec.filters }
  for await (const picture of recordingPictures(recording, [set], options)) t.is(picture.width, 200)
})

test('labels lie on the sensor as it is: an evaluation refuses filters that turn it', async (t) => {
  const model = await Model.load('car-pilot')
  await using session = await model.open()
  const turned = detectLabelTimes(path, [200_000], session, {
    windows: { filters: [parseFilter('trail'), parseFilter('flip:x')] },
  })
  await t.throwsAsync(turned, {
    code: 'ERR_ARGUMENT',
    message: 'labels lie on the sensor as it is, and flip:x puts boxes elsewhere',
  })
})

test('a stream through operators tells its new size', async (t) => {
  const operators = [
    filters.rotate({ degrees: 270 }),
    filters.roi({ x: 0, y: 4, width: 240, height: 300 }),
  ]
  let size = ''
  for await (const packet of replay(path).pipe(operators[0]!, operators[1]!))
    size = `${packet.width}x${packet.height}`
  t.is(size, '240x300')
})

test('a live page shows a camera as its boxes lie', (t) => {
  const turned = new FilterChain([parseFilter('rotate:90')], SENSOR)
  const pictures = new LiveSlices(turned.geometry, { durationUs: 1000, hopUs: 1000 }, turned)
  pictures.on = true
  const packet = packetOf([{ t: 1, x: 3, y: 0, p: 1 }], SENSOR)
  pictures.add(packet)
  // (3, 0) of 4x3 is (2, 3) of 3x4: pixel 11, the high half of byte 5.
  t.deepEqual([...pictures.take(1000)!.picture], [0, 0, 0, 0, 0, 0x10])
  t.deepEqual(eventsOf(packet), [{ t: 1, x: 3, y: 0, p: 1 }], "the packet is the pipeline's")
})
