// What a sink promises. The hand-over (lossless or newest-first, counting, closing in time) is done by `Outlet`
// (outlet.ts); a sink only writes one set at a time.
import type { DetectionSet, RunHeader, RunSummary } from '../detect/detection.js'

/** State for health and the terminal. */
export type SinkState = 'connecting' | 'up' | 'lost' | 'closed'

/** How a run hands over. `wait`: the `run` command, which waits for a broker or port for ever. `live`: newest wins. */
export interface SinkOpenOptions {
  wait: boolean
  live: boolean
}

/** A place where detections go. */
export interface Sink {
  /** Shown in health and the ledger, e.g. "mqtt", "serial:/dev/ttyUSB0". */
  readonly name: string
  readonly state: SinkState
  /** Sets that the sink itself lost, by cause (a lost link, a stalled broker): one for each `write` that resolved false. */
  readonly dropped: Readonly<Record<string, number>>
  /** Aborted when the reader has gone (EPIPE on stdout): the run ends, and ends well. */
  readonly ended?: AbortSignal
  /** Opens and announces. Rejects with ERR_CONNECT when `wait` is false and nothing answers within 10 s; with `wait` (the `run` command) it resolves at once and connects for ever with back-off. */
  open(header: RunHeader, options: SinkOpenOptions): Promise<void>
  /** Writes one set; resolves when the next one may come, with false when the set was lost (then counted in `dropped`). */
  write(set: DetectionSet): Promise<boolean>
  /** Flushes within 2 s and closes; a write that still waits resolves false. A summary is there unless the run failed. */
  close(summary: RunSummary | undefined): Promise<void>
}
