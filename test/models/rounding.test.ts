import test from 'ava'
import fc from 'fast-check'
import { type FloatLayer, roundByError, roundToLargest } from '../../models/index.js'

function layer(weight: ArrayLike<number>, outputs = 1): FloatLayer {
  return {
    name: 'conv',
    weight: Float64Array.from(weight, Math.fround),
    bias: new Float64Array(outputs),
    outputs,
    groups: 1,
    inputScale: 1,
  }
}

function squaredError({ weight, outputs }: FloatLayer, round: typeof roundByError): number[] {
  const { integers, scales } = round(layer(weight, outputs))
  const size = weight.length / outputs
  return Array.from({ length: outputs }, (_, c) =>
    weight
      .subarray(c * size, (c + 1) * size)
      .reduce((sum, w, i) => sum + (integers[c * size + i]! * scales[c]! - w) ** 2, 0),
  )
}

test('no channel is worse than with the scale of its largest weight', (t) => {
  const weights = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
    minLength: 2,
    maxLength: 60,
  })
  t.notThrows(() =>
    fc.assert(
      fc.property(weights, (values) => {
        const both = layer([...values, ...values.map((w) => w ** 3)], 2)
        const best = squaredError(both, roundByError)
        const plain = squaredError(both, roundToLargest)
        return best.every((error, c) => error <= plain[c]!)
      }),
      { numRuns: 200, seed: 5 },
    ),
  )
})

test('a largest weight that stands alone is clipped a little, and not where that costs more than it gives', (t) => {
  const weights = Array.from({ length: 4000 }, (_, i) => Math.sin(i * i))
  const clipped = (largest: number) => {
    weights[500] = largest
    const { integers, scales } = roundByError(layer(weights))
    return (integers[500]! * scales[0]!) / largest
  }
  t.true(clipped(1.02) < 0.995)
  t.true(clipped(40) > 0.97)
})

test('a channel of zeros stays one', (t) => {
  t.deepEqual([...roundByError(layer([0, 0, 0])).integers], [0, 0, 0])
})
