import { createRequire } from 'node:module'
import test, { type ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { PNG } from 'pngjs'
import { openRecording } from '../../../pipeline/sources/open.js'
import { DARK, Ink } from '../../../pipeline/view/palette.js'
import { windowCounts } from '../../../pipeline/view/recording-pictures.js'
import { renderWindow } from '../../../pipeline/view/render.js'
import { browserFor, closeBrowser } from '../../support/browser.js'
import { firstDifference } from '../../support/packets.js'
import { boxOf, drive, GEOMETRY, openView, setOf, WINDOWS } from '../../support/view-run.js'
import { sleep } from '../../support/wait.js'

/** What pages complained of. */
const errors: string[] = []
test.serial.afterEach((t) => t.deepEqual(errors.splice(0), []))
test.after.always(closeBrowser)

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** A page in a browser that is dark and 1000 pixels wide unless told otherwise. */
async function openPage(t: ExecutionContext, url: string, options = {}): Promise<Page | undefined> {
  const browser = await browserFor(t)
  if (browser === undefined) return undefined
  const settings = {
    viewport: { width: 1000, height: 900 },
    colorScheme: 'dark',
    ...options,
  } as const
  const page = await browser.newPage(settings)
  t.teardown(() => page.close())
  page.on('pageerror', ({ message }) => errors.push(message))
  page.on('console', (said) => {
    if (said.type() === 'error' && !said.text().includes('WebSocket')) errors.push(said.text())
  })
  await page.goto(url)
  return page
}

const text = (page: Page, id: string) => page.locator(`#${id}`).textContent()

/** Waits until an element says something. */
async function says(page: Page, id: string, pattern: RegExp): Promise<void> {
  await page.locator(`#${id}`).filter({ hasText: pattern }).waitFor({ timeout: 40_000 })
}

/** The pixels of an element, three bytes each. */
async function shot(page: Page, id: string) {
  const png = PNG.sync.read(await page.locator(`#${id}`).screenshot())
  return {
    width: png.width,
    at: (x: number, y: number) => [...png.data.subarray((y * png.width + x) * 4).subarray(0, 3)],
  }
}

const near = (a: readonly number[], b: readonly number[]) =>
  a.every((value, i) => Math.abs(value - b[i]!) <= 12)

test.serial(
  'a recording can be walked through, with events and boxes on the pixels where they are',
  async (t) => {
    const path = await drive(t)
    const view = await openView(t, path)
    for (let k = 0; k < WINDOWS; k++) view.add(setOf(k))
    view.end()
    const page = await openPage(t, view.url)
    if (page === undefined) return
    await says(page, 'state', /read to its end/)
    await says(page, 'time', /0\.400 s/)
    await says(page, 'play', /Play/)
    await page.locator('#trail').fill('0')
    await page.locator('#stage').focus()

    await page.keyboard.press('Home')
    await says(page, 'time', /0\.050 s/)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await says(page, 'time', /0\.150 s/)
    t.is(await text(page, 'counts'), '50 ms  ·  1.00 kev')
    t.is(await text(page, 'found'), 'car #70.8360×48')

    // The canvas has one pixel per sensor pixel: they must be those of a rendered window.
    await using recording = await openRecording(path)
    const wanted = renderWindow(await windowCounts(recording, setOf(2), GEOMETRY), [], { scale: 1 })
    const url = await page.evaluate("document.getElementById('events').toDataURL()")
    const shown = PNG.sync.read(Buffer.from(String(url).split(',')[1]!, 'base64'))
    t.is(firstDifference(shown.data, wanted.toRgba()), -1)

    // Boxes are drawn at the screen's resolution: their four edges lie on the sensor's pixels, within one.
    const picture = await shot(page, 'frame')
    const scale = picture.width / GEOMETRY.width
    const { x, y, w, h } = boxOf(2)
    const amber = [...DARK.subarray(Ink.classes * 3, Ink.classes * 3 + 3)]
    const edges = [
      [x, y + h / 2, 1, 0],
      [x + w, y + h / 2, -1, 0],
      [x + w / 2, y, 0, 1],
      [x + w / 2, y + h, 0, -1],
    ] as const
    for (const [sx, sy, inX, inY] of edges) {
      const [px, py] = [Math.round(sx * scale), Math.round(sy * scale)]
      const offsets = [-1, 0, 1].filter((d) =>
        near(picture.at(px + d + (inX < 0 ? -1 : 0), py + d + (inY < 0 ? -1 : 0)), amber),
      )
      t.true(offsets.length > 0, `an edge at ${px},${py}`)
    }
    t.false(
      near(picture.at(Math.round((x + w / 2) * scale), Math.round((y + h / 2) * scale)), amber),
    )
    await page.keyboard.press('b')
    await sleep(200)
    const bare = await shot(page, 'frame')
    t.false(near(bare.at(Math.round(x * scale) + 1, Math.round((y + h / 2) * scale)), amber))

    // Slow motion, by the keys.
    await page.keyboard.press('Home')
    await says(page, 'time', /0\.050 s/)
    for (let k = 0; k < 3; k++) await page.keyboard.press('-')
    t.is(await page.locator('#speed').inputValue(), '0.1')
    await page.keyboard.press('Space')
    await says(page, 'time', /0\.1\d0 s/)
    await page.keyboard.press('Space')
    const stopped = await text(page, 'time')
    await sleep(600)
    t.is(await text(page, 'time'), stopped)
  },
)

test.serial(
  'axe finds nothing serious: dark, light, on a phone, with the list of keys open',
  async (t) => {
    const view = await openView(t, await drive(t))
    for (let k = 0; k < WINDOWS; k++) view.add(setOf(k))
    view.end()
    for (const options of [
      { colorScheme: 'dark' },
      { colorScheme: 'light', reducedMotion: 'reduce' },
      { colorScheme: 'light', viewport: { width: 360, height: 740 } },
    ]) {
      // The page's policy lets no foreign script in; the browser's driver may look all the same.
      const page = await openPage(t, view.url, { ...options, bypassCSP: true })
      if (page === undefined) return
      await says(page, 'found', /car/)
      await page.addScriptTag({ path: axe })
      for (const isOpen of [false, true]) {
        if (isOpen) await page.keyboard.press('?')
        const found = (await page.evaluate('axe.run()')) as {
          violations: { id: string; impact: string; nodes: { html: string }[] }[]
        }
        t.deepEqual(
          found.violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html]),
          [],
          JSON.stringify(options),
        )
      }
      const width = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      t.true((width as number) <= 0, 'nothing lies beyond the right rim')
    }
  },
)

