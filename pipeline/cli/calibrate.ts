// saccade calibrate: an ONNX file becomes a plan, with a report on every layer, and on what recordings say about it.
import { type Command, Option } from 'commander'
import {
  type Calibration,
  calibrate,
  calibrationReport,
  choiceRows,
  convRows,
  layerRows,
  measuredSentences,
} from '../../calibration/index.js'
import { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { writeReport } from '../view/report.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'

interface CalibrateCommandOptions extends CommonOptions {
  output?: string
  grid?: boolean
  bits?: '8' | '16'
  windows?: string
  html?: string
}

export function calibrateCommand({ signal }: Context): Command {
  return makeCommand([
    'saccade calibrate street.onnx',
    'saccade calibrate street.onnx drive_td.dat night_td.dat --html street.html',
    'saccade calibrate street.onnx drive_td.dat --grid -o street-exact.spike',
  ])
    .argument('<model>', 'the network: an ONNX file, or a model with one')
    .argument('[recording...]', 'what it is to look at; NAME_bbox.npy beside NAME_td.dat gives AP')
    .option('-o, --output <file.spike>', 'the plan; default: beside the network')
    .option('--grid', 'snap the weights to where sums are exact, and write that network too')
    .addOption(
      new Option('--bits <n>', 'of weights that must be rounded; default: by the loss').choices([
        '8',
        '16',
      ]),
    )
    .option('--windows <n>', 'windows of the recordings to choose and judge on; default 16')
    .option('--html <file>', 'write the report as a page')
    .action(
      async (
        network: string,
        recordings: string[],
        { output, grid, bits, windows, html, json, quiet }: CalibrateCommandOptions,
      ) => {
        await keepInputs(html, [network, ...recordings])
        const calibration = await calibrate(await onnxOf(network), {
          grid,
          bits: bits === undefined ? undefined : bits === '8' ? 8 : 16,
          out: output,
          recordings,
          windows: windows === undefined ? undefined : Number(windows),
          signal,
        })
        const { planPath, onnxPath, plan } = calibration
        if (html !== undefined) await writeReport(html, calibrationReport(calibration))
        if (json) printJson(asJson(calibration))
        else {
          if (!quiet) print(calibration)
          for (const path of [onnxPath, planPath, html]) if (path) process.stdout.write(`${path}\n`)
        }
        if (plan.exact === 'no' && recordings.length === 0 && !quiet)
          process.stderr.write(
            'its weights were rounded by themselves, and its distance to float was not measured: give recordings, `saccade calibrate model.onnx drive_td.dat`\n',
          )
      },
    )
}

/** Path of the ONNX file; a plan says nothing about float. */
async function onnxOf(network: string): Promise<string> {
  if (network.endsWith('.onnx')) return network
  const { onnxPath, path } = await Model.load(network)
  if (onnxPath !== undefined) return onnxPath
  throw new SaccadeError(
    'ERR_NOT_FOUND',
    `${path}: a plan is calibrated from its ONNX file, and there is none beside it`,
  )
}

function asJson({ plan, report, planPath, onnxPath, measured }: Calibration) {
  return {
    plan: planPath,
    onnx: onnxPath,
    name: plan.name,
    sha256: plan.onnxSha256,
    ...report,
    measured,
  }
}

function print(calibration: Calibration): void {
  const { report, measured } = calibration
  printTable(convRows(calibration))
  if (measured) {
    if (measured.choices.length > 0) printTable(choiceRows(measured.choices))
    printTable(layerRows(measured))
    process.stdout.write(`${measuredSentences(measured).join('\n')}\n`)
  }
  process.stdout.write(`exact: ${report.exact} (${report.exactReason})\n`)
}
