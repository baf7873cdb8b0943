// `saccade/calibration`: scales, grids and sensor noise.
export type { Plan } from '../pipeline/index.js'
export { distanceLines, distanceToFloat, type FloatDistance, framesOf } from './distance.js'
export { type CalibrateOptions, type Calibration, calibrate, reportLines } from './network.js'
