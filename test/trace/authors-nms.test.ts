import test from 'ava'
import { AUTHORS_NMS, authorsNms } from '../../pipeline/detect/authors-nms.js'
import { toDetections } from '../../pipeline/detect/detect.js'
import { decodeAnchors, decodeHeads, pictureOf } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { loadTensors, type Tensor } from '../../pipeline/tensors/safetensors.js'
import { compareTensors } from '../../pipeline/trace/compare.js'
import { fitMap } from '../../pipeline/windows/fit.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { gunzipShared, skipWithout } from '../support/shared.js'

/** What decodeAnchors needs of the authors' networks at a size. */
function settings(size: number): Pick<Plan, 'head' | 'detect' | 'window'> {
  return {
    head: { type: 'dfl', regMax: 16, strides: [8, 16, 32], classes: ['car', 'person'] },
    detect: { score: 0.25, iou: 0.7, max: 300, multiLabel: false },
    window: { width: size, height: size } as Plan['window'],
  }
}
const rows = (data: Float32Array): Tensor => ({
  dtype: 'F32',
  shape: [data.length / 6, 6],
  data,
})

for (const [folder, size] of [
  ['gen1_n_exact', 320],
  ['gen1_n_small_float', 64],
] as const)
  test(`the recorded head maps of ${folder} give the recorded boxes`, async (t) => {
    const path = gunzipShared(`vectors/${folder}/outputs.safetensors.gz`)
    if (path === undefined) return skipWithout(t, 'shared/vectors are not here')
    const { tensors } = await loadTensors(path)
    const feats = ['feat0', 'feat1', 'feat2'].map((name) => tensors.get(name)!)
    const data = decodeAnchors(
      feats.map((feat) => feat.data as Float32Array),
      feats.map(({ shape }) => shape.slice(1) as [number, number, number]),
      settings(size),
    )
    const ours = new Map<string, Tensor>([
      ['y', { dtype: 'F32', shape: [1, 6, data.length / 6], data }],
      ['nms_val', rows(authorsNms(data, 2, 'val'))],
      ['nms_predict', rows(authorsNms(data, 2, 'predict'))],
    ])
    const found = compareTensors(ours, tensors)
    t.is(found.tensors, 3)
    t.is(found.first, undefined, JSON.stringify(found.first))
  })

test("from the recorded anchors the authors' rows follow to the bit", async (t) => {
  const path = gunzipShared('vectors/gen1_n_exact/outputs.safetensors.gz')
  if (path === undefined) return skipWithout(t, 'shared/vectors are not here')
  const { tensors } = await loadTensors(path)
  const y = tensors.get('y')!.data as Float32Array
  for (const mode of ['val', 'predict'] as const)
    t.deepEqual(authorsNms(y, 2, mode), tensors.get(`nms_${mode}`)!.data as Float32Array, mode)
})

test("a session's own boxes, brought to the sensor, are the authors', at its right rim too", async (t) => {
  const path = gunzipShared('vectors/gen1_n_exact/outputs.safetensors.gz')
  if (path === undefined) return skipWithout(t, 'shared/vectors are not here')
  const { tensors } = await loadTensors(path)
  const feats = ['feat0', 'feat1', 'feat2'].map((name) => tensors.get(name)!)
  const { head, detect } = settings(320)
  const letterbox = { sensorWidth: 304, sensorHeight: 240, pad: 114 }
  const sensor = { width: 304, height: 240 }
  const window = { kind: 'polarity-last', width: 320, height: 320, letterbox } as WindowSpec
  const raw = decodeHeads(
    feats.map((feat) => feat.data as Float32Array),
    feats.map(({ shape }) => shape.slice(1) as [number, number, number]),
    head,
    { ...detect, ...AUTHORS_NMS.val },
    pictureOf(window),
  )
  t.is(raw.count, 300)
  const theirs = tensors.get('nms_val_native')!.data as Float32Array
  const identity = { offsetX: 0, offsetY: 0, factorX: 1, factorY: 1, ...sensor }
  const [found, wanted] = [
    toDetections(raw, fitMap(window, sensor), head.classes),
    toDetections({ count: 300, rows: theirs }, identity, head.classes),
  ]
  t.is(found.length, wanted.length)
  let atRim = 0
  let worst = 0
  found.forEach(({ label, score, box }, i) => {
    const want = wanted[i]!
    t.is(label, want.label)
    const far = [score - want.score, box.x - want.box.x, box.y - want.box.y]
    far.push(box.w - want.box.w, box.h - want.box.h)
    worst = Math.max(worst, ...far.map(Math.abs))
    if (want.box.x + want.box.w === 304) atRim += 1
  })
  // They round their softmax to f32, and every corner.
  t.true(worst < 2e-4, `${worst} px apart`)
  t.true(atRim > 0)
})

test('equal scores keep the order of anchors, and overlapping boxes of another class stay', (t) => {
  // cx, cy, w, h, two scores of three anchors: the first two are the same box.
  const y = Float32Array.from(
    [
      [16, 16, 80],
      [16, 16, 80],
      [8, 8, 8],
      [8, 8, 8],
      [0.5, 0.5, 0.5],
      [0.25, 0.75, 0.5],
    ].flat(),
  )
  t.deepEqual(
    [...authorsNms(y, 2, 'val')],
    [
      ...[12, 12, 20, 20, 0.75, 1],
      ...[12, 12, 20, 20, 0.5, 0],
      ...[76, 76, 84, 84, 0.5, 0],
      ...[76, 76, 84, 84, 0.5, 1],
    ],
  )
  // The best class of an anchor, the lowest where they tie; 0.25 is not above 0.25.
  t.deepEqual(
    [...authorsNms(y, 2, 'predict')],
    [...[12, 12, 20, 20, 0.75, 1], ...[12, 12, 20, 20, 0.5, 0], ...[76, 76, 84, 84, 0.5, 0]],
  )
})

test('boxes without area stay, one beside the other', (t) => {
  const y = Float32Array.from(
    [
      [16, 16],
      [16, 16],
      [0, 0],
      [0, 0],
      [0.5, 0.75],
    ].flat(),
  )
  t.deepEqual([...authorsNms(y, 1, 'val')], [16, 16, 16, 16, 0.75, 0, 16, 16, 16, 16, 0.5, 0])
})
