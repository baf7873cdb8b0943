// The addon's filters, typed; see native/filters/filters.h. `run` moves the events that are kept to the packet's front and
// returns their number; the length is the caller's to set.
import type { EventPacket } from '../events/packet.js'
import { native } from '../native.js'

interface NativeFilter {
  run(packet: EventPacket): number
}

interface StatefulFilter extends NativeFilter {
  /** As if new. */
  reset(): void
}

/** Pixels that a filter keeps state for, at most (kMaxPixels). */
export const MOST_PIXELS = 2 ** 22

export const { Refractory, HotPixels, PixelMask, swapPolarity } = native as {
  Refractory: new (width: number, height: number, us: number) => StatefulFilter
  /** More than `limit` events in a period mute a pixel in the next. */
  HotPixels: new (
    width: number,
    height: number,
    periodUs: number,
    limit: number,
  ) => StatefulFilter
  /** `pixels`: x0, y0, x1, y1, … Throws ERR_ARGUMENT for one that is not on the sensor. */
  PixelMask: new (
    width: number,
    height: number,
    pixels: Uint16Array,
  ) => NativeFilter
  swapPolarity(packet: EventPacket): number
}
