// What the networks look at: windows of the real Gen1 recording, of a simulated drive, and one in which nothing happens,
// all made by the model's own filters and windows.
import { existsSync } from 'node:fs'
import {
  type FrameWindow,
  replay,
  WindowBuilder,
  type WindowSpec,
  windows,
  writeSimulation,
} from '../../pipeline/index.js'
import { sharedPath } from '../../test/support/shared.js'
import { statePath } from './state.js'

const SENSOR = { width: 304, height: 240 }
const DRIVE = { seed: 2, durationUs: 1_500_000 }

/** u8 frames [T, C, H, W] of one source, and how busy it is. */
export interface Input {
  name: 'recording' | 'drive' | 'empty' | 'random'
  frames: Uint8Array[]
  /** Events per second in these windows, behind the model's filters. */
  eventRate: number
}

/** At most `most` windows of each source, spread over its length. The recording is left out where it is absent. */
export async function benchInputs(spec: WindowSpec, most: number): Promise<Input[]> {
  const inputs: Input[] = []
  const recording = sharedPath('recordings/gen1/driving_td.dat')
  if (recording !== undefined)
    inputs.push({ name: 'recording', ...(await cut(recording, spec, most)) })
  inputs.push({ name: 'drive', ...(await cut(await drive(), spec, most)) })
  const builder = new WindowBuilder(spec, SENSOR)
  const frame = new Uint8Array(builder.frameBytes)
  builder.attach(0, frame, 0)
  builder.finish(0)
  inputs.push({ name: 'empty', frames: [frame], eventRate: 0 })
  return inputs
}

/**
 * Frames whose every value is drawn anew, for networks with random weights: a place where nothing happens would make all of
 * its neurons fire or none, so that no density could be set. Spikes at random places are the hardest case of sparse kernels.
 */
export function randomFrames(
  { steps, channels, height, width }: WindowSpec,
  count: number,
): Uint8Array[] {
  let state = 1
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return [0, 127, 255][(state >>> 16) % 3]!
  }
  return Array.from({ length: count }, () =>
    new Uint8Array(steps * channels * height * width).map(draw),
  )
}

async function drive(): Promise<string> {
  const name = statePath('drive')
  if (!existsSync(`${name}_td.dat`)) await writeSimulation(DRIVE, name)
  return `${name}_td.dat`
}

async function cut(path: string, spec: WindowSpec, most: number): Promise<Omit<Input, 'name'>> {
  const all: Pick<FrameWindow, 'data' | 'events'>[] = []
  for await (const frame of replay(path).pipe(windows(spec)))
    all.push({ data: frame.data.slice(), events: frame.events })
  // The last one may be cut short by the recording's end.
  if (all.length > 1) all.pop()
  const step = Math.max(1, all.length / most)
  const picked = Array.from(
    { length: Math.min(most, all.length) },
    (_, i) => all[Math.floor(i * step)]!,
  )
  const events = picked.reduce((sum, frame) => sum + frame.events, 0)
  return {
    frames: picked.map(({ data }) => data),
    eventRate: events / ((picked.length * spec.durationUs) / 1e6),
  }
}
