// A network in the authors' layout with weights on no grid: flips of their own record, by how int8 was chosen.
import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { compileByInputs } from '../../calibration/best-plan.js'
import { compile, importSpikeYolo, roundToLargest } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/index.js'
import { loadTeachers, teachSamples } from '../../pipeline/trace/teach.js'
import { scratch } from '../support/folder.js'
import { readSafetensors } from '../support/safetensors.js'
import { gunzipShared, skipWithout } from '../support/shared.js'

const SIDE = 64
const WHOLE = 320
const MAPS = 2 * 3
/** Where in the 320 x 320 input of gen1_n_exact the record's window lies. */
const [ROW, COLUMN] = [173, 184]

test('chosen on crops beside the window of the record, int8 flips fewer of its spikes than with plain scales', async (t) => {
  t.timeout(900_000)
  const vectors = 'vectors/gen1_n_small_float'
  const weights = gunzipShared(`${vectors}/state_dict.pt.gz`)
  const whole = gunzipShared('vectors/gen1_n_exact/input.safetensors.gz')
  if (weights === undefined || whole === undefined) return skipWithout(t, 'no shared vectors')
  const folder = dirname(scratch(t, 'x'))
  const [spikes, currents, input] = ['spikes', 'currents', 'input'].map(
    (name) => gunzipShared(`${vectors}/${name}.safetensors.gz`)!,
  ) as [string, string, string]
  copyFileSync(spikes, join(folder, 'spikes.safetensors'))
  copyFileSync(currents, join(folder, 'currents.safetensors'))

  const picture = readSafetensors(whole).get('x_u8')!.data as Uint8Array
  const crop = (row: number, column: number) => {
    const frame = new Uint8Array(MAPS * SIDE * SIDE)
    for (let m = 0; m < MAPS; m++)
      for (let y = 0; y < SIDE; y++) {
        const from = (m * WHOLE + row + y) * WHOLE + column
        frame.set(picture.subarray(from, from + SIDE), (m * SIDE + y) * SIDE)
      }
    return frame
  }
  const frame = crop(ROW, COLUMN)
  t.is(Buffer.compare(frame, readSafetensors(input).get('x_u8')!.data as Uint8Array), 0)
  const beside = [-24, -16, -8, 8, 16, 24].flatMap((down) =>
    [-24, -8, 8, 24].map((right) => crop(ROW + down, COLUMN + right)),
  )

  const { onnx } = await importSpikeYolo(weights, {
    variant: 'gen1',
    timesteps: 2,
    size: { width: SIDE, height: SIDE },
  })
  const names = { file: 'small.onnx', name: 'small' }
  const plain = compile(onnx, { ...names, round: roundToLargest })
  const best = await compileByInputs(plain, {
    onnx,
    names,
    seen: beside.filter((_, i) => i % 2 === 0),
    unseen: beside.filter((_, i) => i % 2 === 1),
  })
  const teachers = await loadTeachers(folder, plain.plan, 1)
  const distance = async (plan: Plan) => {
    await using session = await openNative(plan, { currents: true })
    return (await teachSamples(session, [frame], teachers)).distance
  }
  const before = await distance(plain.plan)
  const after = await distance(best.plan)
  t.log(`${before.flips} of ${before.values} spikes flip with plain scales, ${after.flips} chosen`)
  t.is(before.values, 851_968)
  t.true(before.flips > 1900 && before.flips < 2200)
  t.true(after.flips < 0.9 * before.flips)
  t.is(best.choices.length, 80)
  t.true(best.choices.every(({ errorRatio }) => errorRatio <= 1))
})
