import test from 'ava'
import fc from 'fast-check'
import { Assignment } from '../../pipeline/track/assign.js'

/** The most that any choice gives, by trying all. */
function best(weights: number[][], row = 0, used = 0): number {
  if (row === weights.length) return 0
  let most = best(weights, row + 1, used)
  weights[row]!.forEach((weight, column) => {
    if (weight > 0 && !(used & (1 << column)))
      most = Math.max(most, weight + best(weights, row + 1, used | (1 << column)))
  })
  return most
}

const tables = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(
        fc.oneof(fc.constantFrom(0, 0, -1, 1, 2), fc.double({ min: 0, max: 1, noNaN: true })),
        {
          minLength: columns,
          maxLength: columns,
        },
      ),
      { minLength: rows, maxLength: rows },
    ),
  )

test('pairs have the largest sum that any choice has, each column once, and none of weight 0', (t) => {
  const assignment = new Assignment()
  fc.assert(
    fc.property(tables, (table) => {
      const columns = table[0]?.length ?? 0
      assignment.weights(table.length, columns).set(table.flat())
      const partners = [...assignment.solve()]
      const taken = partners.filter((column) => column >= 0)
      t.is(new Set(taken).size, taken.length)
      const weights = partners.flatMap((column, row) => (column < 0 ? [] : [table[row]![column]!]))
      t.true(weights.every((weight) => weight > 0))
      const sum = weights.reduce((a, b) => a + b, 0)
      t.true(Math.abs(sum - best(table)) < 1e-9)
    }),
    { numRuns: 300, seed: 13 },
  )
})
