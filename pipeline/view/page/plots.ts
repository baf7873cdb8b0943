// The event rate: scrolling over ten seconds, and over a whole recording with its detections as the timeline.
import { colour, sharpen } from './dom.js'
import type { Series } from './series.js'

/** How far the scrolling plot looks back. */
export const PLOT_US = 10_000_000

/** Draws the rate up to tEnd; returns its peak in events per second. */
export function drawRate(
  canvas: HTMLCanvasElement,
  series: Series,
  tEnd: number,
  hopUs: number,
): number {
  const { context, width, height } = sharpen(canvas)
  const rows = series.between(tEnd - PLOT_US, tEnd)
  const peak = rows.reduce((most, [, events]) => Math.max(most, events), 1)
  const bottom = height - 10
  const x = (t: number) => ((t - tEnd) / PLOT_US + 1) * width
  rule(context, 0, bottom + 0.5, width)
  context.fillStyle = colour('off')
  for (const [t, events] of rows) {
    const left = x(t - hopUs)
    const tall = Math.max(1, (events / peak) * (bottom - 2))
    context.fillRect(left, bottom - tall, Math.max(1, x(t) - left), tall)
  }
  // Below the line: where something was found.
  context.fillStyle = colour('accent')
  for (const [t, , detections] of rows) {
    if (detections === 0) continue
    const left = x(t - hopUs)
    context.fillRect(left, bottom + 4, Math.max(1, x(t) - left), 4)
  }
  return (peak * 1e6) / hopUs
}

/** What the timeline shows. */
export interface Timeline {
  series: Series
  hopUs: number
  /** Of the whole recording, as far as it is known, µs. */
  from: number
  to: number
  /** The play head. */
  at: number
}

/** Rate upwards, number of detections below it, the play head through both. */
export function drawTimeline(canvas: HTMLCanvasElement, timeline: Timeline): void {
  const { series, hopUs, from, to, at } = timeline
  const { context, width, height } = sharpen(canvas)
  const x = (t: number) => ((t - from) / Math.max(1, to - from)) * width
  const columns = Math.max(1, Math.floor(width))
  const events = new Float64Array(columns)
  const found = new Float64Array(columns)
  for (let i = 0; i < series.length; i++) {
    const [t, n, detections] = series.at(i)!
    const first = Math.max(0, Math.floor(x(t - hopUs)))
    const last = Math.min(columns - 1, Math.max(first, Math.ceil(x(t)) - 1))
    for (let c = first; c <= last; c++) {
      events[c] = Math.max(events[c]!, n)
      found[c] = Math.max(found[c]!, detections)
    }
  }
  const middle = Math.round(height * 0.68)
  bars(context, events, middle, middle - 4, colour('off'), -1)
  bars(context, found, middle + 2, height - middle - 5, colour('accent'), 1)
  rule(context, 0, middle + 0.5, width)
  const known = series.last === undefined ? 0 : x(series.last[0])
  if (known < width - 1) hatch(context, known, width, height)
  const head = x(at)
  context.fillStyle = colour('text')
  context.fillRect(Math.min(width - 2, Math.max(0, head - 1)), 0, 2, height)
}

function bars(
  context: CanvasRenderingContext2D,
  values: Float64Array,
  base: number,
  tall: number,
  ink: string,
  direction: 1 | -1,
): void {
  const most = values.reduce((a, b) => Math.max(a, b), 1)
  context.fillStyle = ink
  for (const [c, value] of values.entries()) {
    if (value === 0) continue
    const length = Math.max(1, (value / most) * tall)
    context.fillRect(c, direction < 0 ? base - length : base, 1, length)
  }
}

/** What the process has not come to yet. */
function hatch(context: CanvasRenderingContext2D, from: number, to: number, height: number): void {
  context.save()
  context.beginPath()
  context.rect(from, 0, to - from, height)
  context.clip()
  context.strokeStyle = colour('rule')
  context.lineWidth = 1
  context.beginPath()
  for (let left = from - height; left < to; left += 8) {
    context.moveTo(left, height)
    context.lineTo(left + height, 0)
  }
  context.stroke()
  context.restore()
}

function rule(context: CanvasRenderingContext2D, x: number, y: number, length: number): void {
  context.fillStyle = colour('rule')
  context.fillRect(x, y - 0.5, length, 1)
}
