// saccade info: what recordings and models are, and the fingerprint of their events.
import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { configFor } from '../config/windows.js'
import { Model } from '../detect/model.js'
import { digestRecording } from '../events/digest.js'
import { parseGeometry } from '../events/geometry.js'
import { filterText } from '../filters/registry.js'
import { cameraSerial } from '../sources/camera-serial.js'
import { openRecording } from '../sources/open.js'
import type { OpenOptions, Recording } from '../sources/recording.js'
import { surveyRecording } from '../sources/survey.js'
import { ProgressBar } from '../view/progress.js'
import { ratePlot } from '../view/rate-plot.js'
import { type CommonOptions, type Context, makeCommand, printTable } from './command.js'
import { addFlags, flagValues, READER_FLAGS } from './config-options.js'
import { configuredFilters, filterInfo, filterRows } from './info-filters.js'
import { openOptions } from './pipeline.js'

interface InfoOptions extends CommonOptions {
  digest?: boolean
  filters?: boolean
  filter?: string
  format?: string
  geometry?: string
}

/** What is said of one file; the order is that of the lines. */
type Info = Record<string, unknown> & {
  [PLOT]?: readonly string[]
  [TABLE]?: readonly (readonly string[])[]
}

/** The picture of the rate, and the table of the filters, for people: not in the JSON. */
const PLOT = Symbol('plot')
const TABLE = Symbol('table')

export function infoCommand(context: Context): Command {
  const command = makeCommand([
    'saccade info drive_td.dat',
    'saccade info --digest --json drive_td.dat',
    'saccade info --filters drive_td.dat --filter background-activity:5ms,refractory',
    'saccade info models/car-pilot',
  ])
  return addFlags(command, [...READER_FLAGS, 'filter', 'sensor', 'model'])
    .option('--digest', 'read all events: counts, times and a sha256 over t, x, y and p')
    .option(
      '--filters',
      "what each filter takes out and what it costs: those of --filter, or the model's",
    )
    .argument('<file...>', 'recordings; models as .spike, .onnx or their folder')
    .action(async (files: string[], options: InfoOptions) => {
      for (const [i, file] of files.entries()) {
        const info = isModel(file)
          ? await modelInfo(file)
          : await recordingInfo(file, options, context)
        // One object per line, so that many files are as easy to read as one.
        if (options.json) process.stdout.write(`${JSON.stringify(info)}\n`)
        else printInfo(info, i)
      }
    })
}

function isModel(path: string): boolean {
  return (
    /\.(spike|onnx)$/.test(path) ||
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  )
}

async function recordingInfo(path: string, options: InfoOptions, context: Context): Promise<Info> {
  const open: OpenOptions = {
    format: options.format,
    geometry: options.geometry === undefined ? undefined : parseGeometry(options.geometry),
  }
  await using recording = await openRecording(path, open)
  const { width = null, height = null } = recording.geometry ?? {}
  const info: Info = { file: path, format: recording.format, width, height }
  if (options.filters || options.filter !== undefined)
    return { ...info, ...(await filtersInfo(recording, options, context)) }
  return options.digest
    ? { ...info, ...(await digestInfo(recording)) }
    : { ...info, ...(await surveyInfo(recording, options, context)) }
}

async function digestInfo(recording: Recording): Promise<Info> {
  const { events, tFirst, tLast, onEvents, digest, xMax, yMax, monotonic, faults } =
    await digestRecording(recording)
  return {
    events,
    t_first: tFirst,
    t_last: tLast,
    on_events: onEvents,
    digest,
    x_max: xMax,
    y_max: yMax,
    monotonic,
    faults,
  }
}

async function surveyInfo(
  recording: Recording,
  options: InfoOptions,
  { signal }: Context,
): Promise<Info> {
  const bar = new ProgressBar(recording.path)
  const progress = ({ progress: { bytes, total } }: Recording) => {
    if (!options.quiet) bar.update(bytes, total ?? 0)
  }
  const survey = await surveyRecording(recording, { signal, progress }).finally(() => bar.clear())
  const { events, onEvents, tFirst, tLast, monotonic, extent, triggers } = survey
  const span = events > 0 ? tLast - tFirst + 1 : 0
  return {
    records: recording.records,
    events,
    t_first: tFirst,
    t_last: tLast,
    duration_us: span,
    mean_rate: span > 0 ? Math.round((events * 1e6) / span) : 0,
    on_events: onEvents,
    monotonic,
    x_max: Math.max(0, extent.width - 1),
    y_max: Math.max(0, extent.height - 1),
    triggers,
    ...(triggers > 0 && { first_triggers: survey.firstTriggers }),
    faults: survey.faults,
    ...(Object.keys(survey.faultOffsets).length > 0 && { fault_offsets: survey.faultOffsets }),
    header: recording.header,
    [PLOT]: events > 0 ? ratePlot(survey) : undefined,
  }
}

async function filtersInfo(
  recording: Recording,
  { quiet, ...options }: InfoOptions,
  { signal }: Context,
): Promise<Info> {
  const flags = flagValues({ ...options })
  const loaded = await loadConfig({ environment: process.env, flags })
  const config = configFor(loaded.config, cameraSerial(recording.header), recording.path)
  const bar = new ProgressBar(recording.path)
  const filters = await filterInfo(recording, await configuredFilters(config), {
    ...openOptions(config),
    signal,
    progress: ({ progress: { bytes, total } }) => {
      if (!quiet) bar.update(bytes, total ?? 0)
    },
  }).finally(() => bar.clear())
  const told = filters.map(({ nsPerEvent, geometry, ...filter }) => ({
    ...filter,
    ns_per_event: nsPerEvent,
    ...geometry,
  }))
  return { filters: told, [TABLE]: filterRows(filters) }
}

async function modelInfo(path: string): Promise<Info> {
  const { plan, path: file } = await Model.load(path)
  const { filters } = plan.window
  return {
    file,
    model: plan.name,
    classes: plan.head.classes,
    window: { ...plan.window, ...(filters && { filters: filters.map(filterText) }) },
    detect: plan.detect,
    exact: plan.exact,
    exactReason: plan.exactReason,
    onnxSha256: plan.onnxSha256,
    card: plan.card,
  }
}

function printInfo(info: Info, index: number): void {
  if (index > 0) process.stdout.write('\n')
  printTable(
    Object.entries(info)
      .filter(([name, value]) => value !== undefined && !(name === 'filters' && info[TABLE]))
      .map(([name, value]) => [name, text(value)]),
  )
  if (info[TABLE] !== undefined) {
    process.stdout.write('\n')
    printTable(info[TABLE])
  }
  if (info[PLOT] !== undefined) process.stdout.write(`${info[PLOT].join('\n')}\n`)
}

/** Records as `key value` pairs, everything else as it is. */
function text(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  if (value === null) return 'not given'
  if (typeof value !== 'object') return String(value)
  const pairs = Object.entries(value).map(([k, v]) => `${k} ${typeof v === 'object' ? text(v) : v}`)
  return pairs.length === 0 ? 'none' : pairs.join(', ')
}
