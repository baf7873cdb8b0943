// Does this machine keep up? A network timed on windows of a simulated drive, against the time that there is for each.
import { from } from 'rxjs'
import { Model } from '../detect/model.js'
import type { SessionOptions } from '../detect/session.js'
import type { EventPacket } from '../events/packet.js'
import { simulate } from '../simulate/simulate.js'
import { Stream } from '../streams/stream.js'
import type { FrameWindow } from '../windows/frame.js'
import { windows } from '../windows/windows.js'
import { quantiles } from './health.js'

/** Frames that are run before any is timed. */
const WARM_UP = 3
const DRIVE_US = 1_000_000
/** Enough to see how it goes; a board that is slow takes a second for some. */
const MOST_WINDOWS = 100

/** What a machine has shown. Times in ms. */
export interface KeepUp {
  model: string
  isa: string
  threads: number
  /** Distance of windows: the time that there is for one. */
  hopMs: number
  windows: number
  p50: number
  p99: number
  /** Mean event rate of the drive, events per second. */
  rate: number
  /** True when 99 of 100 windows took less than their time. */
  keepsUp: boolean
}

/**
 * Runs a model for some seconds. Rejects with the errors of Model.load and Model.open.
 * @example
 * const { keepsUp, p99, hopMs } = await keepUp('car', { threads: 2 })
 */
export async function keepUp(
  name: string | undefined,
  options: SessionOptions & { hopUs?: number } = {},
): Promise<KeepUp> {
  const { hopUs, ...sessionOptions } = options
  const model = await Model.load(name)
  await using session = await model.open(sessionOptions)
  const spec = { ...model.window, ...(hopUs !== undefined && { hopUs }) }
  const { width, height } = model.window
  const drive = from(drivePackets(width, height))
  const times: number[] = []
  let events = 0
  let run = 0
  for await (const frame of new Stream<FrameWindow>((out) => windows(spec)(drive).subscribe(out))) {
    events += frame.events
    const before = performance.now()
    await session.run(frame.data)
    if (run++ >= WARM_UP) times.push(performance.now() - before)
    if (times.length === MOST_WINDOWS) break
  }
  const hopMs = (spec.hopUs ?? spec.durationUs) / 1000
  const { p50, p99 } = quantiles(times)
  return {
    model: model.name,
    isa: session.isa,
    threads: options.threads ?? 1,
    hopMs,
    windows: times.length,
    p50,
    p99,
    rate: (events * 1e6) / (spec.durationUs * run),
    keepsUp: p99 < hopMs,
  }
}

function* drivePackets(width: number, height: number): Generator<EventPacket> {
  const drive = simulate({ seed: 1, durationUs: DRIVE_US, width, height })
  for (const packet of drive.packets()) yield packet.detach()
}

/** In one sentence. */
export function keepUpText({
  model,
  isa,
  threads,
  hopMs,
  p50,
  p99,
  rate,
  keepsUp,
}: KeepUp): string {
  const times = `${p50.toFixed(1)} ms a window (p99 ${p99.toFixed(1)})`
  const on = `${isa}, ${threads} thread${threads === 1 ? '' : 's'}`
  const what = `${model} takes ${times} on ${on}, at ${(rate / 1e6).toFixed(2)} Mev/s; a window comes every ${hopMs} ms`
  if (keepsUp)
    return `${what}: it keeps up, and has ${Math.floor((1 - p99 / hopMs) * 100)} % to spare`
  return `${what}: it does not keep up; windows will be replaced. More --threads, a longer --hop or a smaller model help`
}