test.serial(
  'a page whose saccade has gone says so, and comes back with the next one',
  async (t) => {
    const first = await openView(t, undefined)
    const listen = new URL(first.url).host
    first.source = 'up'
    const page = await openPage(t, first.url)
    if (page === undefined) return
    await says(page, 'notice-title', /Waiting for the first window/)
    first.add(setOf(0))
    await says(page, 'time', /0\.050 s/)
    await first.close()
    await says(page, 'notice-title', /The connection is lost/)
    t.is(await text(page, 'state'), 'connection lost')
    const second = await openView(t, undefined, { listen, source: 'another camera' })
    second.source = 'lost'
    await says(page, 'notice-title', /The camera is lost/)
    t.is(await text(page, 'source'), 'another camera')
    second.source = 'up'
    second.add(setOf(4))
    await says(page, 'time', /0\.050 s/)
    await page.locator('#notice').waitFor({ state: 'hidden', timeout: 40_000 })
  },
)

test.serial('without its token a page asks for it, and takes it', async (t) => {
  const view = await openView(t, undefined, { listen: '0.0.0.0:0' })
  const { port, hash } = new URL(view.url)
  const page = await openPage(t, `http://127.0.0.1:${port}/`)
  if (page === undefined) return
  await says(page, 'notice-title', /This page needs a token/)
  await page.locator('#token').fill('wrong')
  await page.keyboard.press('Enter')
  await says(page, 'notice-title', /The token is wrong/)
  await page.locator('#token').fill(hash.slice(7))
  await page.keyboard.press('Enter')
  await says(page, 'source', /the camera/)
  await page.goto(`http://127.0.0.1:${port}/${hash}`)
  await page.waitForURL((url) => url.hash === '')
  await says(page, 'source', /the camera/)
  t.pass()
})

test.serial('a browser that hangs holds nobody up', async (t) => {
  const view = await openView(t, undefined)
  const hanging = await openPage(t, view.url)
  const awake = await openPage(t, view.url)
  if (hanging === undefined || awake === undefined) return
  await says(hanging, 'notice-title', /Waiting/)
  await says(awake, 'notice-title', /Waiting/)
  const hang = '(() => { const end = Date.now() + 3000; while (Date.now() < end); })()'
  const hung = hanging.evaluate(hang)
  for (let k = 0; k < 20; k++) {
    view.add(setOf(k))
    await sleep(20)
  }
  await says(awake, 'time', /1\.000 s/)
  await hung
  // Awake again it gets the newest, and is told what it missed.
  await says(hanging, 'time', /1\.000 s/)
  t.pass()
})
