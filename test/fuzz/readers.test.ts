// Damaged files for every reader of models: each gives a value or a SaccadeError with a sentence, never another error, and
// takes no memory that the file does not pay for. Seeded; FUZZ_RUNS (default 2000 per reader) makes it longer.
import test from 'ava'
import { compile } from '../../models/compile/compile.js'
import { encodePlan } from '../../models/compile/spike-file.js'
import { readCheckpoint } from '../../models/import/checkpoint.js'
import { unpickle } from '../../models/import/pickle.js'
import { readPlan } from '../../pipeline/detect/plan-file.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { encodeTensors, parseTensors, type Tensor } from '../../pipeline/tensors/safetensors.js'
import { damage } from '../support/damage.js'
import { archive, PickleWriter } from '../support/make-checkpoint.js'
import { tinyModel } from '../support/make-onnx.js'
import { Random, randomPlan } from '../support/make-plan.js'

const runs = Number(process.env.FUZZ_RUNS ?? 2000)

const pickled = new PickleWriter().value(
  new Map(
    Object.entries({ 'model.0.weight': [4, 2, 3, 3], 'model.0.bias': [4], scalar: [1] }).map(
      ([name, shape]) => {
        const size = shape.reduce((product, n) => product * n, 1)
        return [name, { shape, data: new Float32Array(size).fill(0.5) }]
      },
    ),
  ),
)
const pickle = pickled.bytes()
const checkpoint = (damaged: Uint8Array) => archive(damaged, pickled.storages)

/** All numbers of a checkpoint, so that what its pickle claims is tried on its storages. */
function readAll(file: Uint8Array): number {
  const { tensors, reader } = readCheckpoint(file)
  let numbers = 0
  for (const [name, tensor] of tensors) numbers += reader.read(name, tensor).length
  return numbers
}

const tensors = new Map<string, Tensor>([
  ['a', { dtype: 'U8', shape: [2, 3], data: new Uint8Array(6) }],
  ['b', { dtype: 'F32', shape: [4], data: new Float32Array(4) }],
])

/** A file that is whole, and what reads it. */
const readers: Record<string, { whole: Uint8Array; read: (file: Uint8Array) => unknown }> = {
  ONNX: {
    whole: tinyModel().encode(),
    read: (file) => compile(file, { file: 'm.onnx', name: 'm' }),
  },
  plan: {
    whole: encodePlan(randomPlan({ seed: 3, steps: 2 })),
    read: (file) => readPlan(file, 'm.spike'),
  },
  safetensors: {
    whole: encodeTensors(tensors, { note: 'x' }),
    read: (file) => parseTensors(file, { what: 'tensor file', code: 'ERR_MODEL' }),
  },
  pickle: { whole: pickle, read: unpickle },
  archive: { whole: checkpoint(pickle), read: readAll },
  // The archive is made after the damage, so that its checksums hold.
  'pickle in an archive': { whole: pickle, read: (file) => readAll(checkpoint(file)) },
}

test('the hand-made checkpoint is one: 77 numbers in three tensors', (t) => {
  t.is(readAll(checkpoint(pickle)), 77)
})

for (const [name, { whole, read }] of Object.entries(readers)) {
  test(`a damaged ${name} gives a value or a sentence`, async (t) => {
    t.timeout(Math.max(120_000, runs * 60), 'fuzzing')
    await read(whole)
    let refused = 0
    let slowest = 0
    for (let seed = 1; seed <= runs; seed++) {
      const file = damage(whole, new Random(seed))
      const start = performance.now()
      try {
        await read(file)
      } catch (error) {
        if (!(error instanceof SaccadeError)) {
          t.log(`seed ${seed}: ${Buffer.from(file.subarray(0, 4000)).toString('base64')}`)
          throw error
        }
        refused++
      }
      slowest = Math.max(slowest, performance.now() - start)
    }
    t.log(`${runs} files, ${refused} refused, the slowest in ${slowest.toFixed(0)} ms`)
    t.true(refused > 0)
  })
}
