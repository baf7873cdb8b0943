// What replay does with a recording and the first run with its drive: through the pipeline, a line for each window on
// stdout (or NDJSON and nothing else), a sentence at the end on stderr.
import type { Observable } from 'rxjs'
import type { Config } from '../config/schema.js'
import { makeSinks } from '../config/sinks.js'
import { windowOverrides } from '../config/windows.js'
import type { DetectionSet } from '../detect/detection.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { runPipeline } from '../run.js'
import { NdjsonStreamSink } from '../sinks/ndjson.js'
import type { Recording } from '../sources/recording.js'
import type { Ledger } from '../streams/ledger.js'
import { terminalLine, terminalStyle } from '../view/terminal.js'
import type { CommonOptions, Context } from './command.js'
import type { Network } from './pipeline.js'
import { summaryLine } from './remarks.js'
import { openView, stayOpen } from './view.js'

/** What is played. */
export interface Play extends Network {
  config: Config
  source: Observable<EventPacket>
  ledger: Ledger
  geometry: Geometry
  /** Stamp that lines show as zero, absolute µs. */
  start: number
  /** Paced: the newest wins. */
  live: boolean
  /** For the page: what is played, and a second reader of it. */
  name: string
  recording?: Recording
  progress?(): number | undefined
  onSet?(set: DetectionSet): void
}

/** A sentence for people: on stderr, and not with --quiet. */
export function remark(options: CommonOptions, sentence: string): void {
  if (!options.quiet) process.stderr.write(`${sentence}\n`)
}

/** Plays to the end, or until the context's signal. */
export async function play(what: Play, options: CommonOptions, context: Context): Promise<void> {
  const { config, model, session, track, source, ledger, geometry, start, live, onSet } = what
  const { name, recording, progress } = what
  const sinks = makeSinks(config, { notice: (sentence) => remark(options, sentence) })
  // -o - is NDJSON on stdout, too.
  const toStdout = () => sinks.some((sink) => sink instanceof NdjsonStreamSink)
  if (options.json && !toStdout()) sinks.push(new NdjsonStreamSink())
  const silent = options.quiet || toStdout()
  const style = terminalStyle(process.stdout, start)
  const overrides = windowOverrides(config)
  const viewed = { model, session, geometry, ledger, sinks, recording, start, progress }
  await using view = await openView({
    ...viewed,
    ...{ config, windows: overrides, source: name, paced: live },
  })
  if (view) remark(options, `look at it: ${view.url}`)
  const began = performance.now()
  const summary = await runPipeline({
    source: view?.look(source) ?? source,
    model,
    session: view?.session ?? session,
    track,
    windows: overrides,
    classes: config.model.classes,
    geometry,
    sinks,
    ledger,
    live,
    wait: false,
    signal: context.signal,
    onSet: (set) => {
      onSet?.(set)
      view?.add(set)
      if (!silent) process.stdout.write(`${terminalLine(set, style)}\n`)
    },
  })
  remark(options, summaryLine(summary, ledger, performance.now() - began))
  if (!view || context.signal.aborted) return
  remark(options, 'the page stays until Ctrl-C')
  await stayOpen(view, context.signal)
}
