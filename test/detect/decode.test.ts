import test from 'ava'
import { decodeHeads } from '../../pipeline/detect/native.js'
import type { DetectSpec, HeadSpec } from '../../pipeline/detect/plan.js'

const clip = { width: 64, height: 48 }
const head = (classes: number, regMax = 4): HeadSpec => ({
  type: 'dfl',
  regMax,
  strides: [8],
  classes: Array.from({ length: classes }, (_, i) => `class${i}`),
})
const detect: DetectSpec = { score: 0.3, iou: 0.6, max: 100, multiLabel: false }

/** A head map of 6 x 8 cells at stride 8 in which `cells` hold one-hot distances (in cells) and logits. */
function map(
  classes: number,
  cells: { x: number; y: number; sides: number[]; logits: number[] }[],
  regMax = 4,
): [Float32Array, [number, number, number]] {
  const [height, width] = [6, 8]
  const channels = 4 * regMax + classes
  const data = new Float32Array(channels * height * width).fill(-20)
  const put = (channel: number, x: number, y: number, value: number) => {
    data[(channel * height + y) * width + x] = value
  }
  for (const { x, y, sides, logits } of cells) {
    // A logit 60 above the rest leaves nothing (1e-26) for the other bins.
    for (const [side, bin] of sides.entries()) put(side * regMax + bin, x, y, 40)
    for (const [label, logit] of logits.entries()) put(4 * regMax + label, x, y, logit)
  }
  return [data, [channels, height, width]]
}

function boxes(result: { count: number; rows: Float32Array }): number[][] {
  return Array.from({ length: result.count }, (_, i) => [...result.rows.subarray(i * 6, i * 6 + 6)])
}

test('a box is its cell centre minus and plus the expected distances, clipped to the picture', (t) => {
  const [data, shape] = map(1, [
    { x: 3, y: 2, sides: [1, 2, 3, 1], logits: [0] },
    { x: 7, y: 5, sides: [0, 0, 3, 3], logits: [-0.5] },
  ])
  t.deepEqual(boxes(decodeHeads([data], [shape], head(1), detect, clip)), [
    [20, 4, 52, 28, 0.5, 0],
    [60, 44, 64, 48, Math.fround(1 / (1 + Math.exp(0.5))), 0],
  ])
})

test('without a picture a box reaches as far as its distances say', (t) => {
  const [data, shape] = map(1, [
    { x: 0, y: 0, sides: [3, 2, 1, 1], logits: [0] },
    { x: 7, y: 5, sides: [0, 0, 3, 3], logits: [-0.5] },
  ])
  const found = boxes(decodeHeads([data], [shape], head(1), detect, undefined))
  t.deepEqual(
    found.map((row) => row.slice(0, 4)),
    [
      [-20, -12, 12, 12],
      [60, 44, 84, 68],
    ],
  )
})

test('equal logits in all bins give the mean distance', (t) => {
  const [data, shape] = map(1, [{ x: 4, y: 3, sides: [], logits: [3] }])
  // All bins at -20: distance (0 + 1 + 2 + 3) / 4 = 1.5 cells.
  t.deepEqual(
    boxes(decodeHeads([data], [shape], head(1), detect, clip))[0]!.slice(0, 4),
    [24, 16, 48, 40],
  )
})

test('the score threshold is strict', (t) => {
  const [data, shape] = map(1, [{ x: 1, y: 1, sides: [1, 1, 1, 1], logits: [0] }])
  t.is(decodeHeads([data], [shape], head(1), { ...detect, score: 0.5 }, clip).count, 0)
  t.is(decodeHeads([data], [shape], head(1), { ...detect, score: 0.499999 }, clip).count, 1)
})

test('a box is dropped when it overlaps a better one of its class by more than the limit, and only then', (t) => {
  // 32 x 32 at x 12 and x 20: 24 / 40 of the union is shared, exactly 0.6.
  const cells = (label: number) => [
    { x: 3, y: 2, sides: [2, 2, 2, 2], logits: [2, -20] },
    { x: 4, y: 2, sides: [2, 2, 2, 2], logits: label ? [-20, 1] : [1, -20] },
  ]
  const count = (label: number, iou: number) => {
    const [data, shape] = map(2, cells(label))
    return decodeHeads([data], [shape], head(2), { ...detect, iou }, clip).count
  }
  t.is(count(0, 0.61), 2)
  t.is(count(0, 0.6), 2) // f32 0.6 lies above the exact 0.6
  t.is(count(0, 0.59), 1)
  t.is(count(1, 0.1), 2)
})

test('ties go to the lower anchor, then to the lower class; max cuts', (t) => {
  const cells = [
    { x: 6, y: 4, sides: [1, 1, 1, 1], logits: [1, 1] },
    { x: 1, y: 1, sides: [1, 1, 1, 1], logits: [1, 1] },
  ]
  const [data, shape] = map(2, cells)
  const single = boxes(decodeHeads([data], [shape], head(2), detect, clip))
  t.deepEqual(
    single.map(([x1, , , , , label]) => [x1, label]),
    [
      [4, 0],
      [44, 0],
    ],
  )
  const multi = boxes(decodeHeads([data], [shape], head(2), { ...detect, multiLabel: true }, clip))
  t.deepEqual(
    multi.map(([x1, , , , , label]) => [x1, label]),
    [
      [4, 0],
      [4, 1],
      [44, 0],
      [44, 1],
    ],
  )
  t.is(
    decodeHeads([data], [shape], head(2), { ...detect, multiLabel: true, max: 3 }, clip).count,
    3,
  )
})

test('maps full of NaN, infinities or a flat background give an answer', (t) => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, 5]) {
    const data = new Float32Array(17 * 200 * 200).fill(value)
    const large = { width: 1600, height: 1600 }
    for (const picture of [large, undefined]) {
      const result = decodeHeads([data], [[17, 200, 200]], head(1), detect, picture)
      t.true(result.count <= 100)
      for (const number of result.rows) t.true(Number.isFinite(number), String(value))
    }
  }
})

test('scores agree with the exponential of the platform to a float', (t) => {
  for (let logit = -0.8; logit < 30; logit += 0.137) {
    const [data, shape] = map(1, [{ x: 1, y: 1, sides: [1, 1, 1, 1], logits: [logit] }])
    const { rows } = decodeHeads([data], [shape], head(1), detect, clip)
    t.is(rows[4], Math.fround(1 / (1 + Math.exp(-Math.fround(logit)))))
  }
})

test('shapes and settings that do not fit are one sentence', (t) => {
  const [data, shape] = map(1, [])
  const wrong = (call: () => unknown) => t.throws(call)
  t.like(
    wrong(() => decodeHeads([data], [shape], head(2), detect, clip)),
    {
      code: 'ERR_MODEL',
      message: 'a head map has 17 channels, 4 * reg_max + classes is 18',
    },
  )
  t.like(
    wrong(() => decodeHeads([data], [[17, 6, 9]], head(1), detect, clip)),
    {
      code: 'ERR_MODEL',
      message: "a head's length is not the product of its shape",
    },
  )
  t.like(
    wrong(() => decodeHeads([data], [], head(1), detect, clip)),
    { code: 'ERR_MODEL' },
  )
  t.like(
    wrong(() => decodeHeads([data], [shape], head(1), { ...detect, max: 0 }, clip)),
    { code: 'ERR_MODEL' },
  )
  t.like(
    wrong(() => decodeHeads([data], [shape], { ...head(1), strides: [1e9] }, detect, undefined)),
    { code: 'ERR_MODEL', message: 'a stride must be at most 1024' },
  )
})
