// What a recording holds, by one pass over it: counts, times, how the rate goes, triggers, faults.
import { SaccadeError } from '../errors.js'
import { EventPacket, type Geometry } from '../events/packet.js'
import type { Recording } from './recording.js'

/** Cells of the rate: as many are kept, whatever the length. */
const CELLS = 1024
const LEAST_CELL_US = 100
/** Triggers that are listed; more are counted. */
const LISTED_TRIGGERS = 16

/** What `surveyRecording` tells. Without events the times are 0. */
export interface Survey {
  events: number
  onEvents: number
  /** Smallest and largest stamp, absolute µs. */
  tFirst: number
  tLast: number
  /** False when a stamp is lower than the one before it. */
  monotonic: boolean
  /** Smallest sensor that holds all events. */
  extent: Geometry
  /** Events in cells of `cellUs`, the first from tFirst on. */
  rate: { cellUs: number; counts: Float64Array }
  triggers: number
  /** The first few triggers, as [t, id, value]. */
  firstTriggers: [t: number, id: number, value: number][]
  faults: Record<string, number>
  /** Offset of the first fault of each kind. */
  faultOffsets: Record<string, number>
}

/**
 * Reads a recording from its start (a stream: from where it is) to its end.
 * @example
 * const { events, rate } = await surveyRecording(await openRecording('drive_td.dat'))
 */
export async function surveyRecording(
  recording: Recording,
  options: { signal?: AbortSignal; progress?: (recording: Recording) => void } = {},
): Promise<Survey> {
  const survey: Survey = {
    events: 0,
    onEvents: 0,
    tFirst: 0,
    tLast: 0,
    monotonic: true,
    extent: { width: 0, height: 0 },
    rate: { cellUs: LEAST_CELL_US, counts: new Float64Array(CELLS) },
    triggers: 0,
    firstTriggers: [],
    faults: {},
    faultOffsets: {},
  }
  const packet = new EventPacket()
  const cells = new RateCells()
  if (recording.seekable) await recording.seek(0)
  let last = Number.NEGATIVE_INFINITY
  while (!options.signal?.aborted && (await recording.next(packet))) {
    last = count(packet, survey, last)
    cells.add(packet)
    for (const { t, id, value } of packet.triggers ?? []) {
      survey.triggers += 1
      if (survey.triggers <= LISTED_TRIGGERS) survey.firstTriggers.push([t, id, value])
    }
    options.progress?.(recording)
  }
  survey.faults = { ...recording.faults }
  survey.faultOffsets = { ...recording.faultOffsets }
  survey.rate = cells.result()
  return survey
}

function count({ t0, t, x, y, p, length }: EventPacket, survey: Survey, last: number): number {
  if (length === 0) return last
  if (survey.events === 0) survey.tFirst = survey.tLast = t0 + t[0]!
  let { onEvents, tFirst, tLast, monotonic } = survey
  let { width, height } = survey.extent
  let before = last
  for (let i = 0; i < length; i++) {
    const now = t0 + t[i]!
    if (now < before) monotonic = false
    if (now < tFirst) tFirst = now
    if (now > tLast) tLast = now
    before = now
    onEvents += p[i]!
    if (x[i]! >= width) width = x[i]! + 1
    if (y[i]! >= height) height = y[i]! + 1
  }
  Object.assign(survey, { onEvents, tFirst, tLast, monotonic, extent: { width, height } })
  survey.events += length
  return before
}

/** Counts in cells that grow by doubling, so that any length fits. */
class RateCells {
  #counts = new Float64Array(CELLS)
  #cellUs = LEAST_CELL_US
  #first = Number.NaN

  add({ t0, t, length }: EventPacket): void {
    if (length === 0) return
    if (Number.isNaN(this.#first)) this.#first = t0 + t[0]!
    for (let i = 0; i < length; i++) {
      // Stamps before the first count with it.
      const after = Math.max(0, t0 + t[i]! - this.#first)
      while (after >= CELLS * this.#cellUs) this.#double()
      this.#counts[Math.floor(after / this.#cellUs)]! += 1
    }
  }

  result(): Survey['rate'] {
    let used = CELLS
    while (used > 1 && this.#counts[used - 1] === 0) used -= 1
    return { cellUs: this.#cellUs, counts: this.#counts.subarray(0, used) }
  }

  #double(): void {
    const half = CELLS / 2
    for (let i = 0; i < half; i++) this.#counts[i] = this.#counts[2 * i]! + this.#counts[2 * i + 1]!
    this.#counts.fill(0, half)
    this.#cellUs *= 2
  }
}

/** The sensor's size; of a file that does not say it, the smallest that holds its events. Throws ERR_ARGUMENT for a stream. */
export async function sensorSize(
  recording: Recording,
  { geometry, signal }: { geometry?: Geometry; signal?: AbortSignal } = {},
): Promise<Geometry> {
  const known = recording.geometry ?? geometry
  if (known !== undefined) return known
  if (recording.seekable) {
    const { extent, events } = await surveyRecording(recording, { signal })
    if (events > 0) return extent
  }
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `${recording.path} does not say the size of its sensor`,
    '--geometry WIDTHxHEIGHT does',
  )
}
