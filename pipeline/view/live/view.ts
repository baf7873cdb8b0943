// The live page of a run: stands beside the pipeline, looks at what passes and never holds it up.
import { randomUUID } from 'node:crypto'
import { type Observable, tap } from 'rxjs'
import type { DetectionSet } from '../../detect/detection.js'
import type { Model } from '../../detect/model.js'
import type { Session } from '../../detect/session.js'
import type { EventPacket, Geometry } from '../../events/packet.js'
import { FilterChain, movingFilters } from '../../filters/chain.js'
import type { FilterInput } from '../../filters/registry.js'
import { Health } from '../../operate/health.js'
import type { Sink } from '../../sinks/sink.js'
import type { Recording } from '../../sources/recording.js'
import type { Ledger } from '../../streams/ledger.js'
import { parseViewAddress, tokenFor } from './address.js'
import { History } from './history.js'
import { WatchedSession } from './network-watch.js'
import { encodeFrame, Pages, type Shown } from './pages.js'
import type { FrameHeader, Hello, Row, SourceState, Status } from './protocol.js'
import { RecordedSlices } from './recorded-slices.js'
import { ViewServer } from './server.js'
import { LiveSlices, type SlicePicture } from './slices.js'

/** Windows of a camera that are kept, for the plots of a page that comes later: ten minutes of 50 ms. */
const LIVE_WINDOWS = 12_000
/** Windows that are sent to fill a trail. */
const MOST_BEFORE = 40

/** What a page shows. */
export interface ViewOptions {
  /** Port or HOST:PORT. */
  listen: string
  /** Asked of every page; without it a page that others can reach gets a new one at each start. */
  token?: string
  /** For people: what is looked at. */
  source: string
  /** Stamp that is shown as zero; a camera's is that of its first window. */
  start?: number
  /** Of the sensor. */
  geometry: Geometry
  /** What the events go through; the page is turned like the boxes. */
  filters?: readonly FilterInput[]
  window: { durationUs: number; hopUs: number }
  model: Model
  session: Session
  threads: number
  ledger: Ledger
  sinks: readonly Sink[]
  /** A second reader of the recording: with it any window may be asked for. The view closes it. */
  recording?: Recording
  /** True where the run goes by the clock. */
  paced: boolean
  /** Part of the recording that was read, 0..1, where that is known. */
  progress?(): number | undefined
}

/** An encoded frame. */
interface Newest {
  index: number
  message: Uint8Array
}

/**
 * Serves the page while a run lasts, and until it is closed. The run goes through `source`, `session` and `onSet`.
 * @example
 * await using view = await LiveView.open({ source: 'drive_td.dat', … })
 * await runPipeline({ source: view.look(events), session: view.session, onSet: (set) => view.add(set), … })
 */
export class LiveView implements AsyncDisposable, Shown {
  /** To be run instead of the session that it was opened with; results are the same. */
  readonly session: WatchedSession
  /** The state of the source, kept by whoever knows it. */
  source: SourceState
  readonly #run = randomUUID()
  readonly #history: History
  readonly #health: Health
  readonly #geometry: Geometry
  readonly #slices: LiveSlices
  readonly #recorded: RecordedSlices | undefined
  readonly #pages: Pages
  #server: ViewServer | undefined
  #newest: Newest | undefined
  #failure: string | undefined
  #snapshot: { at: number; status: ReturnType<LiveView['status']> } | undefined

