// The authors' Gen1 recipe, recorded by running their code: events -> frames -> letterboxed -> x_u8, byte for byte.
import test from 'ava'
import { EventPacket } from '../../pipeline/events/packet.js'
import { WindowBuilder } from '../../pipeline/windows/builder.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { firstDifference } from '../support/packets.js'
import { readSafetensors } from '../support/safetensors.js'
import { gunzipShared, skipWithout } from '../support/shared.js'

const SENSOR = { width: 304, height: 240 }
const START = 250_000
const authors: WindowSpec = {
  kind: 'polarity-last',
  durationUs: 250_000,
  steps: 2,
  bins: 2,
  clip: 1,
  width: 320,
  height: 320,
  channels: 3,
  timeOrder: 'newest-first',
  scale: 1 / 256,
  letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 114 },
}

function vectors() {
  const path = gunzipShared('vectors/gen1_n_exact/input.safetensors.gz')
  return path === undefined ? undefined : readSafetensors(path)
}

/** The window [250000, 500000) of the vectors' events, which reach beyond it on both sides. */
function frameOf(spec: WindowSpec, tensors: ReturnType<typeof readSafetensors>): Uint8Array {
  const builder = new WindowBuilder(spec, SENSOR)
  const frame = new Uint8Array(builder.frameBytes)
  builder.attach(0, frame, START)
  const [t, x, y, p] = ['t', 'x', 'y', 'p'].map((name) => tensors.get(`events.${name}`)!.data)
  const packet = new EventPacket()
  for (let from = 0; from < t!.length; from += packet.capacity) {
    packet.reset()
    packet.length = Math.min(packet.capacity, t!.length - from)
    packet.t0 = t![from]!
    for (let i = 0; i < packet.length; i++) {
      packet.t[i] = t![from + i]! - packet.t0
      packet.x[i] = x![from + i]!
      packet.y[i] = y![from + i]!
      packet.p[i] = p![from + i]!
    }
    if (builder.push(packet, 0) < packet.length) break
  }
  builder.finish(0)
  return frame
}

/** [T, rows, columns, 3] or, transposed, [T, columns, rows, 3] as [T, 3, rows, columns]. */
function planes(data: Uint8Array, width: number, height: number, columnsFirst: boolean) {
  const out = new Uint8Array(data.length)
  const steps = data.length / (3 * width * height)
  let to = 0
  for (let step = 0; step < steps; step++)
    for (let channel = 0; channel < 3; channel++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const pixel = columnsFirst ? x * height + y : y * width + x
          out[to++] = data[(step * width * height + pixel) * 3 + channel]!
        }
  return out
}

test('polarity-last sets the pixels that pre_gen1.py sets', (t) => {
  const tensors = vectors()
  if (tensors === undefined) return skipWithout(t, 'no shared vectors')
  const spec = { ...authors, width: 304, height: 240, timeOrder: 'oldest-first' as const }
  const want = planes(tensors.get('frames')!.data as Uint8Array, 304, 240, true)
  t.is(firstDifference(frameOf(spec, tensors), want), -1)
})

test('its picture is resized and padded as OpenCV and the letterbox do it', (t) => {
  const tensors = vectors()
  if (tensors === undefined) return skipWithout(t, 'no shared vectors')
  const want = planes(tensors.get('letterboxed')!.data as Uint8Array, 320, 320, false)
  const frame = frameOf({ ...authors, timeOrder: 'oldest-first' }, tensors)
  t.is(firstDifference(frame, want), -1)
})

test('newest-first gives what the network is fed', (t) => {
  const tensors = vectors()
  if (tensors === undefined) return skipWithout(t, 'no shared vectors')
  const want = tensors.get('x_u8')!.data as Uint8Array
  t.is(firstDifference(frameOf(authors, tensors), want), -1)
})
