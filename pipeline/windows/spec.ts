// What a window is, shared by configuration, models and native code.

import type { FilterSpec } from '../filters/registry.js'

/** How events become a frame (design section 2). All sizes in pixels, times in µs. */
export interface WindowSpec {
  kind: 'count' | 'polarity-last' | 'binary'
  /** Length of the window. */
  durationUs: number
  /** Distance between window starts; the duration when absent. */
  hopUs?: number
  /** Time steps T of the network. */
  steps: number
  /** Time bins of the window; a multiple of `steps`. */
  bins: number
  /** Largest count kept per channel and pixel (`count`). */
  clip: number
  /** Model's input size. */
  width: number
  height: number
  /** Channels per step: 2 * bins / steps for count and binary (time-bin-major, OFF before ON), 3 for polarity-last. */
  channels: number
  timeOrder: 'oldest-first' | 'newest-first'
  /** What one unit of a frame value means to the network (folded into the first weights). */
  scale: number
  /** polarity-last: the sensor frame that is resized into the model's size. */
  letterbox?: { sensorWidth: number; sensorHeight: number; pad: number }
  /** How a sensor of another size is brought to the model's. */
  fit?: 'scale' | 'crop' | 'none'
  /** Part of the sensor that is looked at. */
  roi?: { x: number; y: number; width: number; height: number }
  /** What events go through first, in sensor pixels, in this order: what a model asks for, or the user instead. */
  filters?: readonly FilterSpec[]
  /** What they go through before that: what is known of this camera (sensorCorrections). */
  corrections?: readonly FilterSpec[]
}

/** All that events go through before they are counted. */
export function filtersOf({ corrections = [], filters = [] }: Partial<WindowSpec>): FilterSpec[] {
  return [...corrections, ...filters]
}

/** Where a model pixel lies on the sensor: sensor = (model - offset) * factor. */
export interface FitMap {
  offsetX: number
  offsetY: number
  factorX: number
  factorY: number
  /** Sensor rectangle that boxes are clipped to. */
  width: number
  height: number
}
