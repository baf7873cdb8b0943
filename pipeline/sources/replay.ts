// Replays a recording: lossless at full speed, newest-first when paced (then it behaves like a camera).
import type { Subscriber } from 'rxjs'
import { SaccadeError } from '../errors.js'
import { type EventPacket, keepFrom } from '../events/packet.js'
import { resolveTime, type TimeSpec } from '../events/time.js'
import { Ledger } from '../streams/ledger.js'
import { Stream } from '../streams/stream.js'
import { openRecording } from './open.js'
import type { OpenOptions, Recording } from './recording.js'
import { LosslessReplay, PacedReplay } from './replay-pace.js'

/** How a recording is replayed. Times: see TimeSpec. */
export interface ReplayOptions extends OpenOptions {
  /** First and one past the last time that is replayed. */
  from?: TimeSpec
  to?: TimeSpec
  /** 0 (default) as fast as the pipeline goes, nothing lost; 1 real time, 2 twice that, newest first. */
  speed?: number
  /** Starts again at the end, for ever; stamps go on rising. */
  loop?: boolean
  /** Ends the stream early, as if the file ended there. */
  signal?: AbortSignal
  ledger?: Ledger
}

/**
 * The events of a recording, as pooled packets that must be released.
 * @param file a path, or a recording that is open already (it is closed at the end)
 * @example
 * for await (const packet of replay('drive_td.dat', { to: '1s' })) console.log(packet.length)
 */
export function replay(file: string | Recording, options: ReplayOptions = {}): Stream<EventPacket> {
  return new Stream((subscriber) => {
    const abort = new AbortController()
    const stop = () => abort.abort()
    options.signal?.addEventListener('abort', stop, { once: true })
    if (options.signal?.aborted) stop()
    play(file, options, abort.signal, subscriber)
      .then(
        () => subscriber.complete(),
        (error) => (abort.signal.aborted ? subscriber.complete() : subscriber.error(error)),
      )
      .finally(() => options.signal?.removeEventListener('abort', stop))
    return stop
  })
}

async function play(
  file: string | Recording,
  options: ReplayOptions,
  signal: AbortSignal,
  subscriber: Subscriber<EventPacket>,
): Promise<void> {
  await using recording = typeof file === 'string' ? await openRecording(file, options) : file
  // A pipe or socket may keep silent for ever; closed, it ends.
  if (!recording.seekable)
    signal.addEventListener('abort', () => void recording[Symbol.asyncDispose](), { once: true })
  const geometry = recording.geometry ?? options.geometry
  const stage = (options.ledger ?? new Ledger()).stage('source', 'events')
  const speed = options.speed ?? 0
  const out =
    speed > 0
      ? new PacedReplay(speed, geometry, stage, subscriber)
      : new LosslessReplay(geometry, stage, subscriber)
  let shift = 0
  do {
    const span = await playOnce(recording, options, signal, out, shift)
    if (span === 0) break
    shift += span
  } while (options.loop && !signal.aborted)
  await out.end(signal)
}

/** One pass; returns the µs that it covered, 0 when nothing was in range. */
async function playOnce(
  recording: Recording,
  options: ReplayOptions,
  signal: AbortSignal,
  out: LosslessReplay | PacedReplay,
  shift: number,
): Promise<number> {
  const span = new Span()
  if (recording.seekable) await recording.seek(0)
  let packet = await fill(recording, out, signal)
  if (packet === undefined) return 0
  const range = rangeOf(recording, options, packet)
  // A stream only goes on: what lies before the range is passed over.
  if (range.from > 0 && recording.seekable) {
    packet.release()
    await recording.seek(range.from)
    packet = await fill(recording, out, signal)
  }
  while (packet !== undefined) {
    if (!recording.seekable) span.passOver(packet, range.from)
    const more = keepBefore(packet, range.to)
    span.add(packet)
    packet.t0 += shift
    for (const trigger of packet.triggers ?? []) trigger.t += shift
    await out.send(packet, signal)
    packet = more && !signal.aborted ? await fill(recording, out, signal) : undefined
  }
  return span.length
}

/** The next packet, or undefined at the end. */
async function fill(
  recording: Recording,
  out: LosslessReplay | PacedReplay,
  signal: AbortSignal,
): Promise<EventPacket | undefined> {
  const packet = await out.take(signal)
  packet.hold('source')
  let filled = false
  try {
    filled = await recording.next(packet)
  } finally {
    if (!filled) packet.release()
  }
  return filled ? packet : undefined
}

function rangeOf(
  recording: Recording,
  options: ReplayOptions,
  packet: EventPacket,
): { from: number; to: number } {
  const first = packet.length > 0 ? packet.first : packet.triggers![0]!.t
  const from = options.from === undefined ? 0 : resolveTime(options.from, first)
  const to = options.to === undefined ? Number.POSITIVE_INFINITY : resolveTime(options.to, first)
  if (from < to) return { from, to }
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `nothing of ${recording.path} lies between ${options.from} and ${options.to}`,
    `it begins at ${first} µs; the end must lie behind the start`,
  )
}

/** The time that a pass covers. */
class Span {
  #first = Number.NaN
  #last = Number.NaN

  /** µs from the first event to the one behind the last. */
  get length(): number {
    return Number.isNaN(this.#first) ? 0 : Math.max(1, this.#last + 1 - this.#first)
  }

  /** Takes out events before `from`, as long as none at or after it was seen: where a seek would have begun. */
  passOver(packet: EventPacket, from: number): void {
    if (Number.isNaN(this.#first)) keepFrom(packet, from)
  }

  add({ t0, t, length }: EventPacket): void {
    if (length === 0) return
    if (Number.isNaN(this.#first)) this.#first = t0 + t[0]!
    const last = t0 + t[length - 1]!
    this.#last = Number.isNaN(this.#last) ? last : Math.max(this.#last, last)
  }
}

/** Removes what lies at or after `to`, in place; false when no event is left. Stamps may run backwards, so each is looked at. */
function keepBefore(packet: EventPacket, to: number): boolean {
  const { t, x, y, p, length } = packet
  const triggers = packet.triggers?.filter((trigger) => trigger.t < to)
  packet.triggers = triggers?.length ? triggers : undefined
  const limit = to - packet.t0
  if (limit > 0xffff_ffff) return true
  let kept = 0
  for (let i = 0; i < length; i++) {
    if (t[i]! >= limit) continue
    t[kept] = t[i]!
    x[kept] = x[i]!
    y[kept] = y[i]!
    p[kept] = p[i]!
    kept += 1
  }
  packet.length = kept
  return kept > 0 || length === 0
}
