import test from 'ava'
import { median, standings } from '../../bench/statistics.js'

test('a ratio is the median of the rounds, not of the medians', (t) => {
  // Round 2 ran on a slow machine: both were slow, and their ratio is what it always is.
  const rounds = [
    { ours: 1, theirs: 3 },
    { ours: 10, theirs: 30 },
    { ours: 2, theirs: 6 },
    { ours: 1, theirs: 6 },
  ]
  const [ours, theirs] = standings(rounds, 'ours')
  t.deepEqual(ours, { contestant: 'ours', medianMs: 1.5, bestMs: 1, ratio: 1 })
  t.deepEqual(theirs, { contestant: 'theirs', medianMs: 6, bestMs: 3, ratio: 3 })
})

test('the median of an even number of values lies between the two in the middle, and the values stay as they are', (t) => {
  const values = [4, 1, 3, 2]
  t.is(median(values), 2.5)
  t.deepEqual(values, [4, 1, 3, 2])
  t.is(median([]), Number.NaN)
})
