// saccade detect: single windows, drawn. With labels it looks where they are and says which were found.
import { basename, dirname, join } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { detectAt } from '../detect/detect-at.js'
import type { DetectionSet } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { refuseMoved } from '../evaluate/label-windows.js'
import { type Matches, matchLabels } from '../evaluate/match.js'
import { resolveTime } from '../events/time.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { setRecord } from '../sinks/record.js'
import { type Label, readLabels } from '../sources/labels.js'
import { writePng } from '../view/png.js'
import { recordingPictures } from '../view/recording-pictures.js'
import { contactSheet } from '../view/sheet.js'
import { terminalLine, terminalStyle } from '../view/terminal.js'
import { filtersOf } from '../windows/spec.js'
import { type CommonOptions, type Context, makeCommand, printJson } from './command.js'
import { addFlags, flagValues, MODEL_FLAGS, READER_FLAGS } from './config-options.js'
import { type Input, openInput, openModel } from './pipeline.js'

interface DetectCommandOptions extends CommonOptions {
  at?: string[]
  labels?: string
  output?: string
}

/** A window and what is labelled at its end. */
interface LookedAt {
  set: DetectionSet
  truth: Label[]
}

/** Windows in a row of a picture with several. */
const COLUMNS = 4

export function detectCommand(context: Context): Command {
  const command = makeCommand([
    'saccade detect drive_td.dat --at 20560000',
    'saccade detect drive_td.dat --at 1.5s --score 0.5 -o window.png',
    'saccade detect drive_td.dat --labels drive_bbox.npy',
  ])
  return addFlags(command, [...MODEL_FLAGS, ...READER_FLAGS])
    .option('--at <time...>', 'ends of windows: absolute µs, or 1.5s, +200ms from the first event')
    .option(
      '--labels <file>',
      'a _bbox.npy to draw and compare with; without --at it sets the ends',
    )
    .option('-o, --output <file.png>', 'default: beside the recording')
    .argument('<file>', 'a recording')
    .action((file: string, { output, ...options }: DetectCommandOptions) =>
      detectWindows(file, options, output, context),
    )
}

async function detectWindows(
  file: string,
  options: DetectCommandOptions,
  output: string | undefined,
  context: Context,
): Promise<void> {
  if (options.at === undefined && options.labels === undefined)
    throw new SaccadeError('ERR_ARGUMENT', 'detect needs --at or --labels to know where to look')
  const { config } = await loadConfig({
    environment: process.env,
    flags: flagValues({ ...options }),
  })
  const labels = options.labels === undefined ? [] : await readLabels(options.labels)
  const { model, session } = await openModel(config)
  await using _session = session
  await using input = await openInput(file, config, model)
  if (labels.length > 0) refuseMoved(input.windows)
  // What the model has no class for it cannot find.
  const known = labels.filter(({ classId }) => classId < model.labels.length)
  const tEnds = options.at?.map((time) => resolveTime(time, input.start)) ?? timesOf(known)

  const path = output ?? join(dirname(file), pictureName(file, tEnds))
  await keepInputs(path, [file, options.labels])
  const windows: LookedAt[] = []
  for await (const set of detectAt(input.recording, session, tEnds, {
    geometry: input.geometry,
    windows: input.windows,
    classes: config.model.classes,
  })) {
    if (context.signal.aborted) return
    windows.push({ set, truth: known.filter(({ t }) => t === set.tEnd) })
  }
  await draw(path, windows, input, model.name)
  const matches = options.labels === undefined ? undefined : sumMatches(windows)
  if (options.json)
    printJson({
      picture: path,
      sets: windows.map(({ set }) => JSON.parse(setRecord(set))),
      matches,
    })
  else print(windows, input.start, matches, path)
}

function timesOf(labels: readonly Label[]): number[] {
  const times = [...new Set(labels.map(({ t }) => t))].sort((a, b) => a - b)
  if (times.length > 0) return times
  throw new SaccadeError('ERR_ARGUMENT', 'no label has a class that the model knows', 'use --at')
}

/** drive_td.dat -> drive_20560000.png, or drive_windows.png when there are several. */
function pictureName(file: string, tEnds: readonly number[]): string {
  const stem = basename(file).replace(/(_td)?\.\w+$/, '')
  return tEnds.length === 1 ? `${stem}_${tEnds[0]}.png` : `${stem}_windows.png`
}

async function draw(path: string, windows: LookedAt[], input: Input, model: string): Promise<void> {
  const truth = new Map(windows.map(({ set, truth }) => [set, truth]))
  const pictures = []
  for await (const picture of recordingPictures(input.recording, truth.keys(), {
    geometry: input.geometry,
    filters: filtersOf(input.windows),
    start: input.start,
    right: model,
    scale: windows.length === 1 ? 3 : 2,
    truth: (set) => truth.get(set)!,
  }))
    pictures.push(picture)
  await writePng(path, pictures.length === 1 ? pictures[0]! : contactSheet(pictures, COLUMNS))
}

function sumMatches(windows: readonly LookedAt[]): Matches {
  const sum = { found: 0, missed: 0, other: 0 }
  for (const { set, truth } of windows) {
    const { found, missed, other } = matchLabels(set.detections, truth)
    sum.found += found
    sum.missed += missed
    sum.other += other
  }
  return sum
}

function print(
  windows: readonly LookedAt[],
  start: number,
  matches: Matches | undefined,
  path: string,
): void {
  const style = terminalStyle(process.stdout, start)
  const lines = windows.map(({ set }) => terminalLine(set, style))
  if (matches) {
    const { found, missed, other } = matches
    const boxes = `${other} other ${other === 1 ? 'box' : 'boxes'}`
    lines.push(`${found} of ${found + missed} labels found (IoU > 0.5), ${boxes}`)
  }
  process.stdout.write(`${[...lines, path].join('\n')}\n`)
}
