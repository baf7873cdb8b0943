// saccade run: the service. A camera or a recording through the pipeline until it is stopped; sinks and cameras that are
// absent are waited for, and how it is doing is told every few seconds.
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { Observable } from 'rxjs'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { makeSinks } from '../config/sinks.js'
import { configFor, durationUs, windowOverrides } from '../config/windows.js'
import type { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { Health, healthLine } from '../operate/health.js'
import { type Log, makeLog } from '../operate/log.js'
import { runPipeline } from '../run.js'
import { NdjsonStreamSink } from '../sinks/ndjson.js'
import { isStreamSpec, STREAM_SPECS } from '../sources/bytes.js'
import { type Camera, camera } from '../sources/camera.js'
import type { CameraState } from '../sources/camera-device.js'
import { liveStream } from '../sources/live-stream.js'
import type { Recording } from '../sources/recording.js'
import { replay } from '../sources/replay.js'
import { Ledger } from '../streams/ledger.js'
import type { WindowSpec } from '../windows/spec.js'
import { type CommonOptions, type Context, makeCommand } from './command.js'
import { addFlags, flagValues, PIPELINE_FLAGS, takeFile } from './config-options.js'
import { openInput, openNetwork, openOptions, secondReader } from './pipeline.js'
import { faultRemarks, fitRemarks, inputRemarks, summaryLine } from './remarks.js'
import { openView, stayOpen } from './view.js'

export function runCommand(context: Context): Command {
  const command = makeCommand([
    'saccade run robot.yaml',
    'SACCADE_SOURCE_EDVS=/dev/ttyUSB0 saccade run --mqtt mqtt://localhost',
    'saccade run robot.yaml --view 0.0.0.0:7117',
    'saccade run robot.yaml --json | jq .detections',
    'saccade run tcp://camera.local:5000 --format evt3 --geometry 1280x720',
  ])
  return addFlags(command, PIPELINE_FLAGS)
    .argument(
      '[config.yaml]',
      `the configuration (saccade.example.yaml explains it), or a byte stream: ${STREAM_SPECS}`,
    )
    .action((argument: string | undefined, given: CommonOptions) => {
      const [what, options] = takeFile(argument, given)
      const stream = what !== undefined && isStreamSpec(what) ? what : undefined
      return runService(stream === undefined ? what : undefined, stream, options, context)
    })
}

async function runService(
  file: string | undefined,
  stream: string | undefined,
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const flags = { ...flagValues({ ...options }), 'source.stream': stream }
  const { config } = await loadConfig({ file, environment: process.env, flags })
  const log = makeLog(options.quiet ? { ...config.log, level: 'warn' } : config.log)
  const { model, session, track } = await openNetwork(config)
  await using _session = session
  const ledger = new Ledger()
  const source = await openSource(config, model, ledger, context.signal, log)
  await using _played = source.played

  // Two, because a snapshot begins a new interval: the log's and the broker's are not in step.
  let published: Health | undefined
  const sinks = makeSinks(config, {
    notice: (sentence) => log.warn(sentence),
    health: () => ({ ...published?.snapshot() }),
  })
  if (options.json && !sinks.some((sink) => sink instanceof NdjsonStreamSink))
    sinks.push(new NdjsonStreamSink())
  const health = new Health(ledger, sinks)
  published = new Health(ledger, sinks)
  const tick = setInterval(() => {
    const snapshot = health.snapshot()
    log.info(healthLine(snapshot))
  }, durationUs(config.health.every) / 1000)

  await using view = await openView({
    ...source,
    ...{ source: source.shortName ?? source.name, config, model, session, ledger, sinks },
    paced: source.live,
  })
  if (view) {
    log.info(`look at it: ${view.url}`)
    source.states?.subscribe((state) => {
      view.source = state
    })
  }
  log.info(
    { model: model.name, sha256: model.sha256, isa: session.isa },
    `running on ${source.name}`,
  )
  const began = performance.now()
  try {
    const summary = await runPipeline({
      source: view?.look(source.packets) ?? source.packets,
      model,
      session: view?.session ?? session,
      track,
      windows: source.windows,
      classes: config.model.classes,
      geometry: source.geometry,
      sinks,
      ledger,
      live: source.live,
      wait: true,
      signal: context.signal,
      onSet: (set) => {
        health.observe(set)
        published.observe(set)
        view?.add(set)
      },
    })
    log.info(summaryLine(summary, ledger, performance.now() - began))
    for (const sentence of faultRemarks(source.name, source.faulty)) log.warn(sentence)
    // A recording that has ended stays to be looked at.
    if (view && !context.signal.aborted) await stayOpen(view, context.signal)
  } finally {
    clearInterval(tick)
  }
}

interface Source {
  name: string
  packets: Observable<EventPacket>
  geometry: Geometry
  /** Where what was wrong with the bytes is counted. */
  faulty: Pick<Recording, 'faults' | 'faultOffsets'>
  /** What is replayed, to be closed. */
  played?: Recording
  /** What is other than in the model's windows, with the profile of this camera. */
  windows: Partial<WindowSpec>
  /** False for a recording at full speed, of which nothing may be lost. */
  live: boolean
  /** Of a camera. */
  states?: Observable<CameraState>
  /** Of a recording: its file's name, its first stamp, and a second reader for the page. */
  shortName?: string
  start?: number
  recording?: Recording
}

async function openSource(
  config: Config,
  model: Model,
  ledger: Ledger,
  signal: AbortSignal,
  log: Log,
): Promise<Source> {
  const { recording, edvs, stream, baud, from, to, speed = 1, loop } = config.source
  const sources = [recording, edvs, stream].filter((source) => source !== undefined)
  if (sources.length !== 1)
    throw new SaccadeError(
      'ERR_CONFIG',
      `run has ${sources.length === 0 ? 'no source' : 'more than one source'}`,
      'set one of source.recording, source.edvs and source.stream (saccade.example.yaml)',
    )
  const fromCamera = (eyes: Camera): Source => {
    const { name, geometry, serial, states } = eyes
    const windows = windowOverrides(configFor(config, serial, name))
    for (const sentence of fitRemarks(geometry, { ...model.window, ...windows })) log.info(sentence)
    return { name, packets: eyes, faulty: eyes, geometry, windows, live: true, states }
  }
  if (edvs !== undefined) {
    const notice = (sentence: string) => log.warn(sentence)
    const eyes = camera({ kind: 'edvs', port: edvs, baud }, { signal, ledger, wait: true, notice })
    return fromCamera(eyes)
  }
  if (stream !== undefined) {
    const notice = (sentence: string) => log.warn(sentence)
    const options = { ...openOptions(config), signal, ledger, wait: true, notice }
    const eyes = await liveStream(stream, options)
    return fromCamera(eyes)
  }
  const input = await openInput(recording!, config, model)
  for (const sentence of inputRemarks(input, model.window)) log.info(sentence)
  const { geometry } = input
  return {
    name: recording!,
    packets: replay(input.recording, { geometry, from, to, speed, loop, signal, ledger }),
    played: input.recording,
    faulty: input.recording,
    geometry,
    windows: input.windows,
    live: speed > 0,
    shortName: basename(recording!),
    start: input.start,
    recording: await secondReader(recording!, config, input.recording),
  }
}
