import test from 'ava'
import { openNative } from '../../pipeline/detect/native.js'
import type { ConvOp, Plan } from '../../pipeline/detect/plan.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { smallPlan } from '../support/small-plan.js'

/** Every plan here is wrong in one way; it must be refused with the operator named, before memory is taken. */
const wrong: Record<string, { change: (plan: Plan) => void; says: RegExp }> = {
  'weights that are too few': {
    change: (plan) => plan.weights.set('conv0.weight', new Int8Array(3)),
    says: /operator 0 \(conv0\): the weights do not have the size of the shape/,
  },
  'weights that are absent': {
    change: (plan) => plan.weights.delete('conv0.weight'),
    says: /plan\.ops\[0\]\.weight must be a typed array of the right kind/,
  },
  'weights of another type': {
    change: (plan) => plan.weights.set('conv0.weight', new Int16Array(64 * 18)),
    says: /plan\.ops\[0\]\.weight must be a typed array of the right kind/,
  },
  'a bias that is not finite': {
    change: (plan) => plan.weights.get('conv0.bias')!.fill(Number.NaN),
    says: /a bias is not finite/,
  },
  'a scale that is infinite': {
    change: (plan) => plan.weights.get('conv0.scale')!.fill(Number.POSITIVE_INFINITY),
    says: /a scale is not finite/,
  },
  'a tensor that does not exist': {
    change: (plan) => {
      plan.ops[0]!.output = 77
    },
    says: /names tensor 77, which does not exist/,
  },
  'an operator that reads before it is written': {
    change: (plan) => plan.ops.reverse(),
    says: /reads a tensor before it is written/,
  },
  'a tensor written twice': {
    change: (plan) => {
      plan.ops[4]!.output = plan.ops[0]!.output
    },
    says: /writes a tensor that is written already/,
  },
  'a huge kernel': {
    change: (plan) => {
      ;(plan.ops[0] as ConvOp).kernel = [1000, 1000]
    },
    says: /a kernel side must be 1\.\.31/,
  },
  'a stride of zero': {
    change: (plan) => {
      ;(plan.ops[0] as ConvOp).stride = [0, 1]
    },
    says: /strideY must be a whole number/,
  },
  'a padding below zero': {
    change: (plan) => {
      ;(plan.ops[0] as ConvOp).pad = [-1, 0, 0, 0]
    },
    says: /padTop must be a whole number/,
  },
  'groups that do not divide': {
    change: (plan) => {
      ;(plan.ops[0] as ConvOp).groups = 7
    },
    says: /the groups do not divide the channels/,
  },
  'a size that does not follow': {
    change: (plan) => {
      plan.tensors[1]!.width++
    },
    says: /output's size does not follow/,
  },
  'a side of a million': {
    change: (plan) => {
      plan.tensors[1]!.width = 1_000_000
    },
    says: /width must be a whole number, 1\.\.16384/,
  },
  'levels above a byte': {
    change: (plan) => {
      const neuron = plan.ops.find((op) => op.op === 'neuron')!
      if (neuron.op === 'neuron') neuron.levels = 300
    },
    says: /levels must be a whole number, 1\.\.255/,
  },
  'sums that may leave 32 bits': {
    change: (plan) => {
      // 64 channels * 9 taps * 32768 * 255 levels = 4.8e9.
      const [before, conv] = [plan.ops[3]!, plan.ops[4] as ConvOp]
      if (before.op === 'neuron') before.levels = 255
      conv.bits = 16
      const weight = new Int16Array(plan.weights.get('conv4.weight')!.length).fill(-32768)
      plan.weights.set('conv4.weight', weight)
    },
    says: /operator 4 \(conv4\): the sums of channel 0 may leave 32 bits/,
  },
  'an output with time steps': {
    change: (plan) => {
      plan.outputs = [plan.ops.at(-2)!.output]
    },
    says: /still has time steps/,
  },
  'no outputs': {
    change: (plan) => {
      plan.outputs = []
    },
    says: /1\.\.64 outputs/,
  },
  'two inputs': {
    change: (plan) => {
      plan.tensors.push({ ...plan.tensors[0]!, id: 99 })
    },
    says: /more than one input/,
  },
  'a head that does not fit': {
    change: (plan) => {
      plan.head.classes = ['a', 'b', 'c']
    },
    says: /a head map has 5 channels, 4 \* reg_max \+ classes is 7/,
  },
  'a window of another size': {
    change: (plan) => {
      plan.window.width++
    },
    says: /its window of 2 x 4 x 5 is not the shape of its input/,
  },
  'no time': {
    change: (plan) => {
      plan.window.steps = 0
    },
    says: /steps must be a whole number/,
  },
}

for (const [name, { change, says }] of Object.entries(wrong)) {
  test(`a plan with ${name} is refused in one sentence`, async (t) => {
    const plan = structuredClone(smallPlan(64, [4, 4]))
    change(plan)
    const error = await t.throwsAsync(openNative(plan), { instanceOf: SaccadeError })
    t.is(error?.code, 'ERR_MODEL')
    t.regex(error!.message, says)
  })
}

test('maps that together take more than 4 GiB are refused before memory is taken', async (t) => {
  const plan = structuredClone(smallPlan())
  for (const tensor of plan.tensors) {
    tensor.height = 16384
    tensor.width = 16384
  }
  plan.window.height = 16384
  plan.window.width = 16384
  const error = await t.throwsAsync(openNative(plan), { instanceOf: SaccadeError })
  t.is(error?.code, 'ERR_MODEL')
  t.regex(error!.message, /takes more than 2 GiB/)
})
