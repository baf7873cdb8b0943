// `saccade/calibration`: scales, grids and sensor noise.
export type { Plan } from '../pipeline/index.js'
export { type CalibrateOptions, type Calibration, calibrate, reportLines } from './network.js'
