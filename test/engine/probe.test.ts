import test from 'ava'
import { kernelInfo, openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import { type Teacher, type Trace, WORK_NUMBERS } from '../../pipeline/detect/session.js'
import { neurons, noWork } from '../../pipeline/detect/teacher.js'
import { randomFrame, randomPlan } from '../support/make-plan.js'
import { interpretPlan } from '../support/plan-interpreter.js'
import { builder, byHand, finish, smallPlan } from '../support/small-plan.js'

const plans: [string, Plan][] = [
  ['a small plan of two steps', smallPlan(20, [9, 23])],
  ...([1, 2, 4] as const).map((steps): [string, Plan] => [
    `a random plan of ${steps} steps`,
    randomPlan({
      seed: steps,
      steps,
      form: steps === 2 ? 'tau' : 'ilif',
      bits: steps === 4 ? 16 : 8,
    }),
  ]),
]

for (const [name, plan] of plans)
  test(`binary accumulations give the bytes of the dense kernels, and both count the same operations: ${name}`, async (t) => {
    const frame = randomFrame(plan, 5)
    const wanted = interpretPlan(plan, frame)
    for (const threads of [1, 3]) {
      const counted = noWork(plan)
      await using binary = await openNative(plan, { form: 'binary', threads })
      t.deepEqual(await binary.trace(frame, { work: counted }), wanted)
      for (const isa of kernelInfo().supported) {
        const work = noWork(plan)
        await using dense = await openNative(plan, { isa, threads })
        await dense.measure!(frame, work)
        t.is(work.frames, 1)
        const operations = (numbers: Float64Array) =>
          numbers.filter((_, i) => i % WORK_NUMBERS === 3)
        t.deepEqual(operations(work.numbers), operations(counted.numbers))
        plan.ops.forEach((op, i) => {
          const onSpikes = op.op === 'conv' && plan.tensors[op.input]!.kind === 'spike'
          t.is(work.numbers[WORK_NUMBERS * i + 3]! > 0, onSpikes, op.name)
          if (onSpikes) countsOf(t, wanted, plan, op.input, work.numbers.subarray(WORK_NUMBERS * i))
        })
      }
    }
  })

/** Number and sum of a convolution's input spikes. */
function countsOf(
  t: { is(a: number, b: number, message?: string): void },
  trace: Trace,
  plan: Plan,
  input: number,
  numbers: Float64Array,
): void {
  const { name } = plan.ops.find(({ output }) => output === input)!
  const { data } = trace.spikes.get(name)!
  t.is(numbers[1]!, data.filter((spike) => spike > 0).length, name)
  t.is(
    numbers[2]!,
    data.reduce((sum, spike) => sum + spike, 0),
    name,
  )
}

test('operations are those that reach the picture: by hand, 3 x 3 with and without padding', async (t) => {
  const build = builder(1, [2, 3, 3])
  const spikes = build.neuron(byHand(build, 0, 2, {}))
  const conv = build.conv(spikes, 4)
  const output = byHand(build, build.neuron(conv), 5, { weight: 0 })
  const plan = finish(build, build.mean(output))
  const frame = new Uint8Array(18)
  frame[0] = 3 // channel 0, a corner: 2 x 2 outputs
  frame[9 + 4] = 1 // channel 1, the middle: 3 x 3 outputs
  frame[9 + 5] = 2 // channel 1, an edge: 3 x 2 outputs
  // The first layer sums both channels into each.
  const reached = (3 * 4 + 1 * 9 + 2 * 6) * 2 * 4
  for (const form of ['dense', 'sparse', 'binary'] as const) {
    const work = noWork(plan)
    await using session = await openNative(plan, { form })
    await session.measure!(frame, work)
    await session.measure!(frame, work)
    t.is(work.frames, 2)
    t.deepEqual([...work.numbers.subarray(1, 4)], [6, 12, 0])
    t.deepEqual(
      [...work.numbers.subarray(2 * WORK_NUMBERS + 1, 2 * WORK_NUMBERS + 4)],
      [12, 24, 2 * reached],
    )
  }
})

function teacherOf({ spikes, currents }: Trace): Teacher {
  return {
    spikes: new Map([...spikes].map(([name, { data }]) => [name, data])),
    currents: currents!,
  }
}

for (const [name, plan] of plans)
  test(`under its own trace as teacher nothing changes: ${name}`, async (t) => {
    const frame = randomFrame(plan, 6)
    for (const form of ['dense', 'sparse', 'binary'] as const) {
      await using session = await openNative(plan, { currents: true, threads: 2, form })
      const free = await session.trace(frame)
      const { spikes, heads } = interpretPlan(plan, frame)
      t.deepEqual({ spikes: free.spikes, heads: free.heads }, { spikes, heads })
      t.deepEqual(await session.trace(frame, { teacher: teacherOf(free) }), free)
    }
  })

test('an error of a teacher reaches the layers that read it and none behind them', async (t) => {
  const plan = smallPlan(20, [9, 23])
  const frame = randomFrame(plan, 6)
  await using session = await openNative(plan, { currents: true })
  const free = await session.trace(frame)
  const [first, second, third] = neurons(plan).map((neuron) => neuron.name)
  const changed = teacherOf(structuredClone(free))
  const spikes = changed.spikes.get(first!)!
  for (let i = 0; i < spikes.length; i++) spikes[i] = (spikes[i]! + 1) % 5
  const taught = await session.trace(frame, { teacher: changed })
  t.deepEqual(taught.spikes.get(first!), free.spikes.get(first!), 'what it made itself is shown')
  t.notDeepEqual(taught.spikes.get(second!), free.spikes.get(second!))
  t.deepEqual(taught.spikes.get(third!), free.spikes.get(third!))
  // The residual stream of the third layer is the current of the first.
  const shifted = teacherOf(structuredClone(free))
  shifted.currents.get(first!)!.fill(9)
  const moved = await session.trace(frame, { teacher: shifted })
  t.deepEqual(moved.spikes.get(second!), free.spikes.get(second!))
  t.notDeepEqual(moved.spikes.get(third!), free.spikes.get(third!))
})

test('several neurons on one value all see the computed one', async (t) => {
  const build = builder(2, [2, 6, 7])
  const value = build.conv(0, 8)
  const [a, b] = [build.neuron(value), build.neuron(value, 'tau')]
  const sum = build.add(build.conv(a, 8), build.add(build.conv(b, 8), value))
  const plan = finish(build, build.mean(build.conv(build.neuron(sum), 5, { kernel: [1, 1] })))
  const frame = randomFrame(plan, 3)
  await using session = await openNative(plan, { currents: true })
  const free = await session.trace(frame)
  t.deepEqual(interpretPlan(plan, frame).spikes, free.spikes)
  const teacher = teacherOf(structuredClone(free))
  const [first, second, third] = neurons(plan).map((neuron) => neuron.name)
  for (const name of [first!, second!]) teacher.currents.get(name)!.fill(-50)
  const taught = await session.trace(frame, { teacher })
  for (const name of [first!, second!]) t.deepEqual(taught.spikes.get(name), free.spikes.get(name))
  t.notDeepEqual(taught.spikes.get(third!), free.spikes.get(third!))
})

test('a teacher that does not fit is refused with the layer named', async (t) => {
  const plan = smallPlan(4, [3, 3])
  const frame = randomFrame(plan, 6)
  await using session = await openNative(plan, { currents: true })
  const free = await session.trace(frame)
  const [first] = neurons(plan).map((neuron) => neuron.name)
  const refuse = async (change: (teacher: Teacher) => void, message: RegExp) => {
    const teacher = teacherOf(structuredClone(free))
    change(teacher)
    await t.throwsAsync(session.trace(frame, { teacher }), { code: 'ERR_ARGUMENT', message })
  }
  await refuse(
    (x) => (x.spikes as Map<string, unknown>).delete(first!),
    /no spikes and 72 currents of n1/,
  )
  await refuse(
    (x) => (x.currents as Map<string, Float32Array>).set(first!, new Float32Array(3)),
    /72 spikes and 3 currents of n1, not 72 \[2, 4, 3, 3\]/,
  )
  await refuse((x) => x.spikes.get(first!)!.fill(9, 5, 6), /spike 5 of n1 is 9, above its 4 levels/)
  await using plain = await openNative(plan)
  await t.throwsAsync(plain.trace(frame, { teacher: teacherOf(free) }), { code: 'ERR_ARGUMENT' })
})
