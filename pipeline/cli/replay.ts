// saccade replay: a recording through the whole pipeline, lossless unless it is paced. Without a file: the first run.
import { basename } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { STREAM_SPECS } from '../sources/bytes.js'
import { replay } from '../sources/replay.js'
import { Ledger } from '../streams/ledger.js'
import { type CommonOptions, type Context, makeCommand } from './command.js'
import { addFlags, flagValues, PIPELINE_FLAGS, takeFile } from './config-options.js'
import { firstRun, writeDrive } from './first-run.js'
import { openInput, openNetwork, secondReader, share } from './pipeline.js'
import { play, remark } from './play.js'
import { faultRemarks, inputRemarks } from './remarks.js'

export function replayCommand(context: Context): Command {
  const command = makeCommand([
    'saccade replay',
    'saccade replay drive_td.dat',
    'saccade replay drive_td.dat --view',
    'saccade replay drive_td.dat --json > detections.ndjson',
    'saccade replay - --format evt3 --geometry 1280x720 < camera.bin',
    'saccade replay drive_td.dat --from 1s --to 3s --speed 1 --mqtt mqtt://localhost',
  ])
  return addFlags(command, PIPELINE_FLAGS)
    .argument('[file]', `a recording, or ${STREAM_SPECS}; without one a short drive is simulated`)
    .action(async (argument: string | undefined, given: CommonOptions) => {
      const [file, options] = takeFile(argument, given)
      const flags = flagValues({ ...options })
      const { config } = await loadConfig({ environment: process.env, flags })
      if (file === undefined && config.view.listen === undefined)
        await firstRun(config, options, context)
      else {
        const recording = file ?? (await writeDrive(options, context))
        await replayFile(recording, config, options, context)
      }
    })
}

async function replayFile(
  file: string,
  config: Config,
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const network = await openNetwork(config)
  const { model } = network
  await using _session = network.session
  await using input = await openInput(file, config, model, context.signal)
  for (const sentence of inputRemarks(input, model.window)) remark(options, sentence)
  const { from, to, speed = 0, loop } = config.source
  const { signal } = context
  const { geometry, start } = input
  const ledger = new Ledger()
  const { recording } = input
  const source = replay(recording, { geometry, from, to, speed, loop, signal, ledger })
  const reader = {
    recording: await secondReader(file, config, recording),
    name: recording.seekable ? basename(file) : file,
  }
  const progress = from === undefined && to === undefined ? () => share(recording) : undefined
  await play(
    {
      config: input.config,
      ...network,
      source,
      ledger,
      geometry,
      start,
      live: speed > 0,
      ...reader,
      progress,
    },
    options,
    context,
  )
  for (const sentence of faultRemarks(file, recording)) remark(options, sentence)
}
