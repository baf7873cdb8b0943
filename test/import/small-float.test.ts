// An ordinary float network of the authors: weights off any grid, so the engine is close to it and not equal.
import test from 'ava'
import { compile, exposeValues, importSpikeYolo } from '../../models/index.js'
import { openNative } from '../../pipeline/detect/native.js'
import { openOnnx } from '../../pipeline/detect/onnx.js'
import type { Trace } from '../../pipeline/detect/session.js'
import { readSafetensors } from '../support/safetensors.js'
import { gunzipShared, skipWithout } from '../support/shared.js'

const runtime = await import('onnxruntime-node' as string).catch(() => undefined)
const folder = 'vectors/gen1_n_small_float'

test("an ordinary float network runs: the float oracle differs from the authors' in near ties alone", async (t) => {
  const path = gunzipShared(`${folder}/state_dict.pt.gz`)
  if (path === undefined) return skipWithout(t, 'no shared vectors')
  const spikes = readSafetensors(gunzipShared(`${folder}/spikes.safetensors.gz`)!)
  const input = readSafetensors(gunzipShared(`${folder}/input.safetensors.gz`)!)
  const frames = input.get('x_u8')!.data as Uint8Array
  const { onnx } = await importSpikeYolo(path, {
    variant: 'gen1',
    timesteps: 2,
    size: { width: 64, height: 64 },
  })
  const { plan } = compile(onnx, { file: 'small.onnx', name: 'small' })
  t.is(plan.exact, 'no')
  const different = (trace: Trace, names: string[]) => {
    const found = { different: 0, total: 0 }
    for (const name of names) {
      const wanted = spikes.get(name)!.data
      const { data } = trace.spikes.get(name)!
      found.total += data.length
      for (let i = 0; i < data.length; i++) if (data[i] !== wanted[i]) found.different++
    }
    return found
  }
  await using native = await openNative(plan)
  const trace = await native.trace(frames)
  const whole = different(trace, [...spikes.keys()])
  t.is(whole.total, 851_968)
  t.log(`free running, the engine differs in ${whole.different} of ${whole.total} spikes`)
  // One flip changes what follows, so only the first layers say how near the weights are.
  const first = different(trace, ['model.2.Conv.lif1', 'model.2.Conv.lif2'])
  t.log(`in the first two layers: ${first.different} of ${first.total}`)
  t.true(first.different / first.total < 0.03)
  if (runtime === undefined) return t.log('onnxruntime-node is not installed: not compared')
  const layers = plan.ops.filter(({ op }) => op === 'neuron').map(({ name }) => name)
  await using oracle = await openOnnx(plan, { traced: exposeValues(onnx, layers) })
  const near = different(await oracle.trace(frames), [...spikes.keys()])
  t.log(`free running, the float oracle differs in ${near.different} of ${near.total} spikes`)
  t.true(near.different / near.total < 0.01)
})
