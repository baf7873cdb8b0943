import test from 'ava'
import fc from 'fast-check'
import { kernelInfo, openNative } from '../../pipeline/detect/native.js'
import { randomFrame, randomPlan } from '../support/make-plan.js'
import { interpretPlan } from '../support/plan-interpreter.js'
import { smallPlan } from '../support/small-plan.js'

const wishes = fc.record({
  seed: fc.nat(1e6),
  steps: fc.constantFrom(1, 2, 4),
  bits: fc.constantFrom(8 as const, 16 as const),
  form: fc.constantFrom('ilif' as const, 'tau' as const),
  levels: fc.constantFrom(1, 2, 4, 5, 15, 130),
  // Multiples of the strides; the maps inside have odd sides.
  width: fc.integer({ min: 1, max: 11 }).map((cells) => 8 * cells),
  height: fc.integer({ min: 1, max: 8 }).map((cells) => 8 * cells),
})

test('random plans give the spikes and head maps of the interpreter, on every instruction set, thread count and form', async (t) => {
  let runs = 0
  const property = fc.asyncProperty(wishes, fc.nat(1e6), async (wish, frameSeed) => {
    const plan = randomPlan(wish)
    const frame = randomFrame(plan, frameSeed)
    const wanted = interpretPlan(plan, frame)
    for (const isa of kernelInfo().supported) {
      for (const threads of [1, 2, 3]) {
        for (const form of threads === 1 ? (['dense', 'sparse'] as const) : (['auto'] as const)) {
          await using session = await openNative(plan, { isa, threads, form })
          t.deepEqual(await session.trace(frame), wanted, `${isa}, ${threads} threads, ${form}`)
          runs++
        }
      }
    }
  })
  await fc.assert(property, { numRuns: 20, seed: 8 })
  t.true(runs >= 80)
})

test('a residual chain, a depthwise convolution and both neurons are exact at many shapes', async (t) => {
  for (const [channels, size] of [
    [1, [1, 1]],
    [7, [3, 5]],
    [20, [9, 23]],
    [33, [21, 6]],
    [48, [22, 38]],
  ] as const) {
    const plan = smallPlan(channels, [...size])
    const frame = randomFrame(plan, channels)
    const wanted = interpretPlan(plan, frame)
    for (const isa of kernelInfo().supported) {
      for (const threads of [1, 2, 5]) {
        await using session = await openNative(plan, {
          isa,
          threads,
          form: threads === 2 ? 'auto' : 'sparse',
        })
        // The second run finds the maps full of the first one's values.
        await session.run(randomFrame(plan, 99))
        t.deepEqual(
          await session.trace(frame),
          wanted,
          `${isa}, ${threads} threads, ${channels} channels`,
        )
      }
    }
  }
})
