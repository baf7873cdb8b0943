// A finished window: one u8 frame [T, C, H, W] in a pooled buffer.
import { Leased } from '../streams/pool.js'
import type { FitMap } from './spec.js'

/** Events of one window as the network wants them. `data` is valid until release(). */
export class FrameWindow extends Leased {
  /** u8 [T, C, H, W] in the spec's time order. */
  readonly data: Uint8Array
  /** Start (inclusive) and end (exclusive), absolute µs. */
  tStart = 0
  tEnd = 0
  /** Events that were put into the frame. */
  events = 0
  /** Number of the window, from 0, gaps included. */
  index = 0
  live = false
  /** Losses since the last window that was handed on. */
  droppedEvents = 0
  droppedWindows = 0
  /** Host clock (performance.now) when the last event of the window came in; live only. */
  lastEventAt = 0
  fit: FitMap = { offsetX: 0, offsetY: 0, factorX: 1, factorY: 1, width: 0, height: 0 }

  constructor(readonly bytes: number) {
    super()
    this.data = new Uint8Array(bytes)
  }

  protected override poison(): void {
    this.data.fill(0xa5)
  }
}
