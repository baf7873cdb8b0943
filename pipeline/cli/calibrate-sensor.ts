// saccade calibrate-sensor: what recordings say of the camera that made them, as a profile for --sensor.
import { type Command, Option } from 'commander'
import { calibrateSensor, LEAST_HOT_S } from '../../calibration/index.js'
import { writeWhole } from '../../models/index.js'
import { loadConfig } from '../config/load.js'
import { isSensorFolder, profilePath } from '../filters/sensor-folder.js'
import type { SensorProfile } from '../filters/sensor-profile.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { quantity } from '../view/strip.js'
import { type CommonOptions, type Context, makeCommand } from './command.js'
import { addFlags, flagValues, READER_FLAGS } from './config-options.js'
import { openOptions } from './pipeline.js'

interface CalibrateSensorCommandOptions extends CommonOptions {
  output?: string
  camera?: string
  polarity?: 'normal' | 'swapped'
}

export function calibrateSensorCommand(context: Context): Command {
  const command = makeCommand([
    'saccade calibrate-sensor still_td.dat -o front.json',
    'saccade calibrate-sensor a_td.dat b_td.dat --camera 00001497 -o front.json',
    'saccade replay drive_td.dat --sensor front.json',
    'saccade calibrate-sensor dark.raw -o sensors && saccade replay drive.raw --sensor sensors',
  ])
  return addFlags(command, READER_FLAGS)
    .option(
      '-o, --output <profile.json>',
      'write the profile; into a folder by the serial number; without it, only what was measured is told',
    )
    .option(
      '--camera <name>',
      'serial number or name of the camera, where the recordings do not say it',
    )
    .addOption(
      new Option('--polarity <which>', 'overrule what the events say').choices([
        'normal',
        'swapped',
      ]),
    )
    .argument('<recording...>', 'of one camera, best at rest and some seconds long')
    .action(
      (
        recordings: string[],
        { output, camera, polarity, ...options }: CalibrateSensorCommandOptions,
      ) => measure(recordings, { output, camera, polarity }, options, context),
    )
}

async function measure(
  recordings: string[],
  { output, camera, polarity }: CalibrateSensorCommandOptions,
  options: CommonOptions,
  { signal }: Context,
): Promise<void> {
  const folder = output !== undefined && isSensorFolder(output)
  if (!folder) await keepInputs(output, recordings)
  const flags = flagValues({ ...options })
  const { config } = await loadConfig({ environment: process.env, flags })
  const profile = await calibrateSensor(recordings, {
    ...openOptions(config),
    camera,
    polarity,
    signal,
  })
  const json = `${JSON.stringify(profile, undefined, 2)}\n`
  const path = folder ? profilePath(output, profile.camera) : output
  if (path !== undefined) await writeWhole(path, Buffer.from(json))
  if (options.json) process.stdout.write(json)
  else process.stdout.write(`${lines(profile, path).join('\n')}\n`)
}

function lines(profile: SensorProfile, output: string | undefined): string[] {
  const { camera, geometry, hotPixels, swapPolarity, polarity, noise, from } = profile
  const seconds = `${from.seconds.toFixed(2)} s`
  const [x, y] = hotPixels[0] ?? []
  const said = [
    `${camera === undefined ? '' : `camera ${camera}, `}${geometry.width}x${geometry.height}, ${quantity(from.events, 'ev')} in ${seconds}`,
    hotPixels.length > 0
      ? `${hotPixels.length} hot pixels, the first at ${x},${y}`
      : `no hot pixel${from.seconds < LEAST_HOT_S ? `: ${seconds} are too short to tell` : ''}`,
    noise
      ? `noise at most ${noise.hz} Hz per pixel in the quietest quarter, ${Math.round(100 * noise.on)} % of it ON`
      : 'noise unknown: too few pixels or less than 0.2 s',
    `polarity ${polarity.verdict}: ${polarity.reason}`,
  ]
  if (swapPolarity)
    said.push(
      'ON and OFF are swapped: with --sensor they are exchanged before anything is detected',
    )
  if (output !== undefined) said.push(output)
  return said
}
