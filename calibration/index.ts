// `saccade/calibration`: scales, grids and sensor noise.
export type { Plan } from '../pipeline/index.js'
