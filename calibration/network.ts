// ONNX file -> plan file, with a report on every layer. Lossless weights stay; others are rounded as recordings ask for, or
// by the weights alone. `grid` first moves the weights to where sums are exact and writes that network as ONNX too, since it
// is another network than the one it came from.
import { resolve } from 'node:path'
import { type CompileReport, compile, encodePlan, snapToGrid, writeWhole } from '../models/index.js'
import { nameFor } from '../pipeline/detect/model.js'
import { readModelFile } from '../pipeline/detect/plan-file.js'
import { type Plan, SaccadeError } from '../pipeline/index.js'
import { compileOnRecordings, type Measured } from './measure.js'

/** Options of `calibrate`. */
export interface CalibrateOptions {
  /** Snap weights to int8 * 2^-k per output channel and biases to the layer's grid. */
  grid?: boolean
  /** Bits of weights that must be rounded; without it int8, and int16 where a channel would lose more than 2 %. */
  bits?: 8 | 16
  /** The .spike file to write. Default: beside the ONNX file, `x.spike`, or `x.grid.spike` when snapped. */
  out?: string
  /** What the network is to look at. Labels beside them (NAME_bbox.npy) give its average precision. */
  recordings?: readonly string[]
  /** Windows of the recordings to choose and judge on; default 16. */
  windows?: number
  signal?: AbortSignal
}

/** What `calibrate` made. */
export interface Calibration {
  plan: Plan
  report: CompileReport
  /** The .spike file. */
  planPath: string
  /** The snapped ONNX file beside it; with `grid` only. */
  onnxPath: string | undefined
  /** With `grid`: how far each layer's weights moved, relative to their size. */
  moved: ReadonlyMap<string, number> | undefined
  /** With recordings only. */
  measured: Measured | undefined
}

/**
 * Compiles an ONNX file and writes its plan; nothing is written before everything has been measured.
 * @throws ERR_MODEL when it is not usable, ERR_ARGUMENT when `out` would overwrite it or the recordings do not excite it,
 * ERR_NOT_FOUND, ERR_IO
 * @example
 * const { report } = await calibrate('street.onnx', { out: 'street.spike', recordings: ['drive_td.dat'] })
 * console.log(report.exact, report.exactReason)
 */
export async function calibrate(
  onnxPath: string,
  options: CalibrateOptions = {},
): Promise<Calibration> {
  const { grid = false, bits, recordings = [], windows, signal } = options
  const { planPath, snappedPath } = outputsFor(onnxPath, options)
  const source = await readModelFile(onnxPath)
  const snapped = grid ? snapToGrid(source, onnxPath) : undefined
  const onnx = snapped?.bytes ?? source
  const names = { file: grid ? snappedPath : onnxPath, name: nameFor(onnxPath), bits }
  const compiled = compile(onnx, names)
  const { plan, report, measured } =
    recordings.length > 0
      ? await compileOnRecordings(compiled, {
          onnx,
          // Of a snapped network it is the unsnapped one that tells what the grid cost.
          float: grid || compiled.plan.exact === 'no' ? source : undefined,
          names,
          recordings,
          windows,
          signal,
        })
      : { ...compiled, measured: undefined }
  if (snapped) await writeWhole(snappedPath, snapped.bytes)
  await writeWhole(planPath, encodePlan(plan))
  return {
    plan,
    report,
    planPath,
    onnxPath: snapped && snappedPath,
    moved: snapped?.moved,
    measured,
  }
}

function outputsFor(
  onnxPath: string,
  { grid = false, bits, out }: CalibrateOptions,
): { planPath: string; snappedPath: string } {
  const base = onnxPath.replace(/\.onnx$/, '')
  const planPath = out ?? `${base}${grid ? '.grid' : ''}.spike`
  if (!planPath.endsWith('.spike'))
    throw new SaccadeError('ERR_ARGUMENT', `${planPath}: a plan's file name ends in .spike`)
  if (grid && bits === 16)
    throw new SaccadeError('ERR_ARGUMENT', 'the grid is one of int8; it takes no 16 bits')
  const snappedPath = planPath.replace(/\.spike$/, '.onnx')
  if (grid && resolve(snappedPath) === resolve(onnxPath))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${snappedPath}: the snapped network would overwrite the one it is made from`,
      'give the plan another name with -o',
    )
  return { planPath, snappedPath }
}
