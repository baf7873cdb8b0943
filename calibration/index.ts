// `saccade/calibration`: scales, grids and sensor noise.
export type { Plan } from '../pipeline/index.js'
export { distanceLines, distanceToFloat, type FloatDistance, framesOf } from './distance.js'
export { type CalibrateOptions, type Calibration, calibrate, reportLines } from './network.js'
export { type CalibrateSensorOptions, calibrateSensor } from './sensor.js'
export { LEAST_HOT_S } from './sensor-faults.js'
