// The whole pipeline on the Gen1 recording: how fast each stage is, how old a result is when it comes out, how much
// memory it takes. Without ../shared a simulated drive of 2 s takes its place.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  EventPacket,
  FilterChain,
  type Geometry,
  Ledger,
  Model,
  openRecording,
  replay,
  runPipeline,
  type Session,
  WindowBuilder,
} from '../pipeline/index.js'
import { quantiles } from '../pipeline/operate/health.js'
import { writeSimulation } from '../pipeline/simulate/write.js'
import { sharedPath } from '../test/support/shared.js'
import type { Benchmark, Measurement } from './bench.js'

const ROUNDS = 9

/** `npm run bench -- pipeline` */
export const pipelineBenchmark: Benchmark = {
  name: 'pipeline',
  about: 'file to detections on the Gen1 recording',
  run: async () => ({ measurements: await benchPipeline() }),
}

export async function benchPipeline(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'saccade-bench-'))
  try {
    const path =
      sharedPath('recordings/gen1/driving_td.dat') ??
      (await writeSimulation({ seed: 2 }, join(folder, 'drive'))).recording
    const model = await Model.load()
    await using session = await model.open()
    const note = path.replace(/^.*\//, '')
    return [
      { ...(await decodeRate(path)), note },
      await windowRate(path, model),
      ...(await wholeRun(path, model, session)),
      ...(await pacedAges(path, model, session)),
      { name: 'peak memory', value: process.resourceUsage().maxRSS / 1024, unit: 'MB' },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** File to packets. */
async function decodeRate(path: string): Promise<Measurement> {
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  const value = await medianRate(async () => {
    await recording.seek(0)
    let events = 0
    while (await recording.next(packet)) events += packet.length
    return events / 1e6
  })
  return { name: 'read and decode', value, unit: 'Mev/s' }
}

/** File to frames, through the filters that the model asks for. */
async function windowRate(path: string, model: Model): Promise<Measurement> {
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  const { durationUs, hopUs = durationUs } = model.window
  const geometry = sizeOf(recording.geometry, model)
  const chain = new FilterChain(model.window.filters ?? [], geometry)
  const builder = new WindowBuilder(model.window, geometry)
  const frame = new Uint8Array(builder.frameBytes)
  const value = await medianRate(async () => {
    await recording.seek(0)
    chain.reset()
    let windows = 0
    let tStart = -1
    while (await recording.next(packet)) {
      chain.run(packet)
      if (tStart < 0) {
        tStart = Math.floor(packet.first / hopUs) * hopUs
        builder.attach(0, frame, tStart)
      }
      for (let at = builder.push(packet, 0); at < packet.length; at = builder.push(packet, at)) {
        builder.finish(0)
        windows += 1
        tStart += hopUs
        builder.attach(0, frame, tStart)
      }
    }
    builder.finish(0)
    return windows + 1
  })
  return { name: 'read, decode, windows', value, unit: 'win/s' }
}

/** File to detections, lossless. */
async function wholeRun(path: string, model: Model, session: Session): Promise<Measurement[]> {
  const times: number[] = []
  const timed: Session = Object.create(session, {
    run: {
      value: async (...args: Parameters<Session['run']>) => {
        const began = performance.now()
        const raw = await session.run(...args)
        times.push(performance.now() - began)
        return raw
      },
    },
  })
  const value = await medianRate(async () => {
    const { windows } = await run(path, model, timed, 0)
    return windows
  })
  const { p50, p99 } = quantiles(times)
  const note = `${session.isa}, 1 thread`
  return [
    { name: 'inference p50', value: p50, unit: 'ms', note },
    { name: 'inference p99', value: p99, unit: 'ms' },
    { name: 'file to detections', value, unit: 'win/s' },
  ]
}

/** Paced as recorded, live policy: last event in to detections out. */
async function pacedAges(path: string, model: Model, session: Session): Promise<Measurement[]> {
  const ages: number[] = []
  for (let i = 0; i < 3; i++) await run(path, model, session, 1, (age) => ages.push(age))
  const { p50, p99, max } = quantiles(ages)
  const note = `${ages.length} windows at --speed 1`
  return [
    { name: 'age p50', value: p50, unit: 'ms', note },
    { name: 'age p99', value: p99, unit: 'ms' },
    { name: 'age max', value: max, unit: 'ms' },
  ]
}

async function run(
  path: string,
  model: Model,
  session: Session,
  speed: number,
  onAge: (ageMs: number) => void = () => {},
) {
  await using recording = await openRecording(path)
  return runPipeline({
    source: replay(path, { speed }),
    model,
    session,
    geometry: sizeOf(recording.geometry, model),
    sinks: [],
    ledger: new Ledger(),
    live: speed > 0,
    wait: false,
    onSet: ({ ageMs }) => ageMs !== undefined && onAge(ageMs),
  })
}

function sizeOf(geometry: Geometry | undefined, model: Model): Geometry {
  return geometry ?? { width: model.window.width, height: model.window.height }
}

/** Median over rounds of what a round did per second. */
async function medianRate(round: () => Promise<number>): Promise<number> {
  const rates: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now()
    const done = await round()
    rates.push((done * 1000) / (performance.now() - began))
  }
  return rates.sort((a, b) => a - b)[ROUNDS >> 1]!
}
