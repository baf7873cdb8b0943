// ONNX file -> plan file, with a report on every layer. `grid` first moves the weights to where sums are exact and
// writes that network as ONNX too, since it is another network than the one it came from.
import { resolve } from 'node:path'
import { type CompileReport, compile, savePlan, snapToGrid, writeWhole } from '../models/index.js'
import { nameFor } from '../pipeline/detect/model.js'
import { readModelFile } from '../pipeline/detect/plan-file.js'
import { type Plan, SaccadeError } from '../pipeline/index.js'

/** Options of `calibrate`. */
export interface CalibrateOptions {
  /** Snap weights to int8 * 2^-k per output channel and biases to the layer's grid. */
  grid?: boolean
  /** Bits of weights that must be rounded; without it int8, and int16 where a channel would lose more than 2 %. */
  bits?: 8 | 16
  /** The .spike file to write. Default: beside the ONNX file, `x.spike`, or `x.grid.spike` when snapped. */
  out?: string
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
}

/**
 * Compiles an ONNX file and writes its plan.
 * @throws ERR_MODEL when it is not usable, ERR_ARGUMENT when `out` would overwrite it, ERR_NOT_FOUND, ERR_IO
 * @example
 * const { report } = await calibrate('street.onnx', { out: 'street.spike' })
 * console.log(report.exact, report.exactReason)
 */
export async function calibrate(
  onnxPath: string,
  { grid = false, bits, out }: CalibrateOptions = {},
): Promise<Calibration> {
  const base = onnxPath.replace(/\.onnx$/, '')
  const planPath = out ?? `${base}${grid ? '.grid' : ''}.spike`
  if (!planPath.endsWith('.spike'))
    throw new SaccadeError('ERR_ARGUMENT', `${planPath}: a plan's file name ends in .spike`)
  const source = await readModelFile(onnxPath)
  const name = nameFor(onnxPath)
  if (grid && bits === 16)
    throw new SaccadeError('ERR_ARGUMENT', 'the grid is one of int8; it takes no 16 bits')
  if (!grid) {
    const { plan, report } = compile(source, { file: onnxPath, name, bits })
    await savePlan(plan, planPath)
    return { plan, report, planPath, onnxPath: undefined, moved: undefined }
  }
  const snappedPath = planPath.replace(/\.spike$/, '.onnx')
  if (resolve(snappedPath) === resolve(onnxPath))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${snappedPath}: the snapped network would overwrite the one it is made from`,
      'give the plan another name with -o',
    )
  const snapped = snapToGrid(source, onnxPath)
  const { plan, report } = compile(snapped.bytes, { file: snappedPath, name })
  await writeWhole(snappedPath, snapped.bytes)
  await savePlan(plan, planPath)
  return { plan, report, planPath, onnxPath: snappedPath, moved: snapped.moved }
}

/** The report as lines of text: one per convolution, then what was proved. */
export function reportLines({ report, moved }: Calibration): string[] {
  const rows = report.convs.map((conv) => [
    conv.name,
    conv.op === 'conv' ? `int${conv.bits}` : 'float32',
    conv.lossless ? 'lossless' : `rounded ${percent(conv.loss)}`,
    conv.shifts === undefined ? '' : `2^-${conv.shifts[0]} to 2^-${conv.shifts[1]}`,
    `|sum| <= ${conv.bound.toPrecision(4)}`,
    `${(conv.units / 1e6).toFixed(3)} M units`,
    ...(moved === undefined ? [] : [`moved ${percent(moved.get(conv.name) ?? 0)}`]),
  ])
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return [
    ...rows.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    ),
    `exact: ${report.exact} (${report.exactReason})`,
  ]
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)} %`
}
