import test from 'ava'
import { shiftFor, shiftsFor } from '../../bench/engine/density.js'
import { overlaid, thinned } from '../../bench/engine/growth.js'
import { biasInteger, fitsInteger } from '../../bench/engine/int8-exact.js'

const fired = (values: Float32Array, shift: number) => values.filter((x) => x + shift > 0.5).length

test('a shift lets the wanted part of the values pass the threshold', (t) => {
  const sorted = Float32Array.from({ length: 1000 }, (_, i) => i / 100)
  t.is(fired(sorted, shiftFor(sorted, 0.5, 0.1)), 99)
  t.is(fired(sorted, shiftFor(sorted, 0.5, 0.4)), 399)
})

test('places that are all alike stay silent together, half a step below the threshold', (t) => {
  const sorted = Float32Array.of(-1, 2, 2, 2, 2, 2, 2, 2, 3, 5)
  const shift = shiftFor(sorted, 0.5, 0.5)
  t.is(shift, 0.5 - 2.5)
  t.is(fired(sorted, shift), 2)
  const still = new Float32Array(10).fill(7)
  t.is(fired(still, shiftFor(still, 0.5, 0.5)), 0)
})

test('where whole channels are alike, some of them fire everywhere until the layer fires as densely as asked', (t) => {
  const channels = Array.from({ length: 20 }, (_, i) => new Float32Array(50).fill(i))
  const shifts = shiftsFor(channels, 0.5, 0.1)
  t.is(channels.filter((values, i) => fired(values, shifts[i]!) === 50).length, 2)
  t.is(channels.filter((values, i) => fired(values, shifts[i]!) === 0).length, 18)
})

test('a bias between two sums is rounded down, and a sum then on a tie goes up as the true one does', (t) => {
  const scale = 2 ** -4
  t.deepEqual(biasInteger(0.75, scale), [12, scale])
  const [bias, nudged] = biasInteger(0.75 + 2 ** -6, scale)
  t.is(bias, 12)
  const rounded = (sum: number) => {
    const y = Math.fround((sum + bias) * nudged)
    const floor = Math.floor(y)
    return y - floor > 0.5 || (y - floor === 0.5 && floor % 2 === 1) ? floor + 1 : floor
  }
  // The current is 2.5 + 2^-6: a spike of 3, where half to even of 2.5 would give 2.
  t.is(rounded(28), 3)
  t.is(rounded(27), 2)
  t.true(fitsInteger(0.7, scale, 1))
  // Between the thresholds 0.5 and 1.5 lies no whole 2: a bias of 1 cannot be rounded to one.
  t.false(fitsInteger(1, 2, 1))
  t.true(fitsInteger(4, 2, 1))
})

test('events are taken out of a frame one by one, or frames laid over each other up to the clip', (t) => {
  const frame = new Uint8Array(10_000).fill(3)
  const left = thinned(frame, 0.1).reduce((sum, count) => sum + count, 0)
  t.true(left > 2700 && left < 3300, `${left} of 30000`)
  t.deepEqual(thinned(frame, 1), frame)
  const [a, b] = [Uint8Array.of(1, 0, 9), Uint8Array.of(2, 0, 9)]
  t.deepEqual(overlaid([a, b], 1, 2, 15), Uint8Array.of(3, 0, 15))
})
