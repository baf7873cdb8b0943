// The addon's filters, typed; see native/filters/filters.h. `run` and the functions move the events that are kept to the
// packet's front and return their number; the length is the caller's to set.
import type { EventPacket } from '../events/packet.js'
import { native } from '../native.js'

interface NativeFilter {
  run(packet: EventPacket): number
  /** As if new. */
  reset(): void
}

/** Pixels that a filter keeps state for, at most (kMaxPixels). */
export const MOST_PIXELS = 2 ** 22

export const {
  Refractory,
  HotPixels,
  PixelMask,
  BackgroundActivity,
  Trail,
  Contrast,
  RateLimit,
  swapPolarity,
  keepPolarity,
  keepRegion,
  orient,
} = native as {
  Refractory: new (width: number, height: number, us: number) => NativeFilter
  /** More than `limit` events in a period mute a pixel in the next. */
  HotPixels: new (
    width: number,
    height: number,
    periodUs: number,
    limit: number,
  ) => NativeFilter
  /** `pixels`: x0, y0, x1, y1, … Throws ERR_ARGUMENT for one that is not on the sensor. */
  PixelMask: new (
    width: number,
    height: number,
    pixels: Uint16Array,
  ) => NativeFilter
  /** At least `support` of the eight pixels around. */
  BackgroundActivity: new (
    width: number,
    height: number,
    us: number,
    support: number,
  ) => NativeFilter
  Trail: new (width: number, height: number, us: number) => NativeFilter
  Contrast: new (width: number, height: number, us: number, cutTrail: boolean) => NativeFilter
  /** At most `budget` events in a period, 1 to 2^31 - 1. */
  RateLimit: new (
    periodUs: number,
    budget: number,
  ) => NativeFilter
  swapPolarity(packet: EventPacket): number
  keepPolarity(packet: EventPacket, on: boolean): number
  keepRegion(
    packet: EventPacket,
    x: number,
    y: number,
    width: number,
    height: number,
    relative: boolean,
  ): number
  /** x and y exchanged, or not, and then mirrored. */
  orient(
    packet: EventPacket,
    width: number,
    height: number,
    transpose: boolean,
    flipX: boolean,
    flipY: boolean,
  ): number
}
