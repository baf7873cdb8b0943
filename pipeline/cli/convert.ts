// saccade convert: a recording, or a part of it, in another format.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import { windowOverrides } from '../config/windows.js'
import { type Converted, convert, type Region } from '../convert.js'
import { SaccadeError } from '../errors.js'
import { STREAM_SPECS } from '../sources/bytes.js'
import type { Recording } from '../sources/recording.js'
import { WRITER_FORMATS, writerFor } from '../sources/writers.js'
import { ProgressBar } from '../view/progress.js'
import { quantity } from '../view/strip.js'
import { filtersOf } from '../windows/spec.js'
import { type CommonOptions, type Context, makeCommand } from './command.js'
import { addFlags, flagValues, READER_FLAGS } from './config-options.js'
import { configForRecording, openOptions } from './pipeline.js'
import { faultRemarks } from './remarks.js'

interface ConvertCommandOptions extends CommonOptions {
  outFormat?: string
  roi?: string
  origin?: string
}

export function convertCommand(context: Context): Command {
  const command = makeCommand([
    'saccade convert drive.raw drive_td.dat',
    'saccade convert drive_td.dat part.raw --from 1s --to 2s --roi 0,0,152,240',
    'saccade convert night.raw quiet.raw --filter hot-pixels,refractory',
    'saccade convert sideways.raw upright.raw --filter rotate:90,background-activity:5ms',
    'metavision_… | saccade convert - kept.raw --format evt3 --geometry 1280x720',
  ])
  const names = WRITER_FORMATS.map(({ name }) => name).join(', ')
  return addFlags(command, [...READER_FLAGS, 'from', 'to', 'filter', 'sensor'])
    .option('--out-format <name>', `instead of what the name means: ${names}`)
    .option(
      '--roi <x,y,w,h>',
      'only this part of the sensor, behind the filters; its corner becomes 0,0',
    )
    .option('--origin <us>', 'subtract this from every stamp; by default only what does not fit')
    .argument('<in>', `a recording, or ${STREAM_SPECS}`)
    .argument('<out>', `a file, or ${STREAM_SPECS}`)
    .action((input: string, output: string, options: ConvertCommandOptions) =>
      convertFile(input, output, options, context),
    )
}

async function convertFile(
  input: string,
  output: string,
  { outFormat, roi, origin, ...options }: ConvertCommandOptions,
  { signal }: Context,
): Promise<void> {
  const flags = flagValues({ ...options })
  const loaded = await loadConfig({ environment: process.env, flags })
  // Before anything is opened.
  writerFor(output, outFormat)
  if (output === '-' && options.json)
    throw new SaccadeError('ERR_ARGUMENT', '--json and the output - are both stdout')
  const config = await configForRecording(loaded.config, input)
  const bar = new ProgressBar(output)
  const began = performance.now()
  const done = await convert(input, output, {
    ...openOptions(config),
    from: config.source.from,
    to: config.source.to,
    filters: filtersOf(windowOverrides(config)),
    outFormat,
    roi: roi === undefined ? undefined : parseRegion(roi),
    originUs: origin === undefined ? undefined : wholeMicros(origin),
    signal,
    progress: (recording, events) => {
      if (!options.quiet) show(bar, recording, events, began)
    },
  }).finally(() => bar.clear())
  if (!options.quiet)
    for (const sentence of faultRemarks(input, done)) process.stderr.write(`${sentence}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify({ file: output, ...done })}\n`)
  else if (output !== '-') process.stdout.write(`${line(output, done)}\n`)
}

function show(bar: ProgressBar, { progress }: Recording, events: number, began: number): void {
  const rate = (events * 1000) / Math.max(1, performance.now() - began)
  bar.update(progress.bytes, progress.total ?? 0, quantity(rate, 'ev/s'))
}

function line(
  output: string,
  { from, events, triggers, filtered, left, stopped, kept, geometry }: Converted,
): string {
  if (!kept) return `${output}  stopped, and not written`
  const lost = Object.entries(left).map(([kind, n]) => `${n} ${kind} left out`)
  const out = Object.entries(filtered).map(([name, n]) => `${quantity(n, 'ev')} by ${name}`)
  return [
    `${output}  ${geometry.width}x${geometry.height}, ${quantity(events, 'ev')} from ${from}`,
    ...(triggers > 0 ? [`${triggers} triggers`] : []),
    ...(out.length > 0 ? [`filtered out: ${out.join(', ')}`] : []),
    ...lost,
    ...(stopped ? ['stopped'] : []),
  ].join(', ')
}

function parseRegion(text: string): Region {
  const numbers = /^\d{1,5},\d{1,5},\d{1,5},\d{1,5}$/.test(text) ? text.split(',').map(Number) : []
  const [x, y, width, height] = numbers
  if (height === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `--roi must be x,y,width,height in pixels, not "${text}"`,
    )
  return { x: x!, y: y!, width: width!, height }
}

function wholeMicros(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  throw new SaccadeError('ERR_ARGUMENT', `--origin must be a whole number of µs, not "${text}"`)
}
