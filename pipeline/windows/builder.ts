// The native window builder, typed and checked. Events in, u8 frames [T, C, H, W] out, into memory that the caller owns;
// native/windows/builder.h says what the kinds of frames hold.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import { native } from '../native.js'
import { checkFit, checkWindowSpec } from './check.js'
import { letterbox, pixelMaps } from './fit.js'
import type { WindowSpec } from './spec.js'

interface NativeBuilder {
  attach(slot: number, data: Uint8Array, tStart: number): void
  push(packet: EventPacket, from: number): number
  finish(slot: number): void
  eventsIn(slot: number): number
  readonly slots: number
  readonly frameBytes: number
  readonly accepted: number
  readonly late: number
  readonly outside: number
  readonly between: number
}

const { WindowBuilder: NativeWindowBuilder } = native as {
  WindowBuilder: new (options: Record<string, unknown>) => NativeBuilder
}

/**
 * Fills the windows that are open at the same time: ceil(duration / hop) of them, each in a slot with a frame that the
 * caller attaches and gets back finished.
 * @example
 * const builder = new WindowBuilder(spec, { width: 304, height: 240 })
 * const frame = new Uint8Array(builder.frameBytes)
 * builder.attach(0, frame, 0)
 * const next = builder.push(packet, 0)
 * if (next < packet.length) builder.finish(0) // packet[next] lies at or after the window's end
 */
export class WindowBuilder {
  readonly #native: NativeBuilder

  /** Throws ERR_ARGUMENT, before memory is taken, when spec and sensor do not go together. */
  constructor(spec: WindowSpec, geometry: Geometry) {
    checkWindowSpec(spec)
    checkFit(spec, geometry)
    const { kind, durationUs, hopUs = durationUs, steps, bins, clip, width, height } = spec
    this.#native = new NativeWindowBuilder({
      kind,
      durationUs,
      hopUs,
      steps,
      bins,
      clip: kind === 'count' ? clip : 1,
      width,
      height,
      newestFirst: spec.timeOrder === 'newest-first',
      ...pixelMaps(spec, geometry),
      ...(kind === 'polarity-last' ? letterbox(spec, geometry) : undefined),
    })
  }

  /** Windows that are open at the same time. */
  get slots(): number {
    return this.#native.slots
  }

  /** Bytes that a frame must have. */
  get frameBytes(): number {
    return this.#native.frameBytes
  }

  /** Events put into at least one window. With the three counts below: every event that was consumed, once. */
  get accepted(): number {
    return this.#native.accepted
  }

  /** Events before the start of the oldest open window: no window takes them any more. */
  get late(): number {
    return this.#native.late
  }

  /** Events outside the sensor, the region looked at, or the model's frame. */
  get outside(): number {
    return this.#native.outside
  }

  /** Events in the pause between windows, when the hop is longer than the duration. */
  get between(): number {
    return this.#native.between
  }

  /** Clears the frame and opens the slot for [tStart, tStart + duration), absolute µs. */
  attach(slot: number, data: Uint8Array, tStart: number): void {
    if (!Number.isSafeInteger(tStart))
      throw new SaccadeError('ERR_ARGUMENT', `a window cannot start at ${tStart} µs`)
    this.#native.attach(slot, data, tStart)
  }

  /**
   * Puts events from index `from` into every open window they belong to. Returns the index of the first event at or after
   * the end of the oldest open window, which is not consumed, or packet.length. Without an open window: `from`.
   */
  push(packet: EventPacket, from: number): number {
    return this.#native.push(packet, from)
  }

  /** Events put into the slot's window since it was attached. */
  eventsIn(slot: number): number {
    return this.#native.eventsIn(slot)
  }

  /** Completes the frame in place, closes the slot and lets go of the frame. */
  finish(slot: number): void {
    this.#native.finish(slot)
  }
}