  private constructor(readonly options: ViewOptions) {
    const { recording, window, ledger, sinks } = options
    const moving = movingFilters(options.filters ?? [])
    const turned = moving.length > 0 ? new FilterChain(moving, options.geometry) : undefined
    this.#geometry = turned?.geometry ?? options.geometry
    this.session = new WatchedSession(options.session)
    // A recording may be walked through later, so its windows are counted from the first on.
    this.session.counting = recording !== undefined
    this.source = recording === undefined ? 'opening' : 'running'
    this.#history = new History(recording === undefined ? LIVE_WINDOWS : undefined)
    this.#health = new Health(ledger, sinks)
    this.#slices = new LiveSlices(this.#geometry, window, turned)
    this.#recorded =
      recording && new RecordedSlices(recording, this.#geometry, window.hopUs, turned)
    this.#pages = new Pages(this, (isLookedAt) => this.#turn(isLookedAt))
  }

  /** Listens. Throws ERR_ARGUMENT, ERR_CONNECT (docs of ViewServer) or ERR_NOT_FOUND where the page was not built. */
  static async open(options: ViewOptions): Promise<LiveView> {
    const address = parseViewAddress(options.listen)
    const view = new LiveView(options)
    try {
      const token = tokenFor(address.host, options.token)
      view.#server = await ViewServer.listen(address, token, view.#pages)
    } catch (error) {
      await view.close()
      throw error
    }
    return view
  }

  /** What to open in a browser. A token of one's own is not shown: this line ends up in logs. */
  get url(): string {
    const { url } = this.#server!
    return this.options.token === undefined ? url : url.replace(/#.*/, '')
  }

  /** Passes events on and looks at them. */
  look(events: Observable<EventPacket>): Observable<EventPacket> {
    if (this.#recorded !== undefined) return events
    return events.pipe(tap((packet) => this.#slices.add(packet)))
  }

  /** Takes a set, before or after the sinks got it. */
  add(set: DetectionSet): void {
    this.#health.observe(set)
    // Of a source that tells no states, this much is known.
    if (this.source === 'opening') this.source = 'up'
    const network = this.session.takeNetwork()
    this.#history.add({ set, network })
    const slice = this.#slices.take(set.tEnd)
    if (slice !== undefined && this.#recorded === undefined)
      this.#newest = { index: this.count - 1, message: encode(slice, { set, network }) }
    this.#pages.update()
  }

  /** The run is over: the page stays, and says so. */
  end(failure?: Error): void {
    this.source = this.#recorded === undefined ? 'closed' : 'done'
    this.#failure = failure?.message
    this.#snapshot = undefined
    this.#pages.tell()
  }

  async close(): Promise<void> {
    this.#pages.close()
    await this.#server?.close()
    await this.#recorded?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get count(): number {
    return this.#history.count
  }

  get forgotten(): number {
    return this.#history.forgotten
  }

  hello(): Hello {
    const { source, start, window, model, session, threads, paced } = this.options
    const { name, sha256, labels } = model
    const { width, height } = this.#geometry
    return {
      type: 'hello',
      run: this.#run,
      kind: this.#recorded === undefined ? 'camera' : 'recording',
      paced,
      source,
      start: start ?? this.#history.at(this.forgotten)?.set.tStart,
      geometry: { width, height },
      window: { durationUs: window.durationUs, hopUs: window.hopUs },
      model: { name, sha256, classes: labels, isa: session.isa, threads },
      layers: this.session.layers,
    }
  }

  status(): Omit<Status, 'type' | 'pages' | 'skipped' | 'forgotten'> {
    const now = performance.now()
    // One snapshot serves all pages: taking one begins a new interval.
    if (this.#snapshot !== undefined && now - this.#snapshot.at < 900) return this.#snapshot.status
    const { uptimeS, rssBytes, windows, detections, rate, idleMs, stages, sinks } =
      this.#health.snapshot()
    const drops = stages.flatMap(({ name, unit, dropped }) =>
      Object.entries(dropped).map(([cause, count]) => ({ stage: name, unit, cause, count })),
    )
    const { source } = this
    const failure = this.#failure
    const progress = source === 'done' ? 1 : this.options.progress?.()
    const status = {
      ...{ source, failure, uptimeS, rssBytes, windows, detections, rate, idleMs },
      ...{ drops, sinks, progress },
    }
    this.#snapshot = { at: now, status }
    return status
  }

  rows(from: number, most: number): Row[] {
    return this.#history.rows(from, most)
  }

  async newest(): Promise<Newest | undefined> {
    if (this.#recorded === undefined) return this.#newest
    const index = this.count - 1
    const seen = this.#history.at(index)
    if (seen === undefined || this.#newest?.index === index) return this.#newest
    const [slice] = await this.#recorded.read([seen.set.tEnd])
    const newest = { index, message: encode(slice!, seen) }
    if (index > (this.#newest?.index ?? -1)) this.#newest = newest
    return this.#newest
  }

  async windowAt(t: number, trailUs: number, id: number): Promise<Uint8Array[]> {
    const index = this.#history.indexAt(t)
    if (this.#recorded === undefined || index === undefined) return []
    const { tEnd } = this.#history.at(index)!.set
    let first = index
    while (index - first < MOST_BEFORE) {
      const earlier = this.#history.at(first - 1)
      if (earlier === undefined || earlier.set.tEnd <= tEnd - trailUs) break
      first -= 1
    }
    const asked = Array.from({ length: index - first + 1 }, (_, i) => this.#history.at(first + i)!)
    const slices = await this.#recorded.read(asked.map(({ set }) => set.tEnd))
    return slices.map((slice, i) =>
      encode(slice, asked[i]!, i + first === index ? { id } : { id, before: true }),
    )
  }

  #turn(isLookedAt: boolean): void {
    if (this.#recorded !== undefined) return
    this.session.counting = isLookedAt
    this.#slices.on = isLookedAt
    if (!isLookedAt) this.#newest = undefined
  }
}

function encode(
  { picture, undrawn }: SlicePicture,
  { set, network }: { set: DetectionSet; network: FrameHeader['network'] },
  request: Pick<FrameHeader, 'id' | 'before'> = {},
): Uint8Array {
  const { seq, tStart, tEnd, events, detections, dropped, ageMs } = set
  const header = { seq, tStart, tEnd, events, undrawn, detections, dropped, ageMs, network }
  return encodeFrame({ ...request, ...header }, picture)
}
