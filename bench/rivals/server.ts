// saccade's part of the comparison with other runtimes: `server.js NETWORK THREADS FOLDER` writes the network, its windows and
// its head maps into the folder, says so in a line of JSON, and then answers each line {"run": WINDOW, "times": N} with the
// times of N runs in ms. bench/rivals/rivals.py asks, so that its rounds go through all runtimes in turn.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { encodePlan } from '../../models/compile/spike-file.js'
import { loadOnnxRuntime, measureRanges, openOurs } from '../engine/contestants.js'
import { benchInputs, randomFrames } from '../engine/inputs.js'
import { exactNetwork } from '../engine/int8-exact.js'
import { identityOf, NETWORKS } from '../engine/networks.js'
import { encodeNpy } from './npy.js'

const WINDOWS = 8

const [name, threads, folder] = process.argv.slice(2) as [string, string, string]
await serve(name, Number(threads), folder)

async function serve(name: string, threads: number, folder: string): Promise<void> {
  const entry = NETWORKS.find((network) => network.name === name)
  if (entry === undefined)
    throw new Error(
      `there is no network ${name}; there are ${NETWORKS.map(({ name }) => name).join(', ')}`,
    )
  const network = await entry.load()
  if (network === undefined) throw new Error(`the files of ${name} are not here`)
  const { plan, onnx } = network
  const frames = entry.random
    ? randomFrames(plan.window, 3)
    : (await benchInputs(plan.window, WINDOWS))[0]!.frames
  const ours = await openOurs('saccade', plan, frames, { threads })
  mkdirSync(folder, { recursive: true })
  const write = (file: string, bytes: Uint8Array | string) =>
    writeFileSync(join(folder, file), bytes)
  write('model.spike', encodePlan(plan))
  write('model.onnx', onnx)
  const { steps, channels, height, width } = plan.window
  write(
    'windows.npy',
    encodeNpy(Buffer.concat(frames), [frames.length, steps, channels, height, width]),
  )
  for (const [index] of frames.entries())
    for (const [level, data] of (await ours.heads(index)).entries())
      write(`heads-${index}-${level}.npy`, encodeNpy(data, [data.length]))
  write('ranges.json', JSON.stringify(Object.fromEntries(await ranges())))
  const tell = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`)
  const identity = identityOf(name, plan)
  tell({ network: name, identity, threads, windows: frames.length, settings: ours.settings })
  for await (const line of createInterface({ input: process.stdin })) {
    const { run, times } = JSON.parse(line) as { run: number; times: number }
    const ms: number[] = []
    for (let i = 0; i < times; i++) {
      const start = performance.now()
      await ours.run(run)
      ms.push(performance.now() - start)
    }
    tell({ ms })
  }
  await ours.close()

  /** What currents were between, on two windows, for the runtimes that hold them in 8 bits. */
  async function ranges(): Promise<Map<string, [number, number]>> {
    const runtime = await loadOnnxRuntime()
    if (runtime === undefined) throw new Error('the ranges of the currents need onnxruntime-node')
    const exact = exactNetwork(plan)
    return measureRanges(runtime, exact.onnx, exact.floats, { plan, frames: frames.slice(0, 2) })
  }
}
