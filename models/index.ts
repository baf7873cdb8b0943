// `saccade/models`: what turns a network into a plan.
export type { Plan } from '../pipeline/index.js'
export { type CompileReport, type ConvReport, compile } from './compile/compile.js'
export {
  bestScale,
  candidateScales,
  type FloatLayer,
  MOST_INT8,
  type RoundedLayer,
  type RoundLayer,
  roundByError,
  roundToLargest,
  roundWeights,
} from './compile/rounding.js'
export { type Snapped, snapToGrid } from './compile/snap.js'
export { encodePlan, savePlan, writeWhole } from './compile/spike-file.js'
export type { ChainForm, Merge } from './import/blocks.js'
export type { Variant } from './import/checkpoint.js'
export {
  type Imported,
  type ImportOptions,
  type ImportReport,
  importSpikeYolo,
} from './import/import.js'
export { exposeValues } from './onnx/expose.js'
export type * from './onnx/graph.js'
export { readOnnx } from './onnx/read.js'
export { type TaughtNeuron, teach } from './onnx/teach.js'
