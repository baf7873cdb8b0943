// How often each pixel fired within a window, per polarity, in sensor pixels: what a picture of events is made from.
import { SaccadeError } from '../errors.js'
import type { Geometry } from '../events/packet.js'
import type { FrameWindow } from '../windows/frame.js'
import type { WindowSpec } from '../windows/spec.js'
import { MAX_SIDE } from './picture.js'

/** Events as columns; a packet, a chunk of a simulation and a window of a recording all fit. */
export interface EventColumns {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly p: ArrayLike<number>
  readonly length: number
}

/**
 * Counts per pixel and polarity, saturating at 255.
 * @example
 * const counts = new PolarityCounts({ width: 304, height: 240 })
 * counts.add(packet)
 * writeFile('window.png', encodePng(renderWindow(counts, set.detections)))
 */
export class PolarityCounts {
  readonly on: Uint8Array
  readonly off: Uint8Array
  /** Events added, those that saturated included. */
  events = 0
  /** Events outside the geometry; they are not drawn. */
  outside = 0

  constructor(readonly geometry: Geometry) {
    const { width, height } = geometry
    if (!(width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE)) {
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `no picture can be made of ${width} x ${height} pixels`,
      )
    }
    this.on = new Uint8Array(width * height)
    this.off = new Uint8Array(width * height)
  }

  /** Adds events [from, to). */
  add(events: EventColumns, from = 0, to = events.length): void {
    const { width, height } = this.geometry
    for (let i = from; i < to; i++) {
      const x = events.x[i]!
      const y = events.y[i]!
      if (x >= width || y >= height) {
        this.outside += 1
        continue
      }
      const plane = events.p[i] === 1 ? this.on : this.off
      const at = y * width + x
      if (plane[at]! < 255) plane[at]! += 1
    }
    this.events += to - from
  }

  /**
   * The counts of a finished window, mapped back to the sensor where the model is smaller or larger than it. Frames of
   * kind `count` and `binary` only: `polarity-last` has forgotten how often a pixel fired.
   * @param frame valid until it is released; the counts outlive it
   */
  static fromFrame(frame: FrameWindow, spec: WindowSpec, geometry: Geometry): PolarityCounts {
    if (spec.kind === 'polarity-last') {
      throw new SaccadeError('ERR_ARGUMENT', 'a polarity-last window holds no counts to draw')
    }
    const counts = new PolarityCounts(geometry)
    const plane = spec.width * spec.height
    const columns = mapAxis(geometry.width, spec.width, frame.fit.factorX, frame.fit.offsetX)
    const rows = mapAxis(geometry.height, spec.height, frame.fit.factorY, frame.fit.offsetY)
    for (let y = 0; y < geometry.height; y++) {
      if (rows[y]! < 0) continue
      for (let x = 0; x < geometry.width; x++) {
        if (columns[x]! < 0) continue
        const from = rows[y]! * spec.width + columns[x]!
        let on = 0
        let off = 0
        for (let bin = 0; bin < spec.bins; bin++) {
          off += frame.data[2 * bin * plane + from]!
          on += frame.data[(2 * bin + 1) * plane + from]!
        }
        counts.off[y * geometry.width + x] = Math.min(255, off)
        counts.on[y * geometry.width + x] = Math.min(255, on)
      }
    }
    counts.events = frame.events
    return counts
  }
}

/** For each sensor coordinate the model coordinate that it went to, -1 where none. */
function mapAxis(sensor: number, model: number, factor: number, offset: number): Int32Array {
  return Int32Array.from({ length: sensor }, (_, i) => {
    const at = Math.floor((i + 0.5) / factor + offset)
    return at >= 0 && at < model ? at : -1
  })
}
