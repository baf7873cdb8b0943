// Neurons of a plan, and recorded values that fit them.
import { SaccadeError } from '../errors.js'
import { sizeOf } from '../tensors/safetensors.js'
import type { Plan } from './plan.js'
import { type Teacher, WORK_NUMBERS, type Work } from './session.js'

/** The neurons of a plan in its order: layer name, names of the tensors around it, shape [T, C, H, W] of both. */
export function neurons(
  plan: Plan,
): { name: string; current: string; spikes: string; shape: number[]; levels: number }[] {
  const tensors = new Map(plan.tensors.map((tensor) => [tensor.id, tensor]))
  return plan.ops.flatMap((op) => {
    if (op.op !== 'neuron') return []
    const { name: spikes, timed, channels, height, width } = tensors.get(op.output)!
    const shape = [timed ? plan.window.steps : 1, channels, height, width]
    return [
      { name: op.name, current: tensors.get(op.input)!.name, spikes, shape, levels: op.levels },
    ]
  })
}

/** Nothing counted yet. */
export function noWork(plan: Plan): Work {
  return { frames: 0, numbers: new Float64Array(plan.ops.length * WORK_NUMBERS) }
}

/** Throws ERR_ARGUMENT when a teacher lacks a layer, or has another shape or larger spikes than the plan. */
export function checkTeacher(plan: Plan, teacher: Teacher, currents: boolean): void {
  if (!currents)
    throw new SaccadeError('ERR_ARGUMENT', 'a teacher needs a session opened with `currents`')
  for (const { name, shape, levels } of neurons(plan)) {
    const spikes = teacher.spikes.get(name)
    const current = teacher.currents.get(name)
    const values = sizeOf(shape)
    if (spikes?.length !== values || current?.length !== values)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `the teacher has ${spikes?.length ?? 'no'} spikes and ${current?.length ?? 'no'} currents of ${name}, not ${values} [${shape.join(', ')}]`,
      )
    const odd = spikes.findIndex((spike) => spike > levels)
    if (odd >= 0)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `the teacher's spike ${odd} of ${name} is ${spikes[odd]}, above its ${levels} levels`,
      )
  }
}
