// What the page and the process say to each other, shared by both: nothing of Node or of the browser in here.
//
// The page asks for every frame, one at a time; the process never sends one that was not asked for. A browser that is
// slow or has stopped therefore gets fewer, and nothing piles up anywhere. Text is JSON; a frame is binary:
// u32 (LE) length of a JSON header, the header, then the picture, 4 bits per pixel, row by row, low half first.
import type { Detection } from '../../detect/detection.js'

/** WebSocket subprotocol; it changes whenever a message does. */
export const VIEW_PROTOCOL = 'saccade.view.1'
/** Prefix of the second subprotocol that carries the token: it appears in no URL and no log. */
export const TOKEN_PROTOCOL = 'token.'
/** Close code of a missing or wrong token. */
export const CLOSE_TOKEN = 4401
/** Close code of a process that has enough pages. */
export const CLOSE_FULL = 4429

/** What is looked at: said once, when the page connects. */
export interface Hello {
  type: 'hello'
  /** Differs from run to run: a page that comes back to another one begins anew. */
  run: string
  /** camera: the newest frame only. recording: any window that was processed may be asked for. */
  kind: 'camera' | 'recording'
  /** True where the run goes by the clock, so that its newest window is what one wants to see. */
  paced: boolean
  source: string
  /** Stamp that is shown as zero, absolute µs; unknown until the first window of a camera. */
  start: number | undefined
  geometry: { width: number; height: number }
  window: { durationUs: number; hopUs: number }
  model: { name: string; sha256: string; classes: readonly string[]; isa: string; threads: number }
  /** Layers whose spikes frames tell, in the network's order; empty where the backend does not count. */
  layers: readonly { name: string; neurons: number; levels: number }[]
}

/** Where the source is. `running` and `done` are those of a recording. */
export type SourceState = 'opening' | 'up' | 'silent' | 'lost' | 'closed' | 'running' | 'done'

/** How the run is doing, once a second. */
export interface Status {
  type: 'status'
  source: SourceState
  /** Why the run failed, when it did. */
  failure?: string
  uptimeS: number
  rssBytes: number
  windows: number
  detections: number
  /** Windows per second over the last second. */
  rate: number
  /** Milliseconds since the last window. */
  idleMs: number
  drops: readonly { stage: string; unit: string; cause: string; count: number }[]
  sinks: readonly { name: string; state: string }[]
  /** Part of the recording that was processed, 0..1. */
  progress: number | undefined
  pages: number
  /** Frames that were made and not shown to this page, because it had not asked. */
  skipped: number
  /** Windows that were forgotten, since memory is bounded. */
  forgotten: number
}

/** Windows since the last such message: [tEnd µs, events, detections, age in ms or -1]. */
export interface Rows {
  type: 'rows'
  rows: readonly Row[]
}

export type Row = readonly [tEnd: number, events: number, detections: number, ageMs: number]

/** What precedes the picture of a frame. */
export interface FrameHeader {
  /** That of the request, for windows of a recording. */
  id?: number
  /** Only there to fill the trail: the frame that was asked for follows. */
  before?: boolean
  seq: number
  tStart: number
  tEnd: number
  events: number
  /** Of these, not drawn: more came in one window than a picture is made of. */
  undrawn: number
  detections: readonly Detection[]
  dropped: { events: number; windows: number }
  ageMs?: number
  /** Spikes of each layer in this window, and the share of all multiplications that silence spared. */
  network?: { spikes: readonly number[]; spared: number }
}

/** What the page may say. Everything else closes the connection. */
export type Request =
  /** The newest window, when there is one that this page has not got. */
  | { type: 'next' }
  /** The window that ends at or before `t`, and those of `trailUs` before it first. */
  | { type: 'at'; id: number; t: number; trailUs: number }

/** Longest trail that may be asked for. */
export const MOST_TRAIL_US = 2_000_000

/** Half a byte per pixel: 0 nothing, 1..3 ON, 4..6 OFF, the more events the higher. The numbers of the palette (Ink). */
export const SHADES = 3

/** Bytes of a picture. */
export function pictureBytes({ width, height }: { width: number; height: number }): number {
  return (width * height + 1) >> 1
}

/** Takes a frame apart; the picture is a view of the message. Throws a RangeError or SyntaxError for anything else. */
export function decodeFrame(message: ArrayBuffer): { header: FrameHeader; picture: Uint8Array } {
  const length = new DataView(message).getUint32(0, true)
  const text = new TextDecoder().decode(new Uint8Array(message, 4, length))
  return { header: JSON.parse(text) as FrameHeader, picture: new Uint8Array(message, 4 + length) }
}
