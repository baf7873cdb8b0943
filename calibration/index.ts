// `saccade/calibration`: scales, grids and sensor noise.
export type { Plan } from '../pipeline/index.js'
export type { AccuracyPair } from './accuracy.js'
export { distanceLines, distanceToFloat, type FloatDistance } from './distance.js'
export type { Measured } from './measure.js'
export { type CalibrateOptions, type Calibration, calibrate } from './network.js'
export type { RoundingChoice } from './output-rounding.js'
export {
  calibrationReport,
  choiceRows,
  convRows,
  layerRows,
  measuredSentences,
} from './report.js'
export { type CalibrateSensorOptions, calibrateSensor } from './sensor.js'
export { LEAST_HOT_S } from './sensor-faults.js'
export { framesOf } from './windows.js'
