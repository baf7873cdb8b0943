// The live page of a run: what --view opens, and how long it stays.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.js'
import { SaccadeError } from '../errors.js'
import { LiveView, type ViewOptions } from '../view/live/view.js'
import { filtersOf, type WindowSpec } from '../windows/spec.js'

/** What the caller knows of a run. */
export interface Viewed extends Omit<ViewOptions, 'listen' | 'token' | 'window' | 'threads'> {
  config: Config
  /** Other than the model's. */
  windows: Partial<WindowSpec>
}

/** Serves the page when the configuration asks for it. Rejects as LiveView.open and readToken do. */
export async function openView({
  config,
  windows,
  ...viewed
}: Viewed): Promise<LiveView | undefined> {
  const { listen, tokenFile } = config.view
  if (listen === undefined) return undefined
  const { durationUs, hopUs = durationUs } = { ...viewed.model.window, ...windows }
  return LiveView.open({
    ...viewed,
    filters: filtersOf(windows),
    listen,
    token: tokenFile === undefined ? undefined : await readToken(tokenFile),
    window: { durationUs, hopUs },
    threads: config.model.threads,
  })
}

/** Resolves when the run is asked to stop: what was seen stays to be looked at. */
export async function stayOpen(view: LiveView, signal: AbortSignal): Promise<void> {
  view.end()
  if (!signal.aborted) await once(signal, 'abort')
}

async function readToken(path: string): Promise<string> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SaccadeError('ERR_NOT_FOUND', `the token file ${path} cannot be read: ${code}`)
  }
  // A subprotocol of a WebSocket is made of these.
  if (/^[\w.~-]{16,200}$/.test(text)) return text
  throw new SaccadeError(
    'ERR_CONFIG',
    `${path} holds no token: 16 to 200 letters, digits and . ~ - _ are one`,
    'openssl rand -hex 16 makes one',
  )
}
