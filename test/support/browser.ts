// A real Chromium, where one is installed. The driver brings none of its own.
import type { ExecutionContext } from 'ava'
import { type Browser, chromium } from 'playwright-core'
import { skipWithout } from './shared.js'
import { findTool } from './tools.js'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
let running: Promise<Browser> | undefined

/** The browser of this test file, or undefined after the reason was printed: the test should return. */
export async function browserFor(t: ExecutionContext): Promise<Browser | undefined> {
  const path = NAMES.map(findTool).find((found) => found !== undefined)
  if (path === undefined) {
    skipWithout(t, `no ${NAMES.join(', ')} here`)
    return undefined
  }
  running ??= chromium.launch({ executablePath: path, args: ['--no-sandbox'], timeout: 60_000 })
  return running
}

/** To be called after the last test: ends the browser, of which nothing needs to be saved. */
export async function closeBrowser(): Promise<void> {
  await (await running)?.close()
}
