// `saccade replay` without a file: a drive is simulated, looked at while it comes, kept, and drawn.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/schema.js'
import { windowOverrides } from '../config/windows.js'
import type { DetectionSet } from '../detect/detection.js'
import type { Geometry } from '../events/packet.js'
import { DEFAULT_DRIVE, simulate } from '../simulate/simulate.js'
import { recordSimulation } from '../simulate/source.js'
import { writeSimulation } from '../simulate/write.js'
import { openRecording } from '../sources/open.js'
import { Ledger } from '../streams/ledger.js'
import { AnimationWriter } from '../view/animation.js'
import { writePng } from '../view/png.js'
import { recordingPictures } from '../view/recording-pictures.js'
import { filtersOf } from '../windows/spec.js'
import type { CommonOptions, Context } from './command.js'
import { openNetwork } from './pipeline.js'
import { play, remark } from './play.js'

const FOLDER = 'out'
const DRIVE = join(FOLDER, 'drive')

/** For a page, which can go to and fro in a recording only: the drive is written first. Resolves to its path. */
export async function writeDrive(options: CommonOptions, { signal }: Context): Promise<string> {
  await mkdir(FOLDER, { recursive: true })
  remark(options, `simulating a street, ${DEFAULT_DRIVE.durationUs! / 1e6} s`)
  const { recording } = await writeSimulation(DEFAULT_DRIVE, DRIVE, { signal })
  return recording
}

/** Plays the default drive and leaves its events, its animation and its best window in out/. */
export async function firstRun(
  config: Config,
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const network = await openNetwork(config)
  const { model } = network
  await using _session = network.session
  const simulation = simulate(DEFAULT_DRIVE)
  const { geometry } = simulation
  const { signal } = context
  await mkdir(FOLDER, { recursive: true })
  const length = `${simulation.spec.durationUs / 1e6} s`
  remark(
    options,
    `a simulated street, ${length}; ${model.name} looks for ${model.labels.join(', ')}`,
  )
  const sets: DetectionSet[] = []
  const source = recordSimulation(simulation, DRIVE, { signal })
  const onSet = (set: DetectionSet) => sets.push(set)
  await play(
    {
      config,
      ...network,
      source,
      ledger: new Ledger(),
      geometry,
      start: 0,
      live: false,
      name: 'a simulated street',
      onSet,
    },
    options,
    context,
  )
  if (signal.aborted) return
  await draw(sets, geometry, config, model.name)
  remark(options, `${DRIVE}.png         the drive, animated (open it in a browser)`)
  remark(options, `${DRIVE}_window.png  its best window`)
  remark(options, `${DRIVE}_td.dat      its events: saccade replay ${DRIVE}_td.dat`)
}

async function draw(
  sets: readonly DetectionSet[],
  geometry: Geometry,
  config: Config,
  right: string,
): Promise<void> {
  await using recording = await openRecording(`${DRIVE}_td.dat`)
  const { tStart, tEnd } = sets[0]!
  const best = sets.reduce((a, b) => (confidence(b) > confidence(a) ? b : a))
  const animation = new AnimationWriter(`${DRIVE}.png`, Math.round((tEnd - tStart) / 1000))
  let at = 0
  const filters = filtersOf(windowOverrides(config))
  const pictures = recordingPictures(recording, sets, { geometry, filters, start: 0, right })
  for await (const picture of pictures) {
    await animation.add(picture)
    if (sets[at] === best) await writePng(`${DRIVE}_window.png`, picture)
    at += 1
  }
  await animation.close()
}

/** The window with the most to show. */
function confidence({ detections }: DetectionSet): number {
  return detections.reduce((sum, { score }) => sum + score, 0)
}
