// The resize of polarity-last for other sizes, against the same arithmetic written out in numbers per output pixel.
import test from 'ava'
import { WindowBuilder } from '../../pipeline/windows/builder.js'
import { letterbox } from '../../pipeline/windows/fit.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { packetOf } from '../support/packets.js'

function halfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}

/** Source position and 11-bit weights of output i. */
function tap(i: number, src: number, dst: number, keepFraction: boolean) {
  const position = Math.fround((i + 0.5) * (1 / (dst / src)) - 0.5)
  let s = Math.floor(position)
  let f = Math.fround(position - s)
  if (!keepFraction && (s < 0 || s >= src - 1)) {
    s = s < 0 ? 0 : src - 1
    f = 0
  }
  const clamp = (at: number) => Math.min(Math.max(at, 0), src - 1)
  return {
    first: clamp(s),
    second: clamp(s + 1),
    a0: halfEven(Math.fround(Math.fround(1 - f) * 2048)),
    a1: halfEven(Math.fround(f * 2048)),
  }
}

function resized(
  grid: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
) {
  return Uint8Array.from({ length: toWidth * toHeight }, (_, at) => {
    const column = tap(at % toWidth, width, toWidth, false)
    const row = tap(Math.floor(at / toWidth), height, toHeight, true)
    const across = (y: number) =>
      grid[y * width + column.first]! * column.a0 + grid[y * width + column.second]! * column.a1
    const sum =
      ((row.a0 * (across(row.first) >> 4)) >> 16) + ((row.a1 * (across(row.second) >> 4)) >> 16)
    return (sum + 2) >> 2
  })
}

for (const [width, height, modelWidth, modelHeight] of [
  [304, 240, 640, 640],
  [304, 240, 160, 160],
  [37, 53, 64, 32],
  [640, 480, 320, 320],
  [1, 1, 8, 4],
  [5, 3, 5, 3],
] as const)
  test(`a ${width}x${height} picture is resized into ${modelWidth}x${modelHeight} to the last bit`, (t) => {
    const spec: WindowSpec = {
      kind: 'polarity-last',
      durationUs: 1000,
      steps: 1,
      bins: 1,
      clip: 1,
      width: modelWidth,
      height: modelHeight,
      channels: 3,
      timeOrder: 'oldest-first',
      scale: 1,
    }
    const box = letterbox(spec, { width, height })
    const grid = new Uint8Array(width * height).fill(127)
    const events = Array.from({ length: width * height }, (_, i) => ({
      t: i % 1000,
      x: (i * 7 + 3) % width,
      y: (i * 13 + 1) % height,
      p: (i * i + (i >> 3)) & 1,
    }))
    for (const { x, y, p } of events) grid[y * width + x] = 255 * p
    const builder = new WindowBuilder(spec, { width, height })
    const frame = new Uint8Array(builder.frameBytes)
    builder.attach(0, frame, 0)
    builder.push(packetOf(events.map((event) => ({ ...event, t: 0 }))), 0)
    builder.finish(0)
    const picture = resized(grid, width, height, box.pictureWidth, box.pictureHeight)
    const want = new Uint8Array(modelWidth * modelHeight).fill(114)
    for (let y = 0; y < box.pictureHeight; y++)
      want.set(
        picture.subarray(y * box.pictureWidth, (y + 1) * box.pictureWidth),
        (y + box.pictureTop) * modelWidth + box.pictureLeft,
      )
    for (let channel = 0; channel < 3; channel++)
      t.is(
        Buffer.compare(frame.subarray(channel * want.length, (channel + 1) * want.length), want),
        0,
      )
  })
