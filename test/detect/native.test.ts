import test from 'ava'
import { allocationCount, kernelInfo, openNative } from '../../pipeline/detect/native.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { randomFrame } from '../support/make-plan.js'
import { builder, byHand, finish, smallPlan } from '../support/small-plan.js'

test('a convolution, a bias and the neuron give the spikes that paper and pencil give', async (t) => {
  const build = builder(1, [2, 1, 3])
  // y = 3 x at scale 0.5, minus 1; then clip to 0..4 and round half to even.
  const spikes = build.neuron(byHand(build, 0, 1, { weight: 3, scale: 0.5, bias: -1 }))
  const head = build.mean(byHand(build, spikes, 5, {}))
  await using session = await openNative(finish(build, head))
  const trace = await session.trace(Uint8Array.of(1, 2, 15, 0, 0, 0))
  t.deepEqual(trace.spikes.get('n1'), { shape: [1, 1, 1, 3], data: Uint8Array.of(0, 2, 4) })
  t.deepEqual([...trace.heads[0]!.data.subarray(0, 3)], [0, 2, 4])
  t.deepEqual(trace.heads[0]!.shape, [5, 1, 3])
})

test('the two neurons keep their membranes from step to step, in the order of the design', async (t) => {
  for (const [form, expected] of [
    ['ilif', [2, 3, 0]], // 2.5 -> 2; (0.5) * 0.25 + 2.5 = 2.625 -> 3; -0.375 * 0.25 + 0.5 = 0.40625 -> 0
    ['tau', [1, 1, 0]], // 1.25 -> 1; 0.25 + 1.125 = 1.375 -> 1; 0.375 + 0.0625 = 0.4375 -> 0
  ] as const) {
    const build = builder(3, [2, 1, 1])
    const spikes = build.neuron(byHand(build, 0, 1, { scale: 0.5 }), form)
    const head = build.mean(byHand(build, spikes, 5, {}))
    await using session = await openNative(finish(build, head))
    const trace = await session.trace(Uint8Array.of(5, 0, 5, 0, 1, 0))
    t.deepEqual([...trace.spikes.get('n1')!.data], expected, form)
    const sum = expected.reduce((total: number, spike) => total + spike, 0)
    t.is(trace.heads[0]!.data[0], Math.fround(sum / 3), form)
  }
})

test('runs wait in line and each gets its own result', async (t) => {
  const plan = smallPlan()
  await using session = await openNative(plan, { threads: 2, score: 0 })
  const frames = [1, 2, 3, 4, 5].map((seed) => randomFrame(plan, seed))
  const rows = ({ count, rows }: { count: number; rows: Float32Array }) => [
    ...rows.subarray(0, count * 6),
  ]
  const alone = []
  for (const frame of frames) alone.push(rows(await session.run(frame)))
  const together = await Promise.all(frames.map((frame) => session.run(frame).then(rows)))
  t.deepEqual(together, alone)
  t.true(alone[0]!.length > 0)
})

test('a signal rejects the run under way and the one in line at once, and the session goes on', async (t) => {
  const plan = smallPlan(64, [60, 60])
  await using session = await openNative(plan, { isa: 'scalar' })
  const frame = randomFrame(plan, 1)
  const abort = new AbortController()
  const runs = [
    session.run(frame, { signal: abort.signal }),
    session.run(frame, { signal: abort.signal }),
  ]
  abort.abort()
  for (const run of runs) t.like(await t.throwsAsync(run), { code: 'ERR_ABORTED' })
  t.like(await t.throwsAsync(session.run(frame, { signal: abort.signal })), { code: 'ERR_ABORTED' })
  t.is(typeof (await session.run(frame)).count, 'number')
})

// Serial: the count is the whole process's.
test.serial('a hundred runs allocate nothing in the addon', async (t) => {
  const plan = smallPlan()
  const frame = randomFrame(plan, 1)
  await using session = await openNative(plan, { threads: 2 })
  await session.run(frame)
  const before = allocationCount()
  for (let i = 0; i < 100; i++) await session.run(frame)
  t.is(allocationCount(), before)
  t.true(before > 0)
})

test('frames of the wrong length or with counts above the clip are refused', async (t) => {
  const plan = smallPlan()
  await using session = await openNative(plan)
  const short = await t.throwsAsync(session.run(new Uint8Array(7)), { instanceOf: SaccadeError })
  t.is(short?.code, 'ERR_ARGUMENT')
  t.is(short?.message, 'a frame of random is a Uint8Array of 828 bytes [2, 2, 9, 23], not 7')
  const loud = randomFrame(plan, 1)
  loud[400] = 16
  t.like(await t.throwsAsync(session.run(loud)), {
    code: 'ERR_ARGUMENT',
    message: "the frame holds a count above 15, the clip of random's window",
  })
  loud[400] = 15
  await t.notThrowsAsync(session.run(loud))
})

test('a closed session refuses runs, and close() waits for those in line', async (t) => {
  const plan = smallPlan()
  const session = await openNative(plan, { threads: 2 })
  let ran = 0
  const runs = [1, 2, 3].map((seed) => session.run(randomFrame(plan, seed)).then(() => ran++))
  await session.close()
  await session.close()
  await Promise.all(runs)
  t.is(ran, 3)
  t.like(await t.throwsAsync(session.run(randomFrame(plan, 1))), {
    code: 'ERR_ARGUMENT',
    message: 'the session is closed',
  })
})

test('an instruction set that is not here is an error that lists those that are', async (t) => {
  const error = await t.throwsAsync(openNative(smallPlan(), { isa: 'mmx' }), {
    instanceOf: SaccadeError,
  })
  t.is(error?.code, 'ERR_ISA')
  t.is(
    error?.message,
    `SACCADE_ISA=mmx is not available here; this machine runs ${kernelInfo().supported.join(', ')}`,
  )
})

test('options out of range are errors of the call', async (t) => {
  const wrong = { threads: 0, score: 1.5, iou: -1, max: 1.5 }
  for (const [name, value] of Object.entries(wrong)) {
    const error = await t.throwsAsync(openNative(smallPlan(), { [name]: value }), {
      instanceOf: SaccadeError,
    })
    t.is(error?.code, 'ERR_ARGUMENT')
    t.true(error?.message.startsWith(name))
  }
})
