// The output is a function of file, configuration and model: not of the instruction set, the threads or the backend, and
// not of what happens to lie in a buffer that was given back.
import test from 'ava'
import { kernelInfo } from '../../pipeline/detect/native.js'
import { saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const scenes = [
  ['gen1/driving_td.dat', 20],
  ['atis/car_passing_td.dat', 60],
] as const

const variants: [name: string, args: string[], env: Record<string, string>][] = [
  ['SACCADE_ISA=scalar', [], { SACCADE_ISA: 'scalar' }],
  ['SACCADE_ISA=avx2', [], { SACCADE_ISA: 'avx2' }],
  ['SACCADE_ISA=avx512vnni', [], { SACCADE_ISA: 'avx512vnni' }],
  ['2 threads', ['--threads', '2'], {}],
  ['SACCADE_POISON=1', [], { SACCADE_POISON: '1' }],
  ['--backend onnx', ['--backend', 'onnx'], {}],
]

const hasRuntime = await import('onnxruntime-node' as string).then(
  () => true,
  () => false,
)
/** Without poison, on one thread, with the kernels of this machine. */
const plain = new Map<string, Promise<string>>()

async function replayed(file: string, args: readonly string[], env: Record<string, string>) {
  // A low threshold: the more boxes there are, the more there is to compare.
  const command = ['replay', file, '--json', '--score', '0.05', '--quiet', ...args]
  const run = await saccade(command, { env: { SACCADE_POISON: '', ...env } })
  if (run.code !== 0) throw new Error(run.stderr)
  return run.stdout
}

for (const [scene, windows] of scenes) {
  for (const [name, args, env] of variants) {
    test.serial(`${scene} gives the same bytes with ${name}`, async (t) => {
      const file = sharedPath(`recordings/${scene}`)
      if (file === undefined) return skipWithout(t, 'no shared recordings')
      const isa = env.SACCADE_ISA
      if (isa !== undefined && !kernelInfo().supported.includes(isa))
        return skipWithout(t, `this machine has no ${isa}`)
      if (args.includes('onnx') && !hasRuntime)
        return skipWithout(t, 'onnxruntime-node is not installed')
      if (!plain.has(file)) plain.set(file, replayed(file, ['--threads', '1'], {}))
      const want = await plain.get(file)!
      const sets = want
        .trim()
        .split('\n')
        .slice(1, -1)
        .map((line) => JSON.parse(line))
      t.deepEqual(
        sets.map(({ seq }) => seq),
        Array.from({ length: windows }, (_, k) => k),
      )
      t.true(sets.flatMap(({ detections }) => detections).length > windows)
      // Not t.is: its report of two long texts takes longer than the test.
      t.true((await replayed(file, args, env)) === want)
    })
  }
}
