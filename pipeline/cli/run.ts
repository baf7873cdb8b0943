// saccade run: the service. A camera or a recording through the pipeline until it is stopped; sinks and cameras that are
// absent are waited for, and how it is doing is told every few seconds.
import type { Command } from 'commander'
import { type FlagValues, loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { makeSinks } from '../config/sinks.js'
import { durationUs } from '../config/windows.js'
import { SaccadeError } from '../errors.js'
import { Health, healthLine } from '../operate/health.js'
import { type Log, makeLog } from '../operate/log.js'
import { relay } from '../relay.js'
import { runPipeline } from '../run.js'
import { NdjsonStreamSink } from '../sinks/ndjson.js'
import { isStreamSpec, STREAM_SPECS } from '../sources/bytes.js'
import { CAMERA_FORMS, isCameraSpec } from '../sources/camera-registry.js'
import { tapped } from '../sources/tap.js'
import { Ledger } from '../streams/ledger.js'
import { type CommonOptions, type Context, makeCommand } from './command.js'
import { addFlags, flagValues, RUN_FLAGS, takeFile } from './config-options.js'
import { openNetwork } from './pipeline.js'
import { faultRemarks, relayLine, summaryLine } from './remarks.js'
import { openSource, openTaps } from './run-source.js'
import { openView, stayOpen } from './view.js'

export function runCommand(context: Context): Command {
  const command = makeCommand([
    'saccade run robot.yaml',
    'SACCADE_SOURCE_EDVS=/dev/ttyUSB0 saccade run --mqtt mqtt://localhost',
    'saccade run robot.yaml --view 0.0.0.0:7117',
    'saccade run robot.yaml --json | jq .detections',
    'saccade run tcp://camera.local:5000 --format evt3 --geometry 1280x720',
    'saccade run udp:3333 --geometry 640x480 --record kept.raw',
    'saccade run edvs:/dev/ttyUSB0 --model none --serve-events tcp://0.0.0.0:5000',
  ])
  return addFlags(command, RUN_FLAGS)
    .argument(
      '[config.yaml]',
      `the configuration (saccade.example.yaml explains it), a byte stream (${STREAM_SPECS}) or a camera (${CAMERA_FORMS.join(', ')})`,
    )
    .action((argument: string | undefined, given: CommonOptions) => {
      const [what, options] = takeFile(argument, given)
      if (what !== undefined && isStreamSpec(what))
        return runService(undefined, { 'source.stream': what }, options, context)
      if (what !== undefined && isCameraSpec(what))
        return runService(undefined, { 'source.camera': what }, options, context)
      return runService(what, {}, options, context)
    })
}

async function runService(
  file: string | undefined,
  named: FlagValues,
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const flags = { ...flagValues({ ...options }), ...named }
  const { config } = await loadConfig({ file, environment: process.env, flags })
  const log = makeLog(options.quiet ? { ...config.log, level: 'warn' } : config.log)
  if (config.model.name === 'none') return relayService(config, context, log)
  const { model, session, track } = await openNetwork(config)
  await using _session = session
  const ledger = new Ledger()
  const source = await openSource(config, model, ledger, context.signal, log)
  await using _played = source.played
  const taps = await openTaps(config, source.geometry, ledger, log)
  const packets = tapped(taps)(source.packets)

  // Two, because a snapshot begins a new interval: the log's and the broker's are not in step.
  let published: Health | undefined
  const sinks = makeSinks(config, {
    notice: (sentence) => log.warn(sentence),
    health: () => ({ ...published?.snapshot() }),
  })
  if (options.json && !sinks.some((sink) => sink instanceof NdjsonStreamSink))
    sinks.push(new NdjsonStreamSink())
  const health = new Health(ledger, sinks, source.health)
  published = new Health(ledger, sinks, source.health)
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
      source: view?.look(packets) ?? packets,
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
    for (const tap of taps) await tap.close()
  }
}

/** Without a network: events are kept and served, for a larger machine or for later. */
async function relayService(config: Config, { signal }: Context, log: Log): Promise<void> {
  const { output, mqtt, serial, view, mavlink, rosbridge, server } = config
  if (output.record === undefined && output.serveEvents === undefined)
    throw new SaccadeError(
      'ERR_CONFIG',
      'without a model run has nothing to do',
      'give --record FILE or --serve-events ADDRESS, or a model',
    )
  const sinks = [output.file, mqtt.url, serial.port, mavlink.link, rosbridge.url, server.address]
  if ([...sinks, view.listen].some((where) => where !== undefined))
    throw new SaccadeError('ERR_CONFIG', 'without a model there are no detections to show or send')
  const ledger = new Ledger()
  const source = await openSource(config, undefined, ledger, signal, log)
  await using _played = source.played
  const taps = await openTaps(config, source.geometry, ledger, log)
  const health = new Health(ledger, [], source.health)
  const tick = setInterval(
    () => log.info(relayLine(health.snapshot())),
    durationUs(config.health.every) / 1000,
  )
  log.info(`running on ${source.name}, without a model`)
  try {
    await relay(source.packets, taps, signal)
  } finally {
    clearInterval(tick)
    for (const tap of taps) await tap.close()
    log.info(relayLine(health.snapshot()))
  }
  ledger.check()
}
