import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Model, type SessionOptions } from '../../pipeline/index.js'
import { readSafetensors } from '../support/safetensors.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const { runtime, why } = await import('onnxruntime-node' as string).then(
  () => ({ runtime: true, why: '' }),
  (error: Error) => ({ runtime: false, why: error.message }),
)

/** The sample window of the pilot, or a skipped test. */
function sampleFor(t: ExecutionContext) {
  const path = sharedPath('pilot/sample.safetensors')
  if (!runtime) skipWithout(t, `onnxruntime-node does not load: ${why}`)
  else if (path === undefined) skipWithout(t, 'the shared pilot folder is not here')
  else {
    const sample = readSafetensors(path)
    return { sample, frames: Uint8Array.from(sample.get('frames')!.data, (value) => value * 4) }
  }
  return undefined
}

const open = async (options: SessionOptions) => (await Model.load('car-pilot')).open(options)

for (const threads of [1, 2])
  test(`onnxruntime on ${threads} threads gives the sample window's spikes and head maps to the bit`, async (t) => {
    const given = sampleFor(t)
    if (given === undefined) return
    const { sample, frames } = given
    await using session = await open({ backend: 'onnx', threads })
    t.is(session.isa, 'onnxruntime')
    const { spikes, heads } = await session.trace(frames)
    t.is(spikes.size, 26)
    for (const [name, { shape, data }] of spikes) {
      const wanted = sample.get(`spikes/${name}`)!
      t.deepEqual(shape, wanted.shape, name)
      t.is(Buffer.compare(data, wanted.data as Uint8Array), 0, name)
    }
    t.deepEqual(
      heads.map(({ name, shape, data }) => [name, shape, data]),
      ['p3', 'p4'].map((name) => {
        const { shape, data } = sample.get(name)!
        return [name, shape.slice(1), data]
      }),
    )
  })

test('both backends give the same bytes: spikes, head maps and boxes', async (t) => {
  const given = sampleFor(t)
  if (given === undefined) return
  const { sample, frames } = given
  await using onnx = await open({ backend: 'onnx' })
  await using native = await open({})
  t.deepEqual(await onnx.trace(frames), await native.trace(frames))
  const rows = async (session: typeof onnx) => {
    const { count, rows } = await session.run(frames)
    return Float32Array.from(rows.subarray(0, 6 * count))
  }
  const found = await rows(onnx)
  t.deepEqual(found, await rows(native))
  t.deepEqual(found.length / 6, sample.get('scores')!.data.length)
  sample.get('boxes')!.data.forEach((side, i) => {
    t.true(Math.abs(found[6 * Math.floor(i / 4) + (i % 4)]! - side) < 1e-4)
  })
})

test('runs asked for at once come one after the other, and an aborted one rejects', async (t) => {
  const given = sampleFor(t)
  if (given === undefined) return
  await using session = await open({ backend: 'onnx' })
  const stop = new AbortController()
  const first = session.run(given.frames)
  const second = session.run(new Uint8Array(given.frames.length))
  const third = session.run(given.frames, { signal: stop.signal })
  stop.abort()
  t.is((await first).count, 3)
  t.is((await second).count, 0)
  await t.throwsAsync(third, { code: 'ERR_ABORTED' })
})

test('a frame of another size, a closed session and options out of range are refused with a sentence', async (t) => {
  const given = sampleFor(t)
  if (given === undefined) return
  const session = await open({ backend: 'onnx' })
  await t.throwsAsync(session.run(new Uint8Array(7)), {
    code: 'ERR_ARGUMENT',
    message: 'a frame of car-pilot is a Uint8Array of 291840 bytes [1, 4, 240, 304], not 7',
  })
  await session.close()
  await t.throwsAsync(session.run(given.frames), { message: 'the session is closed' })
  for (const backend of ['onnx', 'native'] as const)
    await t.throwsAsync(open({ backend, score: 2 }), {
      code: 'ERR_ARGUMENT',
      message: 'score must be 0..1, not 2',
    })
})

test('a count above the clip is refused by both backends in the same words', async (t) => {
  const given = sampleFor(t)
  if (given === undefined) return
  const loud = given.frames.with(4711, 16)
  for (const backend of ['native', 'onnx'] as const) {
    await using session = await open({ backend })
    for (const call of [() => session.run(loud), () => session.trace(loud)])
      await t.throwsAsync(call, {
        code: 'ERR_ARGUMENT',
        message: "the frame holds a count above 15, the clip of car-pilot's window",
      })
    t.is((await session.run(loud.with(4711, 15))).count > 0, true)
  }
})

interface DrivingWindow {
  t0: number
  events: number
  frame_sum: number
  spikes: number
  boxes: [number, number, number, number, number][]
}

for (const backend of ['onnx', 'native'] as const)
  test(`${backend} finds the cars of the street recording as described, to the printed digits`, async (t) => {
    const description = sharedPath('pilot/driving_boxes.json')
    const recording = sharedPath('recordings/gen1/driving_td.dat')
    if (description === undefined || recording === undefined)
      return skipWithout(t, 'the shared pilot folder or the recording is not here')
    if (backend === 'onnx' && !runtime) return skipWithout(t, `no onnxruntime-node: ${why}`)
    const { windows } = JSON.parse(readFileSync(description, 'utf8')) as {
      windows: DrivingWindow[]
    }
    t.is(windows.length, 20)
    await using session = await open({ backend })
    for (const wanted of windows) {
      const { frames, events } = countWindow(recording, wanted.t0)
      t.is(events, wanted.events)
      t.is(frames.reduce((a, b) => a + b, 0) / 4, wanted.frame_sum)
      const { spikes } = await session.trace(frames)
      let total = 0
      for (const { data } of spikes.values()) total += data.reduce((a, b) => a + b, 0)
      t.is(total, wanted.spikes)
      const { count, rows } = await session.run(frames)
      t.is(count, wanted.boxes.length)
      wanted.boxes.flat().forEach((value, i) => {
        const found = rows[6 * Math.floor(i / 5) + (i % 5)]!
        const half = i % 5 === 4 ? 5e-5 : 5e-3
        t.true(Math.abs(found - value) < 1.01 * half, `${wanted.t0}: ${found} for ${value}`)
      })
    }
  })

/** The window [t0, t0 + 50 ms) of a DAT file by the letter of the model's description, without saccade's own reader. */
function countWindow(path: string, t0: number): { frames: Uint8Array; events: number } {
  const bytes = readFileSync(path)
  let start = 0
  while (bytes[start] === 0x25) start = bytes.indexOf(0x0a, start) + 1
  const frames = new Uint8Array(4 * 240 * 304)
  let events = 0
  for (let at = start + 2; at + 8 <= bytes.length; at += 8) {
    const t = bytes.readUInt32LE(at) - t0
    if (t < 0 || t >= 50_000) continue
    const word = bytes.readUInt32LE(at + 4)
    const [x, y, p] = [word & 0x3fff, (word >>> 14) & 0x3fff, (word >>> 28) & 1]
    const pixel = ((2 * Math.floor(t / 25_000) + p) * 240 + y) * 304 + x
    frames[pixel] = Math.min(15, frames[pixel]! + 1)
    events += 1
  }
  return { frames, events }
}
