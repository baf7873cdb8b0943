// Checks a window spec before any memory is taken: it may come from a model file or a configuration.
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import type { WindowSpec } from './spec.js'

const MAX_SIDE = 8192
const MAX_STEPS = 64
const MAX_BINS = 256
/** Ten minutes. */
const MAX_DURATION_US = 600_000_000
/** Windows open at the same time: duration / hop. */
const MAX_OPEN = 64
const MAX_FRAME_BYTES = 2 ** 28

/** Bytes of one frame u8 [T, C, H, W]. */
export function frameBytes(spec: WindowSpec): number {
  return spec.steps * spec.channels * spec.height * spec.width
}

/** Windows that are open at the same time, and so the frames a stage keeps filling. */
export function openWindows(spec: WindowSpec): number {
  return Math.ceil(spec.durationUs / (spec.hopUs ?? spec.durationUs))
}

/** Throws ERR_ARGUMENT with one sentence when the spec is not one that can be built. */
export function checkWindowSpec(spec: WindowSpec): void {
  if (!['count', 'binary', 'polarity-last'].includes(spec.kind))
    fail(`kind "${spec.kind}" is not known; count, binary and polarity-last are`)
  range('durationUs', spec.durationUs, 1, MAX_DURATION_US)
  range('hopUs', spec.hopUs ?? spec.durationUs, 1, MAX_DURATION_US)
  range('steps', spec.steps, 1, MAX_STEPS)
  range('bins', spec.bins, 1, MAX_BINS)
  range('width', spec.width, 1, MAX_SIDE)
  range('height', spec.height, 1, MAX_SIDE)
  if (spec.bins % spec.steps !== 0)
    fail(`bins (${spec.bins}) is no multiple of steps (${spec.steps})`)
  if (spec.durationUs % spec.bins !== 0)
    fail(`durationUs (${spec.durationUs}) does not divide into ${spec.bins} equal bins of whole µs`)
  if (openWindows(spec) > MAX_OPEN)
    fail(
      `hopUs (${spec.hopUs}) keeps ${openWindows(spec)} windows open at once; ${MAX_OPEN} is the limit`,
    )
  if (!['oldest-first', 'newest-first'].includes(spec.timeOrder))
    fail(`timeOrder "${spec.timeOrder}" is not known; oldest-first and newest-first are`)
  if (spec.kind === 'polarity-last') checkPicture(spec)
  else checkCounts(spec)
  if (frameBytes(spec) > MAX_FRAME_BYTES)
    fail(`a frame would take ${frameBytes(spec)} bytes; ${MAX_FRAME_BYTES} is the limit`)
}

function checkCounts(spec: WindowSpec): void {
  const channels = (2 * spec.bins) / spec.steps
  if (spec.channels !== channels)
    fail(`channels must be 2 * bins / steps = ${channels}, not ${spec.channels}`)
  if (spec.kind === 'count') range('clip', spec.clip, 1, 255)
}

function checkPicture(spec: WindowSpec): void {
  if (spec.channels !== 3) fail(`channels must be 3 for polarity-last, not ${spec.channels}`)
  if (spec.bins !== spec.steps)
    fail(`bins (${spec.bins}) must equal steps (${spec.steps}) for polarity-last`)
  if (spec.letterbox === undefined) return
  range('letterbox.sensorWidth', spec.letterbox.sensorWidth, 1, MAX_SIDE)
  range('letterbox.sensorHeight', spec.letterbox.sensorHeight, 1, MAX_SIDE)
  range('letterbox.pad', spec.letterbox.pad, 0, 255)
}

/** Throws ERR_ARGUMENT when the fit or region does not go with the sensor. */
export function checkFit(spec: WindowSpec, geometry: Geometry): void {
  if (!isGeometry(geometry)) fail(`${geometry.width} x ${geometry.height} is no sensor size`)
  if (spec.fit !== undefined && !['scale', 'crop', 'none'].includes(spec.fit))
    fail(`fit "${spec.fit}" is not known; scale, crop and none are`)
  if (spec.kind === 'polarity-last') {
    const grid =
      spec.letterbox === undefined ? geometry.width * geometry.height : gridPixels(spec.letterbox)
    const bytes = openWindows(spec) * spec.steps * grid
    if (bytes > MAX_FRAME_BYTES)
      fail(`its pictures of the sensor would take ${bytes} bytes; ${MAX_FRAME_BYTES} is the limit`)
  }
  if (spec.roi === undefined) return
  const { x, y, width, height } = spec.roi
  range('roi.x', x, 0, geometry.width - 1)
  range('roi.y', y, 0, geometry.height - 1)
  range('roi.width', width, 1, geometry.width - x)
  range('roi.height', height, 1, geometry.height - y)
}

function gridPixels(box: { sensorWidth: number; sensorHeight: number }): number {
  return box.sensorWidth * box.sensorHeight
}

function range(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    fail(`${name} must be a whole number from ${least} to ${most}, not ${value}`)
}

function fail(what: string): never {
  throw new SaccadeError('ERR_ARGUMENT', `window: ${what}`)
}
