// What recordings say about a network: the rounding that suits what its layers read, and what that costs.
import { type CompileReport, compile, roundToLargest } from '../models/index.js'
import { type Plan, SaccadeError } from '../pipeline/index.js'
import type { LayerFiring } from '../pipeline/trace/firing.js'
import { type AccuracyPair, compareAccuracy } from './accuracy.js'
import { type CompileNames, compileByInputs } from './best-plan.js'
import { distanceToFloat, type FloatDistance } from './distance.js'
import { checkExcitation, firingOf } from './excitation.js'
import type { RoundingChoice } from './output-rounding.js'
import { framesOf } from './windows.js'

/** What was measured with a plan. */
export interface Measured {
  /** Windows that chose scales, and others, on which distance and firing were measured. */
  windows: { chosenOn: number; measuredOn: number }
  /** How each layer that had to be rounded was rounded. */
  choices: RoundingChoice[]
  /** Of the plan, layer by layer. */
  firing: LayerFiring[]
  /** From the float network; undefined where the plan equals it. Its `other`: scales of the largest weight instead. */
  distance: FloatDistance | undefined
  /** Undefined without labels. */
  accuracy: AccuracyPair | undefined
}

/** What there is to measure with. */
export interface MeasureOptions {
  /** The file that is compiled. */
  onnx: Uint8Array
  /** The float network to compare with; undefined where the plan equals it. */
  float: Uint8Array | undefined
  names: CompileNames
  recordings: readonly string[]
  /** Windows of them; default 16. */
  windows?: number
  signal?: AbortSignal
}

const DEFAULT_WINDOWS = 16
/** Half of them choose, half of them judge; two of each say little enough. */
const LEAST_WINDOWS = 4
const MOST_WINDOWS = 256

/** Compiles again where weights had to be rounded, and measures. Throws ERR_ARGUMENT when the recordings say too little. */
export async function compileOnRecordings(
  compiled: { plan: Plan; report: CompileReport },
  { onnx, float, names, recordings, windows = DEFAULT_WINDOWS, signal }: MeasureOptions,
): Promise<{ plan: Plan; report: CompileReport; measured: Measured }> {
  if (!(Number.isInteger(windows) && windows >= LEAST_WINDOWS && windows <= MOST_WINDOWS))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `windows must be a whole number, ${LEAST_WINDOWS}..${MOST_WINDOWS}, not ${windows}`,
    )
  const limits = { most: windows, least: LEAST_WINDOWS, signal }
  const frames = await framesOf(recordings, compiled.plan, limits)
  const firing = await firingOf(compiled.plan, frames)
  checkExcitation(firing, frames.length)
  // Every other one: the two halves see the same scenes at other moments.
  const seen = frames.filter((_, i) => i % 2 === 0)
  const unseen = frames.filter((_, i) => i % 2 === 1)
  const best = await compileByInputs(compiled, { onnx, names, seen, unseen })
  const other =
    best.choices.length > 0 ? compile(onnx, { ...names, round: roundToLargest }).plan : undefined
  const distance = float && (await distanceToFloat(best.plan, float, unseen, { other }))
  const accuracy = await compareAccuracy(best.plan, float, recordings, { signal })
  return {
    plan: best.plan,
    report: best.report,
    measured: {
      windows: { chosenOn: seen.length, measuredOn: unseen.length },
      choices: best.choices,
      firing: distance?.firing.plan ?? firing,
      distance,
      accuracy,
    },
  }
}
