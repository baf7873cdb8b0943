import test from 'ava'
import { of } from 'rxjs'
import { openRecording } from '../../../pipeline/sources/open.js'
import { DARK } from '../../../pipeline/view/palette.js'
import { Picture } from '../../../pipeline/view/picture.js'
import { windowCounts } from '../../../pipeline/view/recording-pictures.js'
import { renderWindow } from '../../../pipeline/view/render.js'
import { firstDifference, packetOf } from '../../support/packets.js'
import { ViewClient } from '../../support/view-client.js'
import { drive, GEOMETRY, openView, setOf, WINDOWS } from '../../support/view-run.js'
import { sleep, until } from '../../support/wait.js'

/** The picture of a frame as palette indices. */
function inks(picture: Uint8Array): Picture {
  const shown = new Picture(GEOMETRY.width, GEOMETRY.height, DARK)
  for (let i = 0; i < shown.pixels.length; i++)
    shown.pixels[i] = i & 1 ? picture[i >> 1]! >> 4 : picture[i >> 1]! & 15
  return shown
}

test('any window of a recording may be asked for, and looks as a rendered one does', async (t) => {
  const path = await drive(t)
  const view = await openView(t, path)
  for (let k = 0; k < WINDOWS; k++) view.add(setOf(k))
  view.end()
  const client = await ViewClient.open(view.url)
  t.is(client.hello!.kind, 'recording')
  await until(() => client.rows.length === WINDOWS, 'rows')
  t.deepEqual(client.rows[2], [150_000, 1002, 1, -1])
  await using recording = await openRecording(path)
  for (const k of [5, 1, 7, 0]) {
    const { header, picture } = await client.frame({
      type: 'at',
      id: k,
      t: (k + 1) * 50_000 + 17,
      trailUs: 0,
    })
    t.like(header, { id: k, seq: k, tEnd: (k + 1) * 50_000, undrawn: 0 })
    t.deepEqual(header.detections, setOf(k).detections)
    const counts = await windowCounts(recording, setOf(k), GEOMETRY)
    const wanted = renderWindow(counts, [], { scale: 1 })
    t.is(firstDifference(inks(picture).pixels, wanted.pixels), -1)
  }
  // A trail comes before its window, oldest first.
  const before = client.frames.length
  await client.frame({ type: 'at', id: 9, t: 300_000, trailUs: 150_000 })
  t.deepEqual(
    client.frames.slice(before).map(({ header }) => [header.tEnd, header.before ?? false]),
    [
      [200_000, true],
      [250_000, true],
      [300_000, false],
    ],
  )
})

test('a camera shows its newest window with the events of it, and counts what a page did not ask for', async (t) => {
  const view = await openView(t, undefined)
  const client = await ViewClient.open(view.url)
  const events = Array.from({ length: 40 }, (_, i) => ({ t: i * 10_000, x: i, y: 3, p: 1 }))
  const packet = packetOf(events, GEOMETRY)
  // Of all windows only the first and the last are asked for.
  view.look(of(packet)).subscribe()
  client.ask({ type: 'next' })
  for (let k = 0; k < WINDOWS; k++) {
    view.add(setOf(k))
    if (k === 0) await until(() => client.frames.length === 1, 'the first frame')
  }
  const last = await client.frame({ type: 'next' })
  t.is(last.header.seq, WINDOWS - 1)
  t.deepEqual(
    [...inks(last.picture).pixels].flatMap((ink, i) => (ink === 0 ? [] : [i])),
    [35, 36, 37, 38, 39].map((x) => 3 * GEOMETRY.width + x),
  )
  await until(() => (client.status?.skipped ?? 0) > 0, 'a status', 4000)
  t.is(client.status!.skipped, WINDOWS - 2)
})

test('a page that never asks costs nothing: no frame is sent, nothing piles up, others are served', async (t) => {
  const view = await openView(t, undefined)
  const mute = await ViewClient.open(view.url)
  const others = await Promise.all(Array.from({ length: 20 }, () => ViewClient.open(view.url)))
  for (let k = 0; k < 40; k++) {
    for (const client of others) if (client.frames.length >= k) client.ask({ type: 'next' })
    await sleep(2)
    const began = performance.now()
    view.add(setOf(k))
    // Not a benchmark: 21 pages must not hold the caller up until they have got it.
    t.true(performance.now() - began < 1000)
    await until(() => others.every(({ frames }) => frames.length > k), `frame ${k} for all`)
  }
  t.is(mute.frames.length, 0)
  for (const client of others) t.is(client.frames.at(-1)!.header.seq, 39)
})

test('a page says what pages say, or is shut out; the rest goes on', async (t) => {
  const view = await openView(t, undefined)
  view.add(setOf(0))
  const wrong = [
    'x',
    '[]',
    'null',
    '{"type":"stop"}',
    '{"type":"at","t":"now","id":1,"trailUs":0}',
    '{"type":"at","t":1e99,"id":1,"trailUs":0}',
    'x'.repeat(600),
  ]
  for (const text of wrong) {
    const client = await ViewClient.open(view.url)
    client.socket.send(text)
    await until(() => client.closed !== undefined, `closed after ${text.slice(0, 20)}`)
    t.true([1008, 1009].includes(client.closed!), text.slice(0, 20))
  }
  const binary = await ViewClient.open(view.url)
  binary.socket.send(Buffer.of(1, 2, 3))
  await until(() => binary.closed !== undefined, 'closed after bytes')
  const good = await ViewClient.open(view.url)
  good.ask({ type: 'at', id: 1, t: 50_000, trailUs: 0 })
  await sleep(50)
  t.is(good.frames.length, 0)
  t.is(good.closed, undefined)
})
