// How a sensor of any size is brought to the model's, and boxes back. Pixels are mapped in integers, aspect kept, centred;
// the same numbers make the tables that native code maps events with and the FitMap that boxes are mapped back with.
import type { Geometry } from '../events/packet.js'
import type { FitMap, WindowSpec } from './spec.js'

/** Where polarity-last's picture of the sensor grid lies in the model's frame. */
export interface Letterbox {
  gridWidth: number
  gridHeight: number
  pictureWidth: number
  pictureHeight: number
  pictureLeft: number
  pictureTop: number
  pad: number
}

/**
 * Letterbox of the Gen1 authors: resized by min(width ratio, height ratio) with sides rounded up, then padded around.
 * 304x240 into 320x320 gives a picture of 320x253 in rows 33..285. Floats in their order, since ceil() sees the last bit.
 */
export function letterbox(spec: WindowSpec, geometry: Geometry): Letterbox {
  const { sensorWidth, sensorHeight, pad } = spec.letterbox ?? {
    sensorWidth: geometry.width,
    sensorHeight: geometry.height,
    pad: 114,
  }
  const ratio = Math.min(spec.width / sensorWidth, spec.height / sensorHeight)
  const pictureWidth = Math.min(Math.ceil(sensorWidth * ratio), spec.width)
  const pictureHeight = Math.min(Math.ceil(sensorHeight * ratio), spec.height)
  return {
    gridWidth: sensorWidth,
    gridHeight: sensorHeight,
    pictureWidth,
    pictureHeight,
    // Half a pixel of padding goes to the right and bottom: theirs is round(pad / 2 - 0.1).
    pictureLeft: Math.floor((spec.width - pictureWidth) / 2),
    pictureTop: Math.floor((spec.height - pictureHeight) / 2),
    pad,
  }
}

/** Sensor column -> target column, -1 for what is not looked at; likewise rows. The target is the model's frame or the grid. */
export interface PixelMaps {
  columns: Int32Array
  rows: Int32Array
}

/** target = offset + floor((sensor - origin) * numerator / denominator), for sensor pixels origin..origin + length - 1. */
interface Axis {
  origin: number
  length: number
  offset: number
  numerator: number
  denominator: number
}

/** Tables for the native builder. */
export function pixelMaps(spec: WindowSpec, geometry: Geometry): PixelMaps {
  const target = targetSize(spec, geometry)
  const { x, y } = axes(spec, geometry, target)
  return {
    columns: table(x, geometry.width, target.width),
    rows: table(y, geometry.height, target.height),
  }
}

/**
 * The map from model pixels back to the sensor: sensor = (model - offset) * factor, clipped to width x height. Column i of
 * either covers [i, i + 1).
 * @example
 * const fit = fitMap(model.window, { width: 640, height: 480 })
 * const xOnSensor = (box.x - fit.offsetX) * fit.factorX
 */
export function fitMap(spec: WindowSpec, geometry: Geometry): FitMap {
  const { x, y } = axes(spec, geometry, targetSize(spec, geometry))
  let [fromX, fromY] = [back(x), back(y)]
  if (spec.kind === 'polarity-last') {
    // Both axes by the height's ratio, as the authors do: true x differs by 0.15 % for Gen1, and their figures by that map.
    const box = letterbox(spec, geometry)
    const factor = box.gridHeight / box.pictureHeight
    fromX = chain(box.pictureLeft, factor, fromX)
    fromY = chain(box.pictureTop, factor, fromY)
  }
  return {
    offsetX: fromX.offset,
    offsetY: fromY.offset,
    factorX: fromX.factor,
    factorY: fromY.factor,
    width: geometry.width,
    height: geometry.height,
  }
}

function targetSize(spec: WindowSpec, geometry: Geometry): Geometry {
  if (spec.kind !== 'polarity-last') return spec
  const { gridWidth, gridHeight } = letterbox(spec, geometry)
  return { width: gridWidth, height: gridHeight }
}

function axes(spec: WindowSpec, geometry: Geometry, target: Geometry): { x: Axis; y: Axis } {
  const region = spec.roi ?? { x: 0, y: 0, ...geometry }
  const axis = (
    origin: number,
    length: number,
    offset: number,
    numerator = 1,
    denominator = 1,
  ) => ({
    origin,
    length,
    offset,
    numerator,
    denominator,
  })
  const centre = (space: number, used: number) => Math.floor((space - used) / 2)
  switch (spec.fit ?? 'scale') {
    case 'none':
      return { x: axis(region.x, region.width, 0), y: axis(region.y, region.height, 0) }
    case 'crop':
      return {
        x: axis(region.x, region.width, centre(target.width, region.width)),
        y: axis(region.y, region.height, centre(target.height, region.height)),
      }
    case 'scale': {
      // The side that fills the target gives the ratio: target.width / region.width <= target.height / region.height?
      const wide = target.width * region.height <= target.height * region.width
      const n = wide ? target.width : target.height
      const d = wide ? region.width : region.height
      const scaled = (length: number) => Math.max(1, Math.floor((length * n) / d))
      return {
        x: axis(region.x, region.width, centre(target.width, scaled(region.width)), n, d),
        y: axis(region.y, region.height, centre(target.height, scaled(region.height)), n, d),
      }
    }
  }
}

function table(axis: Axis, sensorLength: number, targetLength: number): Int32Array {
  return Int32Array.from({ length: sensorLength }, (_, at) => {
    const inside = at - axis.origin
    if (inside < 0 || inside >= axis.length) return -1
    const to = axis.offset + Math.floor((inside * axis.numerator) / axis.denominator)
    return to >= 0 && to < targetLength ? to : -1
  })
}

/** sensor = (target - offset) * factor */
interface Back {
  offset: number
  factor: number
}

function back({ origin, offset, numerator, denominator }: Axis): Back {
  return { offset: offset - (origin * numerator) / denominator, factor: denominator / numerator }
}

/** First target = (model - offset) * factor, then `next`. */
function chain(offset: number, factor: number, next: Back): Back {
  return { offset: offset + next.offset / factor, factor: factor * next.factor }
}
