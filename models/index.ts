// `saccade/models`: what turns a network into a plan.
export type { Plan } from '../pipeline/index.js'
