// saccade calibrate: an ONNX file becomes a plan, with a report on every layer.
import type { Command } from 'commander'
import { calibrate, reportLines } from '../../calibration/index.js'
import { type CommonOptions, makeCommand, printJson } from './command.js'

interface CalibrateCommandOptions extends CommonOptions {
  output?: string
  grid?: boolean
}

export function calibrateCommand(): Command {
  return makeCommand([
    'saccade calibrate street.onnx',
    'saccade calibrate street.onnx --grid -o street-exact.spike',
  ])
    .argument('<model.onnx>', 'the network')
    .option('-o, --output <file.spike>', 'the plan; default: beside the network')
    .option('--grid', 'snap the weights to where sums are exact, and write that network too')
    .action(async (network: string, { output, grid, json, quiet }: CalibrateCommandOptions) => {
      const calibration = await calibrate(network, { grid, out: output })
      const { plan, report, planPath, onnxPath } = calibration
      if (json) {
        printJson({
          plan: planPath,
          onnx: onnxPath,
          name: plan.name,
          sha256: plan.onnxSha256,
          ...report,
        })
        return
      }
      if (!quiet) process.stdout.write(`${reportLines(calibration).join('\n')}\n`)
      for (const path of [onnxPath, planPath]) if (path) process.stdout.write(`${path}\n`)
    })
}
