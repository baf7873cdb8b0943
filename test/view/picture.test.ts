import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { PNG } from 'pngjs'
import { glyph, textWidth } from '../../pipeline/view/font.js'
import { DARK, Ink } from '../../pipeline/view/palette.js'
import { Picture } from '../../pipeline/view/picture.js'
import { encodePng, writePng } from '../../pipeline/view/png.js'
import { PolarityCounts } from '../../pipeline/view/polarity.js'
import { renderWindow, stripHeight } from '../../pipeline/view/render.js'
import { contactSheet } from '../../pipeline/view/sheet.js'
import { windowStrip } from '../../pipeline/view/strip.js'
import { FrameWindow } from '../../pipeline/windows/frame.js'

const colour = (ink: number) => [...DARK.subarray(ink * 3, ink * 3 + 3)]

function events(...list: [x: number, y: number, p: number][]) {
  return {
    x: list.map((e) => e[0]),
    y: list.map((e) => e[1]),
    p: list.map((e) => e[2]),
    length: list.length,
  }
}

/** Decodes with a PNG package that shares no code with the encoder. */
function decode(picture: Picture) {
  const png = PNG.sync.read(encodePng(picture))
  const at = (x: number, y: number) => [
    ...png.data.subarray((y * png.width + x) * 4, (y * png.width + x) * 4 + 3),
  ]
  return { ...png, at }
}

test('a PNG decodes to the pixels that were drawn', (t) => {
  const picture = new Picture(37, 21, DARK)
  for (let i = 0; i < picture.pixels.length; i++) picture.pixels[i] = (i * i + (i >> 3)) % 16
  const png = PNG.sync.read(encodePng(picture))
  t.deepEqual([png.width, png.height], [37, 21])
  t.deepEqual(new Uint8Array(png.data), picture.toRgba())
})

test('a written PNG is whole, or is not there', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'saccade-picture-'))
  const picture = new Picture(5, 4, DARK)
  await writePng(join(home, 'a.png'), picture)
  t.deepEqual(await readFile(join(home, 'a.png')), encodePng(picture))
  t.deepEqual(await readdir(home), ['a.png'])
  await t.throwsAsync(writePng(join(home, 'no', 'a.png'), picture), { code: 'ERR_IO' })
})

test('an event becomes a square of the scale, ON and OFF in their colours', (t) => {
  const counts = new PolarityCounts({ width: 8, height: 6 })
  counts.add(events([2, 1, 1], [5, 4, 0], [5, 4, 0], [7, 5, 1], [7, 5, 1], [7, 5, 1]))
  const png = decode(renderWindow(counts, [], { scale: 3 }))
  t.deepEqual([png.width, png.height], [24, 18])
  for (const [dx, dy] of [
    [0, 0],
    [2, 0],
    [0, 2],
    [2, 2],
  ] as const) {
    t.deepEqual(png.at(6 + dx, 3 + dy), colour(Ink.on[0]))
    t.deepEqual(png.at(15 + dx, 12 + dy), colour(Ink.off[1]))
    t.deepEqual(png.at(21 + dx, 15 + dy), colour(Ink.on[2]))
  }
  t.deepEqual(png.at(5, 3), colour(Ink.ground))
  t.deepEqual(png.at(9, 3), colour(Ink.ground))
})

test('a box lies where its sensor pixels are, under the strip', (t) => {
  const counts = new PolarityCounts({ width: 100, height: 80 })
  const box = { x: 20, y: 30, w: 40.5, h: 25 }
  const picture = renderWindow(counts, [{ class: 0, label: 'car', score: 0.834, box }], {
    scale: 3,
    strip: { left: 'x' },
  })
  const top = stripHeight(3)
  const png = decode(picture)
  t.is(png.height, 240 + top)
  const amber = colour(Ink.classes)
  t.deepEqual(png.at(60, 90 + top), amber)
  t.deepEqual(png.at(61, 120 + top), amber)
  t.deepEqual(png.at(59, 120 + top), colour(Ink.ground))
  t.deepEqual(png.at(181, 164 + top), amber) // right edge at round(60.5 * 3) = 182, exclusive
  t.deepEqual(png.at(182, 164 + top), colour(Ink.ground))
  t.deepEqual(png.at(62, 120 + top), colour(Ink.ground)) // two pixels thick
})

test('a box at the upper rim keeps its tag inside the picture, one past the rim is clipped', (t) => {
  const counts = new PolarityCounts({ width: 60, height: 40 })
  const detections = [
    { class: 0, label: 'car', score: 0.5, box: { x: 40, y: 0, w: 20, h: 20 } },
    { class: 1, label: 'person', score: 0.4, box: { x: -9, y: 30, w: 500, h: 50 } },
  ]
  const png = decode(renderWindow(counts, detections, { scale: 2 }))
  t.deepEqual([png.width, png.height], [120, 80])
  t.deepEqual(png.at(119, 1), colour(Ink.classes))
  t.deepEqual(png.at(119, 60), colour(Ink.classes + 1))
})

