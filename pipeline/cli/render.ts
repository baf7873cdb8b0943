// saccade render: a recording with its detections as a film, without a browser.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { detect } from '../detect/detect.js'
import type { DetectionSet } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { openRecording } from '../sources/open.js'
import { replay } from '../sources/replay.js'
import { track } from '../track/track.js'
import { type Film, openFilm } from '../view/film.js'
import { DARK, LIGHT } from '../view/palette.js'
import { ProgressBar } from '../view/progress.js'
import { recordingPictures } from '../view/recording-pictures.js'
import { filtersOf } from '../windows/spec.js'
import { windows } from '../windows/windows.js'
import { type CommonOptions, type Context, makeCommand, printJson } from './command.js'
import { addFlags, flagValues, MODEL_FLAGS, READER_FLAGS } from './config-options.js'
import { openInput, openNetwork, openOptions, share } from './pipeline.js'

interface RenderCommandOptions extends CommonOptions {
  output: string
  rate?: string
  scale?: string
  light?: boolean
}

/** Shorter frames are shown longer than they should be: by browsers (GIF) and by screens. */
const LEAST_DELAY_MS = 20

export function renderCommand(context: Context): Command {
  const command = makeCommand([
    'saccade render drive_td.dat -o drive.mp4',
    'saccade render drive_td.dat -o drive.mp4 --track',
    'saccade render drive_td.dat -o slow.gif --from 1s --to 2s --rate 0.25',
    'saccade render drive_td.dat -o drive.png --light --scale 2',
  ])
  return addFlags(command, [...MODEL_FLAGS, ...READER_FLAGS, 'from', 'to', 'track'])
    .requiredOption('-o, --output <file>', '.mp4 (by ffmpeg), .gif or .png (animated)')
    .option('--rate <x>', 'film time over recorded time: 0.25 is slow motion; default 1')
    .option('--scale <n>', 'picture pixels per sensor pixel, 1 to 8; default 3')
    .option('--light', 'dark events on a light ground, for paper')
    .argument('<file>', 'a recording')
    .action((file: string, options: RenderCommandOptions) => render(file, options, context))
}

async function render(
  file: string,
  { output, rate, scale, light, ...options }: RenderCommandOptions,
  { signal }: Context,
): Promise<void> {
  const flags = flagValues({ ...options })
  const { config } = await loadConfig({ environment: process.env, flags })
  const speed = number('--rate', rate ?? '1', 0.001, 1000)
  const enlarged = number('--scale', scale ?? '3', 1, 8, true)
  const { model, session, track: tracking } = await openNetwork(config)
  await using _session = session
  await using input = await openInput(file, config, model, signal)
  if (!input.recording.seekable)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${file} can be read once only`,
      'write it to a file first',
    )
  await keepInputs(output, [file])
  await using again = await openRecording(file, openOptions(config))

  const spec = { ...model.window, ...input.windows }
  const hopMs = (spec.hopUs ?? spec.durationUs) / 1000 / speed
  // So many windows go by for each that is drawn.
  const every = Math.max(1, Math.ceil(LEAST_DELAY_MS / hopMs))
  const delayMs = Math.min(65_535, Math.max(1, Math.round(hopMs * every)))
  const film = openFilm(output, delayMs)
  const { geometry, start, recording } = input
  const { from, to } = config.source
  const { classes } = config.model
  const sets = replay(recording, { geometry, from, to, signal }).pipe(
    windows(spec, { geometry, signal }),
    detect(session, { classes }),
  )
  const followed = tracking ? sets.pipe(track(tracking)) : sets
  const bar = new ProgressBar(output)
  const pictures = recordingPictures(again, oneIn(every, followed), {
    geometry,
    start,
    right: model.name,
    scale: enlarged,
    theme: light ? LIGHT : DARK,
    filters: filtersOf(spec),
  })
  try {
    for await (const picture of pictures) {
      await film.add(picture)
      if (!options.quiet) bar.update(share(recording) ?? 0, 1, `${film.frames} pictures`)
    }
    await end(film, signal)
  } catch (error) {
    await film.discard()
    throw error
  } finally {
    bar.clear()
  }
  if (signal.aborted) return
  if (film.frames === 0) throw new SaccadeError('ERR_ARGUMENT', `${file} has no window to draw`)
  if (options.json) printJson({ output, pictures: film.frames, delayMs })
  else process.stdout.write(`${output}: ${film.frames} pictures of ${delayMs} ms\n`)
}

/** What was stopped half-way is no film. */
function end(film: Film, signal: AbortSignal): Promise<void> {
  return signal.aborted ? film.discard() : film.close()
}

async function* oneIn(
  every: number,
  sets: AsyncIterable<DetectionSet>,
): AsyncGenerator<DetectionSet, void, void> {
  let count = 0
  for await (const set of sets) {
    if (count % every === 0) yield set
    count += 1
  }
}

function number(name: string, text: string, least: number, most: number, isWhole = false): number {
  const value = Number(text)
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value
  const kind = isWhole ? 'a whole number' : 'a number'
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `${name} must be ${kind} from ${least} to ${most}, not ${text}`,
  )
}
