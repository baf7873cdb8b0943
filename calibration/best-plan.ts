// Network and windows -> the plan with the best scales: lossless weights as they are, else int8 chosen by what each layer
// gives on half of the windows and judged on the other half.
import { compile } from '../models/index.js'
import { openNative } from '../pipeline/detect/native.js'
import type { ConvOp, Plan } from '../pipeline/index.js'
import { LayerInputs } from './layer-inputs.js'
import { type RoundingChoice, roundByInputs } from './output-rounding.js'

/** File and name of a network for the compiler, and the width that one asked for. */
export interface CompileNames {
  file: string
  name: string
  bits?: 8 | 16
}

/** A network and windows. */
export interface ByInputsOptions {
  onnx: Uint8Array
  names: CompileNames
  /** Frames that choose, and those that judge. */
  seen: readonly Uint8Array[]
  unseen: readonly Uint8Array[]
}

/**
 * Compiles again with the rounding that real inputs ask for; what was compiled where nothing had to be rounded to int8. Layers
 * read what the same network with int16 weights fires, which is next to the float network and the same on every machine; so
 * is the plan.
 */
export async function compileByInputs(
  compiled: ReturnType<typeof compile>,
  { onnx, names, ...frames }: ByInputsOptions,
): Promise<ReturnType<typeof compile> & { choices: RoundingChoice[] }> {
  const rounded = new Set(
    compiled.report.convs
      .filter(({ op, bits, lossless }) => op === 'conv' && bits === 8 && !lossless)
      .map(({ name }) => name),
  )
  if (rounded.size === 0) return { ...compiled, choices: [] }
  const { plan: fine } = compile(onnx, { ...names, bits: 16 })
  const layers = fine.ops.filter((op): op is ConvOp => op.op === 'conv' && rounded.has(op.name))
  const seen = await collectInputs(fine, layers, frames.seen)
  const unseen = await collectInputs(fine, layers, frames.unseen)
  const choices: RoundingChoice[] = []
  const best = compile(onnx, {
    ...names,
    round: (layer) => {
      const { rounded, choice } = roundByInputs(
        layer,
        seen.get(layer.name)!,
        unseen.get(layer.name)!,
      )
      choices.push(choice)
      // Their patches are not needed again.
      seen.delete(layer.name)
      unseen.delete(layer.name)
      return rounded
    },
  })
  return { ...best, choices }
}

async function collectInputs(
  plan: Plan,
  layers: readonly ConvOp[],
  frames: readonly Uint8Array[],
): Promise<Map<string, LayerInputs>> {
  const makers = new Map(
    plan.ops.flatMap((op) => (op.op === 'neuron' ? [[op.output, op.name] as const] : [])),
  )
  const inputs = new Map(layers.map((op) => [op.name, new LayerInputs(plan, op)]))
  await using session = await openNative(plan)
  for (const frame of frames) {
    const { spikes } = await session.trace(frame)
    for (const layer of inputs.values()) {
      const maker = makers.get(layer.op.input)
      layer.add(maker === undefined ? frame : spikes.get(maker)!.data)
    }
  }
  return inputs
}
