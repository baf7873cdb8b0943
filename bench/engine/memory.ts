// What a whole replay takes: the default model, all packets, windows and detections, in a process of its own.
import {
  Ledger,
  Model,
  openRecording,
  replay,
  runPipeline,
  writeSimulation,
} from '../../pipeline/index.js'
import { sharedPath } from '../../test/support/shared.js'
import { statePath } from './state.js'

/** Peak resident memory. */
export interface ReplayMemory {
  recording: string
  windows: number
  peakMb: number
}

/** Replays the recording (a simulated drive where it is absent) once; the peak is that of the whole process. */
export async function replayMemory(): Promise<ReplayMemory> {
  const path =
    sharedPath('recordings/gen1/driving_td.dat') ??
    (await writeSimulation({ seed: 2 }, statePath('memory'))).recording
  const model = await Model.load()
  await using session = await model.open()
  await using recording = await openRecording(path)
  const { windows } = await runPipeline({
    source: replay(path),
    model,
    session,
    geometry: recording.geometry ?? { width: model.window.width, height: model.window.height },
    sinks: [],
    ledger: new Ledger(),
    live: false,
    wait: false,
  })
  return {
    recording: path.replace(/^.*\//, ''),
    windows,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }
}
