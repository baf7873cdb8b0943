// saccade import: an official SpikeYOLO file becomes an ONNX network.
import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { distanceLines, distanceToFloat, framesOf } from '../../calibration/index.js'
import {
  compile,
  type ImportReport,
  importSpikeYolo,
  type Variant,
  writeWhole,
} from '../../models/index.js'
import { SaccadeError } from '../errors.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { type CommonOptions, makeCommand, printJson, printTable } from './command.js'

interface ImportCommandOptions extends CommonOptions {
  variant?: Variant
  timesteps?: string
  size?: string
  inputScale?: string
  classes?: string
  name?: string
  output?: string
}

export function importCommand(): Command {
  return makeCommand([
    'saccade import best.pt -o gen1.onnx',
    'saccade import best.pt drive_td.dat -o gen1.onnx',
    'saccade import weights.pt --variant gen1 --timesteps 4 --classes car,pedestrian -o gen1.onnx',
  ])
    .argument('<file.pt>', 'a checkpoint or state dict of SpikeYOLO')
    .argument('[recording...]', 'windows on which integers are compared with float')
    .addOption(
      new Option('--variant <name>', 'which neurons; only a state dict needs it').choices([
        'gen1',
        'coco',
      ]),
    )
    .option('--timesteps <T>', 'time steps; default 2 for gen1, for coco those of the file')
    .option('--size <HxW>', 'input height and width; default 320x320 for gen1, 640x640 for coco')
    .option('--input-scale <s>', 'what 1 of a frame value means; default 1/255')
    .option('--classes <names>', 'comma-separated; default: those of the file')
    .option('--name <name>', 'name of the network; default: that of the file')
    .option('-o, --output <file.onnx>', 'the network; default: the file with .onnx')
    .action(async (file: string, recordings: string[], options: ImportCommandOptions) => {
      const stem = basename(file).replace(/\.[^.]*$/, '')
      const output = options.output ?? `${file.replace(/\.[^./\\]*$/, '')}.onnx`
      if (!output.endsWith('.onnx'))
        throw new SaccadeError('ERR_ARGUMENT', `${output}: a network's file name ends in .onnx`)
      await keepInputs(output, [file, ...recordings])
      const { timesteps, inputScale } = options
      const { onnx, report } = await importSpikeYolo(file, {
        variant: options.variant,
        timesteps: timesteps === undefined ? undefined : Number(timesteps),
        size: options.size === undefined ? undefined : parseSize(options.size),
        inputScale: inputScale === undefined ? undefined : Number(inputScale),
        classes: options.classes?.split(',').map((name) => name.trim()),
        name: options.name ?? stem,
      })
      // Compiled first: what no plan can be made of leaves no file.
      const { plan } = compile(onnx, { file: output, name: options.name ?? stem })
      await writeWhole(output, onnx)
      const distance =
        plan.exact === 'no' && recordings.length > 0
          ? await distanceToFloat(plan, onnx, await framesOf(recordings, plan))
          : undefined
      const { exact, exactReason } = plan
      if (options.json)
        printJson({ onnx: output, bytes: onnx.length, ...report, exact, exactReason, distance })
      else {
        if (!options.quiet) {
          printReport(report)
          process.stdout.write(`exact: ${exact} (${exactReason})\n`)
          if (distance) {
            const { rows, sentences } = distanceLines(distance)
            printTable(rows)
            process.stdout.write(`${sentences.join('\n')}\n`)
          } else if (exact === 'no')
            process.stderr.write(
              'its distance to float was not measured: give recordings, `saccade import best.pt drive_td.dat`\n',
            )
        }
        process.stdout.write(`${output}\n`)
      }
    })
}

/** "320x320", height first, as the authors write it. */
function parseSize(text: string): { width: number; height: number } {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []
  if (height === undefined || width === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `--size must be height x width, such as 320x320, not "${text}"`,
    )
  return { width: Number(width), height: Number(height) }
}

function printReport(report: ImportReport): void {
  const { merges } = report
  printTable(
    merges.map(({ name, modules, form, lossless }) => [
      name,
      `+ ${modules.map((module) => (module.startsWith(`${name}.`) ? module.slice(name.length) : `.${module.split('.').at(-1)}`)).join(' ')}`,
      form === 'split' ? 'integers, then float32' : '',
      lossless ? 'lossless' : 'rounded to float32',
    ]),
  )
  process.stdout.write(
    [
      `${report.source}, ${report.variant} variant, ${report.parameters} parameters`,
      `T = ${report.timesteps}, ${report.height} x ${report.width} (height x width), input scale ${report.inputScale}, classes ${report.classes.join(', ')}`,
      `merged without rounding: ${merges.filter(({ lossless }) => lossless).length} of ${merges.length} convolutions\n`,
    ].join('\n'),
  )
}