test('labels are drawn dashed and thin, below the detections', (t) => {
  const counts = new PolarityCounts({ width: 60, height: 40 })
  const truth = [{ classId: 0, x: 10, y: 10, w: 30, h: 20 }]
  const picture = renderWindow(counts, [], { scale: 2, truth })
  const row = [...picture.pixels.subarray(20 * 120 + 20, 20 * 120 + 80)]
  t.true(row.includes(Ink.truth) && row.includes(Ink.ground))
})

test('counts saturate at 255 and events outside the geometry are counted, not drawn', (t) => {
  const counts = new PolarityCounts({ width: 4, height: 4 })
  for (let i = 0; i < 300; i++) counts.add(events([1, 1, 1]))
  counts.add(events([4, 0, 1], [0, 4, 0]))
  t.is(counts.on[5], 255)
  t.is(counts.events, 302)
  t.is(counts.outside, 2)
  t.is(
    counts.on.reduce((a, b) => a + b),
    255,
  )
})

test('a count frame of the model’s size gives back the counts of both bins', (t) => {
  const spec = {
    kind: 'count',
    durationUs: 50_000,
    steps: 1,
    bins: 2,
    clip: 15,
    width: 4,
    height: 2,
    channels: 4,
    timeOrder: 'oldest-first',
    scale: 0.25,
  } as const
  const frame = new FrameWindow(4 * 8)
  frame.events = 9
  frame.fit = { offsetX: 0, offsetY: 0, factorX: 1, factorY: 1, width: 4, height: 2 }
  frame.data[0 * 8 + 3] = 2 // OFF, first bin, (3, 0)
  frame.data[2 * 8 + 3] = 1 // OFF, second bin
  frame.data[3 * 8 + 4] = 5 // ON, second bin, (0, 1)
  const counts = PolarityCounts.fromFrame(frame, spec, { width: 4, height: 2 })
  t.is(counts.off[3], 3)
  t.is(counts.on[4], 5)
  t.is(counts.events, 9)
  // A sensor twice as large: every model pixel covers 2 x 2 of its pixels.
  frame.fit = { offsetX: 0, offsetY: 0, factorX: 2, factorY: 2, width: 8, height: 4 }
  const large = PolarityCounts.fromFrame(frame, spec, { width: 8, height: 4 })
  t.deepEqual([large.off[6], large.off[7], large.off[14], large.off[5]], [3, 3, 3, 0])
})

test('a sheet lays pictures out in rows with a gap', (t) => {
  const pictures = [1, 2, 3].map((ink) => {
    const picture = new Picture(10, 8, DARK)
    picture.fill(0, 0, 10, 8, ink)
    return picture
  })
  const sheet = contactSheet(pictures, 2)
  t.deepEqual([sheet.width, sheet.height], [2 * 14 + 4, 2 * 12 + 4])
  t.is(sheet.pixels[4 * sheet.width + 4], 1)
  t.is(sheet.pixels[4 * sheet.width + 18], 2)
  t.is(sheet.pixels[16 * sheet.width + 4], 3)
})

test('every printable ASCII letter that labels use has a glyph of its own', (t) => {
  const letters =
    '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:;-+/%()[]_<>=#!*&|·µ'
  const shapes = new Set([...letters].map((letter) => glyph(letter).join()))
  t.is(shapes.size, letters.length)
  t.deepEqual(glyph('ß'), glyph('?'))
  t.is(textWidth('car 0.83'), 8 * 6 - 1)
})

test('the strip says end, length, events and rate', (t) => {
  const set = { tStart: 21_700_000, tEnd: 21_750_000, events: 12_437 }
  t.is(windowStrip(set, 20_500_000).left, '1.250 s   50 ms   12.4 kev   249 kev/s')
  t.is(windowStrip({ ...set, events: 0 }, 20_500_000).left, '1.250 s   50 ms   0 ev   0 ev/s')
})

test('a picture without pixels or of absurd size is refused before memory is taken', (t) => {
  t.throws(() => new Picture(0, 10, DARK), { code: 'ERR_ARGUMENT' })
  t.throws(() => new Picture(1 << 20, 1 << 20, DARK), { code: 'ERR_ARGUMENT' })
  t.throws(() => new PolarityCounts({ width: 1e9, height: 1 }), { code: 'ERR_ARGUMENT' })
})
