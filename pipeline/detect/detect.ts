// Frames -> detections. One frame is in the network at a time; what waits depends on the policy.
import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import { SaccadeError } from '../errors.js'
import { drop, Ledger, type StageCounts } from '../streams/ledger.js'
import { emit, Stream } from '../streams/stream.js'
import type { FrameWindow } from '../windows/frame.js'
import type { FitMap } from '../windows/spec.js'
import type { Detection, DetectionSet } from './detection.js'
import type { RawDetections, Session } from './session.js'

/** Options of the detect operator. */
export interface DetectOptions {
  /** `all`: every frame, the source waits. `newest`: at most one waits, a newer one replaces it. Default: by the frame's source. */
  policy?: 'all' | 'newest'
  /** Only these classes, by label; ERR_ARGUMENT for one that the network does not know. */
  classes?: readonly string[]
  ledger?: Ledger
}

/**
 * Runs the network on every frame. Owns the frames that it takes and releases them.
 * @example
 * replay('drive_td.dat').pipe(windows(model.window), detect(session)).subscribe((set) => console.log(set.detections))
 */
export function detect(
  session: Session,
  options: DetectOptions = {},
): OperatorFunction<FrameWindow, DetectionSet> {
  checkClasses(options.classes ?? [], session.labels)
  return (source: Observable<FrameWindow>) =>
    new Stream<DetectionSet>((subscriber) => {
      const stage = new DetectStage(session, options, subscriber)
      const upstream = source.subscribe({
        next: (frame) => stage.take(frame),
        error: (error) => stage.end(error),
        complete: () => stage.end(undefined),
      })
      return () => {
        upstream.unsubscribe()
        stage.stop()
      }
    })
}

function checkClasses(wanted: readonly string[], labels: readonly string[]): void {
  const unknown = wanted.find((label) => !labels.includes(label))
  if (unknown === undefined) return
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `the model has no class "${unknown}"`,
    `it finds ${labels.join(', ')}`,
  )
}

class DetectStage {
  readonly #counts: StageCounts
  readonly #waiting: FrameWindow[] = []
  readonly #abort = new AbortController()
  readonly #wanted: ReadonlySet<string> | undefined
  #busy = false
  #ended: { error: unknown } | undefined

  constructor(
    readonly session: Session,
    readonly options: DetectOptions,
    readonly subscriber: Subscriber<DetectionSet>,
  ) {
    this.#counts = (options.ledger ?? new Ledger()).stage('detect', 'windows')
    this.#wanted = options.classes && new Set(options.classes)
  }

  take(frame: FrameWindow): void {
    frame.hold('detect')
    this.#counts.in += 1
    this.#counts.held += 1
    const policy = this.options.policy ?? (frame.live ? 'newest' : 'all')
    if (policy === 'newest') for (const old of this.#waiting.splice(0)) this.#replace(old, frame)
    this.#waiting.push(frame)
    void this.#drain()
  }

  end(error: unknown): void {
    this.#ended = { error }
    void this.#drain()
  }

  stop(): void {
    this.#abort.abort()
    for (const frame of this.#waiting.splice(0)) this.#discard(frame, 'stopped')
  }

  async #drain(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (let frame = this.#waiting.shift(); frame; frame = this.#waiting.shift()) {
        await this.#run(frame)
      }
    } catch (error) {
      for (const frame of this.#waiting.splice(0)) this.#discard(frame, 'failed')
      if (!this.#abort.signal.aborted) this.subscriber.error(error)
      return
    } finally {
      this.#busy = false
    }
    if (!this.#ended || this.#abort.signal.aborted) return
    if (this.#ended.error === undefined) this.subscriber.complete()
    else this.subscriber.error(this.#ended.error)
  }

  async #run(frame: FrameWindow): Promise<void> {
    let set: DetectionSet
    try {
      const raw = await this.session.run(frame.data, { signal: this.#abort.signal })
      set = this.#toSet(frame, raw)
    } catch (error) {
      this.#discard(frame, this.#abort.signal.aborted ? 'stopped' : 'failed')
      throw error
    }
    this.#counts.held -= 1
    this.#counts.out += 1
    frame.release()
    await emit(this.subscriber, set)
  }

  /** The newer frame tells of the gap that it closes. */
  #replace(old: FrameWindow, by: FrameWindow): void {
    by.droppedWindows += 1 + old.droppedWindows
    by.droppedEvents += old.droppedEvents
    this.#discard(old, 'replaced')
  }

  #discard(frame: FrameWindow, cause: string): void {
    this.#counts.held -= 1
    drop(this.#counts, cause)
    frame.release()
  }

  #toSet(frame: FrameWindow, raw: RawDetections): DetectionSet {
    const set: DetectionSet = {
      seq: frame.index,
      tStart: frame.tStart,
      tEnd: frame.tEnd,
      events: frame.events,
      detections: toDetections(raw, frame.fit, this.session.labels, this.#wanted),
      dropped: { events: frame.droppedEvents, windows: frame.droppedWindows },
    }
    if (frame.live) {
      set.hostTime = Math.round((performance.timeOrigin + performance.now()) * 1000)
      set.ageMs = performance.now() - frame.lastEventAt
    }
    return set
  }
}

/** Rows in model pixels -> boxes on the sensor, sorted by score, then y, then x. A box beside the sensor (letterbox) is none. */
export function toDetections(
  raw: RawDetections,
  fit: FitMap,
  labels: readonly string[],
  wanted?: ReadonlySet<string>,
): Detection[] {
  const found: Detection[] = []
  for (let i = 0; i < raw.count; i++) {
    const [x1, y1, x2, y2, score, cls] = raw.rows.subarray(i * 6, i * 6 + 6)
    const label = labels[cls!] ?? String(cls)
    if (wanted && !wanted.has(label)) continue
    const left = clamp((x1! - fit.offsetX) * fit.factorX, fit.width)
    const top = clamp((y1! - fit.offsetY) * fit.factorY, fit.height)
    const right = clamp((x2! - fit.offsetX) * fit.factorX, fit.width)
    const bottom = clamp((y2! - fit.offsetY) * fit.factorY, fit.height)
    if (right <= left || bottom <= top) continue
    const box = { x: left, y: top, w: right - left, h: bottom - top }
    found.push({ class: cls!, label, score: score!, box })
  }
  return found.sort((a, b) => b.score - a.score || a.box.y - b.box.y || a.box.x - b.box.x)
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most)
}
