// Acceptance on records of the authors' code, through the command line as a user would.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { gunzipShared, sharedPath, skipWithout } from '../support/shared.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)

/** Runs the program; anything but success fails the test. */
async function run(t: ExecutionContext, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await saccade(args)
  t.is(code, 0, stderr)
  return stdout
}

/** Unpacked files of one folder of vectors; undefined where they are absent. */
function unpacked(folder: string, ...files: string[]): string[] | undefined {
  const paths = files.map((file) => gunzipShared(`vectors/${folder}/${file}.gz`))
  return paths.includes(undefined) ? undefined : (paths as string[])
}

const EXACT = ['--timesteps', '2', '--size', '320x320', '--input-scale', '0.00390625']

test.serial(
  'gen1_n_exact: 21,299,200 spikes, head maps, anchors and boxes of all forms of the file',
  async (t) => {
    const files = unpacked(
      'gen1_n_exact',
      ...['checkpoint.pt', 'state_dict.pt', 'checkpoint_training.pt'],
      ...['input.safetensors', 'spikes.safetensors', 'outputs.safetensors'],
    )
    if (files === undefined) return skipWithout(t, 'shared/vectors are not here')
    const [whole, state, training, input, spikes, outputs] = files as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    const plan = scratch(t, 'm.spike')
    const onnx = plan.replace('.spike', '.onnx')
    const trace = ['trace', plan, '--input', input, '--tensor', 'x_u8', '--threads', '2']
    for (const [form, extra] of [
      [state, ['--variant', 'gen1']],
      [whole, []],
    ] as const) {
      await run(t, 'import', form, ...extra, ...EXACT, '-o', onnx, '-q')
      t.regex(await run(t, 'calibrate', onnx), /\nexact: yes /)
      t.regex(
        await run(t, ...trace, '--compare', spikes),
        /88 neuron layers, 21,299,200 values, .*\n.*: 88 tensors, 21,299,200 values, none differs\n/,
      )
    }
    for (const mode of ['val', 'predict'])
      t.regex(
        await run(t, ...trace, '--compare', outputs, '--heads', '--nms', mode),
        /: 5 tensors, \d{3},\d{3} values, none differs\n/,
      )
    t.regex(
      await run(t, ...trace, '--binary'),
      /3,261,001,925 synaptic operations.*\n.*none differs/,
    )
    if (runtime === undefined) t.log('onnxruntime-node is not installed: not compared')
    else
      t.regex(
        await run(t, ...trace, '--backend', 'onnx', '--compare', spikes, '--heads'),
        /: 88 tensors, 21,299,200 values, none differs\n.*: 92 tensors, .*none differs\n/,
      )
    // Half the precision, of the weights in `ema`; those in `model` are all zero.
    await run(t, 'import', training, ...EXACT, '-o', onnx, '-q')
    await run(t, 'calibrate', onnx)
    t.regex(await run(t, ...trace), /, [1-9],\d{3},\d{3} spikes\n/)
  },
)

test.serial(
  'gen1_n_small_float under its teacher: what int8, int16 and float cost in each layer',
  async (t) => {
    const files = unpacked(
      'gen1_n_small_float',
      ...['state_dict.pt', 'input.safetensors', 'spikes.safetensors', 'currents.safetensors'],
    )
    if (files === undefined) return skipWithout(t, 'shared/vectors are not here')
    const [state, input, spikes, currents] = files as [string, string, string, string]
    const onnx = scratch(t, 'm.onnx')
    const teacher = join(onnx, '..')
    copyFileSync(spikes, join(teacher, 'spikes.safetensors'))
    copyFileSync(currents, join(teacher, 'currents.safetensors'))
    const form = ['--variant', 'gen1', '--timesteps', '2', '--size', '64x64']
    await run(t, 'import', state, ...form, '-o', onnx, '-q')
    const taught = async (plan: string, ...more: string[]) => {
      const trace = ['trace', plan, '--input', input, '--tensor', 'x_u8', '--teacher', teacher]
      const { distance } = JSON.parse(await run(t, ...trace, '--json', '-q', ...more))
      t.is(distance.values, 851_968)
      t.is(distance.layers.length, 88)
      t.log(`${plan.replace(/.*\//, '')} ${more.join(' ')}: ${distance.flips} flips`)
      return distance
    }
    const plan = (bits: number) => join(teacher, `s${bits}.spike`)
    for (const bits of [8, 16])
      await run(t, 'calibrate', onnx, '--bits', String(bits), '-o', plan(bits), '-q')
    const small = await taught(plan(8))
    t.true(small.flips <= 0.004 * small.values)
    t.true(small.worst.flips <= 0.03 * small.worst.values, small.worst.layer)
    t.true((await taught(plan(16))).flips <= 20)
    if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
    const float = await taught(onnx, '--backend', 'onnx')
    t.is(float.flips, 0)
    for (const { worstCurrent } of float.layers) t.true(worstCurrent < 2e-5)
  },
)

test.serial('import says how far integers are from float, on windows of a recording', async (t) => {
  const [state] = unpacked('gen1_n_small_float', 'state_dict.pt') ?? []
  const recording = sharedPath('recordings/gen1/driving_td.dat')
  if (state === undefined || recording === undefined)
    return skipWithout(t, 'shared/vectors or shared/recordings are not here')
  if (runtime === undefined) return skipWithout(t, 'onnxruntime-node is not installed')
  const onnx = scratch(t, 'm.onnx')
  const small = ['--variant', 'gen1', '--timesteps', '2', '--size', '64x64']
  const told = await run(t, 'import', state, recording, ...small, '-o', onnx)
  t.regex(told, /\nexact: no \(/)
  t.regex(told, /\nmodel\.2\.Conv\.lif1 .* % /)
  t.regex(told, /\ndistance to float, each layer by itself \(4 windows\): /)
  t.regex(told, /\nend to end: \d+\.\d\d % of the spikes differ; head maps /)
})
