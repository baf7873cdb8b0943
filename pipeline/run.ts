// The whole pipeline, wired once: source -> (filters) windows -> detect -> sinks. `replay` and `run` and users' programs call this.
import type { Observable, OperatorFunction } from 'rxjs'
import { detect } from './detect/detect.js'
import type { DetectionSet, RunHeader, RunSummary } from './detect/detection.js'
import type { Model } from './detect/model.js'
import type { Session } from './detect/session.js'
import type { EventPacket, Geometry } from './events/packet.js'
import { filteredGeometry, isFilterStage } from './filters/chain.js'
import { filterText, readFilters } from './filters/registry.js'
import { Outlet } from './sinks/outlet.js'
import type { Sink } from './sinks/sink.js'
import { Ledger, totalDropped } from './streams/ledger.js'
import { delay } from './streams/stream.js'
import type { TrackOptions } from './track/options.js'
import { Tracker } from './track/tracker.js'
import type { FrameWindow } from './windows/frame.js'
import { filtersOf, type WindowSpec } from './windows/spec.js'
import { windows } from './windows/windows.js'

/** What a run consists of. */
export interface RunOptions {
  /** Events; pass it the same ledger, so that its losses are told too. */
  source: Observable<EventPacket>
  model: Model
  session: Session
  /** Overrides of the model's window (hop, fit, roi, corrections; filters: [] runs without those that the model asks for). */
  windows?: Partial<WindowSpec>
  /** Sensor size: for the header, and for sources that do not say it. */
  geometry?: Geometry
  sinks?: readonly Sink[]
  /** Newest first at every hand-over. Cameras and paced replays. */
  live?: boolean
  /** Sinks that are not there yet: connect for ever (`run`) instead of giving up after 10 s (`replay`). */
  wait?: boolean
  classes?: readonly string[]
  /** Follows objects; open the session with its `low` as the score. */
  track?: TrackOptions
  ledger?: Ledger
  /** Ends the run well: the open window is finished, sinks are flushed. */
  signal?: AbortSignal
  /** Called with every set before the sinks get it. */
  onSet?(set: DetectionSet): void
}

/**
 * Runs until the source ends. Every set reaches every sink in order; live, newer sets replace those that wait.
 * @throws ERR_CONNECT when a sink is not there, ERR_LEDGER when a hand-over lost something without counting it
 */
export async function runPipeline(options: RunOptions): Promise<RunSummary> {
  const { model } = options
  const ledger = options.ledger ?? new Ledger()
  const live = options.live ?? false
  const spec: WindowSpec = { ...model.window, ...options.windows }
  const outlets = (options.sinks ?? []).map((sink) => new Outlet(sink, ledger, { live }))
  const tracker = options.track && new Tracker(options.track)
  const header = { ...runHeader(model, spec, options.geometry), track: tracker?.options }
  const summary: RunSummary = {
    windows: 0,
    events: 0,
    detections: 0,
    dropped: { events: 0, windows: 0, sets: 0 },
  }
  // A reader that has gone (`| head -1`) ends the run like a request does.
  const stop = AbortSignal.any([
    ...outlets.map((outlet) => outlet.ended),
    ...(options.signal ? [options.signal] : []),
  ])
  let whole = false
  try {
    // Made first: a wrong window or class is told before a sink is opened.
    const stages = [
      windows(spec, { geometry: options.geometry, ledger, signal: stop }),
      detect(options.session, { classes: options.classes, ledger }),
    ] as const
    const wait = options.wait ?? false
    const opened = Promise.all(outlets.map((outlet) => outlet.open(header, { wait })))
    await Promise.race([opened, whenAborted(stop)])
    if (!stop.aborted) await flow(options, stages, { tracker, outlets, stop, summary })
    whole = true
  } finally {
    addLosses(summary, ledger)
    if (tracker) summary.tracks = { started: tracker.started, open: tracker.open }
    await Promise.all(outlets.map((outlet) => outlet.close(whole ? summary : undefined)))
    addLosses(summary, ledger)
  }
  ledger.check()
  return summary
}

/** What sets go through after the network. */
interface Ends {
  tracker: Tracker | undefined
  outlets: readonly Outlet[]
  stop: AbortSignal
  summary: RunSummary
}

function flow(
  options: RunOptions,
  stages: readonly [
    OperatorFunction<EventPacket, FrameWindow>,
    OperatorFunction<FrameWindow, DetectionSet>,
  ],
  { tracker, outlets, stop, summary }: Ends,
): Promise<void> {
  const patience = new Patience(stop)
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      subscription.unsubscribe()
      reject(error)
    }
    const sets = options.source.pipe(...stages)
    const subscription = sets.subscribe({
      next: (detected) => {
        const set = tracker?.update(detected) ?? detected
        summary.windows += 1
        summary.detections += set.detections.length
        // An error in a subscriber would otherwise be thrown where nobody can catch it.
        try {
          options.onSet?.(set)
        } catch (error) {
          return fail(error)
        }
        const written = Promise.all(outlets.map((outlet) => outlet.push(set)))
        written.catch(fail)
        if (!options.live && !stop.aborted) delay(patience.until(written))
      },
      error: reject,
      complete: resolve,
    })
  })
}

/** Waits for one thing at a time, until a stop: a sink that is stuck then gets what is left of the time to close. */
class Patience {
  #goOn = () => {}

  constructor(stop: AbortSignal) {
    stop.addEventListener('abort', () => this.#goOn(), { once: true })
  }

  until(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve
      work.then(() => resolve(), resolve)
    })
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The header that sinks announce; its geometry is that of the boxes, behind the filters. */
export function runHeader(model: Model, spec: WindowSpec, geometry?: Geometry): RunHeader {
  const filters = filtersOf(spec)
  const { width, height } = geometry ?? spec
  return {
    schema: 'saccade/1',
    model: { name: model.name, sha256: model.sha256 },
    classes: [...model.labels],
    geometry: filteredGeometry(filters, { width, height }),
    window: {
      kind: spec.kind,
      durationUs: spec.durationUs,
      hopUs: spec.hopUs ?? spec.durationUs,
      steps: spec.steps,
      bins: spec.bins,
    },
    ...(filters.length > 0 && { filters: readFilters(filters).map(filterText) }),
  }
}

function addLosses(summary: RunSummary, ledger: Ledger): void {
  const dropped = { events: 0, windows: 0, sets: 0 }
  const filters = ledger.stages.filter(isFilterStage)
  if (filters.length > 0)
    summary.filtered = filters.reduce((sum, stage) => sum + totalDropped(stage), 0)
  for (const stage of ledger.stages) {
    if (stage.name === 'windows') summary.events = stage.out
    // Triggers, and copies for a file or a client, are no loss of the detector's.
    if (stage.unit === 'triggers' || stage.unit === 'copies' || isFilterStage(stage)) continue
    dropped[stage.unit] += totalDropped(stage)
  }
  summary.dropped = dropped
}
