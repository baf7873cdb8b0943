// A recording in another format, or a part of it: any that is read to any that is written, files and streams alike.
import type { Geometry } from './events/packet.js'
import { FilterChain, filterOf, isFilterStage } from './filters/chain.js'
import type { FilterInput } from './filters/registry.js'
import { keepInputs } from './sinks/keep-inputs.js'
import { isStreamSpec } from './sources/bytes.js'
import { openRecording } from './sources/open.js'
import type { OpenOptions, Recording } from './sources/recording.js'
import { type ReplayOptions, replay } from './sources/replay.js'
import { sensorSize } from './sources/survey.js'
import { createRecording } from './sources/writers.js'
import { Ledger, totalDropped } from './streams/ledger.js'

/** A part of the sensor, pixels. */
export interface Region {
  x: number
  y: number
  width: number
  height: number
}

/** What is converted, and how. */
export interface ConvertOptions extends OpenOptions, Pick<ReplayOptions, 'from' | 'to'> {
  /** Name of a written format, instead of the one that the output's name means. */
  outFormat?: string
  /** Only this part of the sensor behind the filters; its corner becomes (0, 0), and its size the sensor's. */
  roi?: Region
  filters?: readonly FilterInput[]
  /** Subtracted from every stamp, µs; see WriteOptions. */
  originUs?: number
  /** Ends early: a file gives nothing then, a stream what came so far. */
  signal?: AbortSignal
  ledger?: Ledger
  /** Called after each packet. */
  progress?: (recording: Recording, events: number) => void
}

/** What was converted. */
export interface Converted {
  /** Format that was read, e.g. "EVT3". */
  from: string
  geometry: Geometry
  /** Written. */
  events: number
  triggers: number
  /** Events that each filter took out, by its name; those outside the region by "roi". */
  filtered: Readonly<Record<string, number>>
  /** What the written format cannot hold, by kind. */
  left: Readonly<Record<string, number>>
  /** What was wrong in the input, by kind, and where the first of each kind was. */
  faults: Readonly<Record<string, number>>
  faultOffsets: Readonly<Record<string, number>>
  /** Stopped before its end, or the reader of stdout has gone. */
  stopped: boolean
  /** False when it was stopped and nothing stays of the output. */
  kept: boolean
}

/**
 * Reads `input` and writes `output`, each a file, "-", tcp://HOST:PORT or unix:PATH. A file has its name only when it is whole. Rejects
 * with ERR_LEDGER when events were lost on the way without being counted,
 * with ERR_ARGUMENT for an output that is the input, and with the errors of openRecording, createRecording and replay.
 * @example
 * const { events } = await convert('drive.raw', 'drive_td.dat', { from: '1s', to: '2s' })
 */
export async function convert(
  input: string,
  output: string,
  options: ConvertOptions = {},
): Promise<Converted> {
  const { from, to, ledger = new Ledger(), originUs, outFormat } = options
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, ...(options.signal ? [options.signal] : [])])
  if (!isStreamSpec(input) && !isStreamSpec(output)) await keepInputs(output, [input])
  await using recording = await openRecording(input, options)
  const sensor = await sensorSize(recording, options)
  const region: FilterInput[] = options.roi === undefined ? [] : [{ name: 'roi', ...options.roi }]
  const filters = new FilterChain([...(options.filters ?? []), ...region], sensor, ledger)
  const { geometry } = filters
  await using file = await createRecording(output, {
    ...{ geometry, format: outFormat, originUs },
    onReaderGone: () => gone.abort(),
  })
  for await (const packet of replay(recording, { from, to, signal, ledger })) {
    filters.run(packet)
    await file.write(packet)
    options.progress?.(recording, file.events)
  }
  const stopped = signal.aborted
  // A stream has no other end than that somebody stops it.
  const kept = !stopped || !recording.seekable
  if (kept) await file.close()
  ledger.check()
  return {
    from: recording.format,
    geometry,
    events: file.events,
    triggers: file.triggers,
    filtered: Object.fromEntries(
      ledger.stages.filter(isFilterStage).map((stage) => [filterOf(stage), totalDropped(stage)]),
    ),
    left: file.left,
    faults: { ...recording.faults },
    faultOffsets: { ...recording.faultOffsets },
    stopped,
    kept,
  }
}
