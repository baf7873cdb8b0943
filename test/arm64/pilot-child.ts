// The pilot's recorded window on this machine's default instruction set: every spike map and both head maps must be the
// recorded ones, in every form. `node dist/test/arm64/pilot-child.js`; scripts/test-arm64.js runs it in an emulated arm64 Node, where AVA
// would take a minute to start.
import { join } from 'node:path'
import { kernelInfo, openNative } from '../../pipeline/detect/native.js'
import { loadPlan } from '../../pipeline/detect/plan-file.js'
import { readSafetensors } from '../support/safetensors.js'
import { packageRoot } from '../support/shared.js'

const sample = process.argv[2]
if (sample === undefined) throw new Error('usage: pilot-child.js sample.safetensors')
const tensors = readSafetensors(sample)
const plan = await loadPlan(join(packageRoot, 'models/car-pilot/model.spike'))
const frame = Uint8Array.from(tensors.get('frames')!.data, (value) => value * 4)

const { isa } = kernelInfo()
let values = 0
function compare(name: string, got: Uint8Array | Float32Array, wanted: Uint8Array | Float32Array) {
  const at = got.findIndex((value, i) => value !== wanted[i])
  if (at >= 0) throw new Error(`${name}[${at}] is ${got[at]}, not ${wanted[at]}, on ${isa}`)
  if (got.length !== wanted.length) throw new Error(`${name} has ${got.length} values on ${isa}`)
  values += got.length
}
for (const form of ['auto', 'dense', 'sparse', 'binary'] as const) {
  await using session = await openNative(plan, { isa, threads: 2, form })
  const { spikes, heads } = await session.trace(frame)
  for (const [name, { data }] of spikes) {
    compare(name, data, tensors.get(`spikes/${name}`)!.data as Uint8Array)
  }
  for (const [i, name] of ['p3', 'p4'].entries()) {
    compare(name, heads[i]!.data, tensors.get(name)!.data as Float32Array)
  }
}
console.log(`${isa}: all spike maps and heads, in every form, ${values} values equal`)
