// Windows by the letter of the specification: one event at a time, no tables, no state. Slow and plain; the native builder
// must give the same bytes.
import type { Geometry } from '../../pipeline/events/packet.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import type { PlainEvent } from './packets.js'

/** Model pixel of a sensor pixel, or undefined when it is not looked at. count and binary only. */
export function naivePixel(spec: WindowSpec, { width, height }: Geometry, x: number, y: number) {
  const roi = spec.roi ?? { x: 0, y: 0, width, height }
  const inX = x - roi.x
  const inY = y - roi.y
  if (x >= width || y >= height || inX < 0 || inY < 0 || inX >= roi.width || inY >= roi.height)
    return undefined
  let [toX, toY] = [inX, inY]
  if (spec.fit === 'crop') {
    toX += Math.floor((spec.width - roi.width) / 2)
    toY += Math.floor((spec.height - roi.height) / 2)
  } else if (spec.fit !== 'none') {
    const byWidth = spec.width / roi.width <= spec.height / roi.height
    const [n, d] = byWidth ? [spec.width, roi.width] : [spec.height, roi.height]
    const usedX = Math.max(1, Math.floor((roi.width * n) / d))
    const usedY = Math.max(1, Math.floor((roi.height * n) / d))
    toX = Math.floor((inX * n) / d) + Math.floor((spec.width - usedX) / 2)
    toY = Math.floor((inY * n) / d) + Math.floor((spec.height - usedY) / 2)
  }
  if (toX < 0 || toY < 0 || toX >= spec.width || toY >= spec.height) return undefined
  return { x: toX, y: toY }
}

/** Frame of the window that starts at tStart, and how many events it holds. count and binary only. */
export function naiveFrame(
  spec: WindowSpec,
  geometry: Geometry,
  events: readonly PlainEvent[],
  tStart: number,
) {
  const { steps, channels, height, width } = spec
  const frame = new Uint8Array(steps * channels * height * width)
  let count = 0
  for (const event of events) {
    const since = event.t - tStart
    if (since < 0 || since >= spec.durationUs) continue
    const pixel = naivePixel(spec, geometry, event.x, event.y)
    if (pixel === undefined) continue
    count += 1
    const bin = Math.floor(since / (spec.durationUs / spec.bins))
    const perStep = spec.bins / steps
    const step = Math.floor(bin / perStep)
    const channel = 2 * (bin % perStep) + event.p
    const at = spec.timeOrder === 'newest-first' ? steps - 1 - step : step
    const index = ((at * channels + channel) * height + pixel.y) * width + pixel.x
    frame[index] = spec.kind === 'binary' ? 1 : Math.min(frame[index]! + 1, spec.clip)
  }
  return { frame, count }
}
