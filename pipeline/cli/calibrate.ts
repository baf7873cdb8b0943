// saccade calibrate: an ONNX file becomes a plan, with a report on every layer.
import { type Command, Option } from 'commander'
import { calibrate, reportLines } from '../../calibration/index.js'
import { readModelFile } from '../detect/plan-file.js'
import { type CommonOptions, makeCommand, printJson } from './command.js'
import { measureDistance, printDistance } from './distance.js'

interface CalibrateCommandOptions extends CommonOptions {
  output?: string
  grid?: boolean
  bits?: '8' | '16'
}

export function calibrateCommand(): Command {
  return makeCommand([
    'saccade calibrate street.onnx',
    'saccade calibrate street.onnx drive_td.dat',
    'saccade calibrate street.onnx --grid -o street-exact.spike',
  ])
    .argument('<model.onnx>', 'the network')
    .argument('[recording...]', 'windows on which a plan that is not exact is compared with float')
    .option('-o, --output <file.spike>', 'the plan; default: beside the network')
    .option('--grid', 'snap the weights to where sums are exact, and write that network too')
    .addOption(
      new Option('--bits <n>', 'of weights that must be rounded; default: by the loss').choices([
        '8',
        '16',
      ]),
    )
    .action(
      async (
        network: string,
        recordings: string[],
        { output, grid, bits, json, quiet }: CalibrateCommandOptions,
      ) => {
        const calibration = await calibrate(network, {
          grid,
          bits: bits === undefined ? undefined : bits === '8' ? 8 : 16,
          out: output,
        })
        const { plan, report, planPath, onnxPath } = calibration
        const onnx = await readModelFile(onnxPath ?? network)
        const distance = await measureDistance(plan, onnx, recordings)
        if (json) {
          printJson({
            plan: planPath,
            onnx: onnxPath,
            name: plan.name,
            sha256: plan.onnxSha256,
            ...report,
            distance,
          })
          return
        }
        if (!quiet) {
          process.stdout.write(`${reportLines(calibration).join('\n')}\n`)
          printDistance(plan, distance, 'saccade calibrate model.onnx drive_td.dat')
        }
        for (const path of [onnxPath, planPath]) if (path) process.stdout.write(`${path}\n`)
      },
    )
}
