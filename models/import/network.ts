// The 27 rows of SpikeYOLO. Widths, repeats, ratios and the number of classes are those of the tensors; what is fixed is
// which block follows which, and their strides.
import { refuse } from '../onnx/values.js'
import type { Blocks } from './blocks.js'
import type { Weights } from './weights.js'
import type { OnnxWriter, Value } from './writer.js'

/** Bins per side of a box; the head's fixed weights are 0..15. */
export const REG_MAX = 16
export const STRIDES = [8, 16, 32]
const HEAD = 'model.26'
/** Repeats of a row. The largest published model has 9. */
const MOST_REPEATS = 100

/** Classes of the head. */
export function classCount(weights: Weights): number {
  return weights.shape(`${HEAD}.cv3.0.2.conv.bias`)[0] ?? 0
}

/** Refuses the layout from before 2024-10-08, whose tensors mostly have the same names and other meanings. */
export function checkLayout(weights: Weights): void {
  const chains = [...weights.names].filter((name) => name.includes('.pwconv3.body.'))
  if (chains.length === 0)
    throw refuse(
      'it is no SpikeYOLO network: no tensor has ".pwconv3.body." in its name',
      'SpikeYOLO of BICLab is read; other networks are exported as ONNX (docs/plan.md)',
    )
  const old = chains.find(
    (name) =>
      name.includes('.body.1.2.') ||
      (name.endsWith('.body.1.0.weight') && weights.shape(name)[3] === 3),
  )
  if (old !== undefined)
    throw refuse(
      `it has the layout from before 2024-10-08, with neurons inside RepConv and SepRepConv ("${old}")`,
      'the published checkpoints are newer; train again with the current code of the authors',
    )
}

/** Writes the whole network; its outputs are feat0, feat1, feat2. */
export function buildNetwork(weights: Weights, blocks: Blocks, out: OnnxWriter): void {
  const row = (i: number) => `model.${i}`
  /** A block, or a Sequential of them. */
  const stage = (i: number, x: Value) => {
    if (!weights.has(`${row(i)}.0.Conv.pwconv1.weight`)) return blocks.block(row(i), x)
    let y = x
    for (let j = 0; j < MOST_REPEATS && weights.has(`${row(i)}.${j}.Conv.pwconv1.weight`); j++)
      y = blocks.block(`${row(i)}.${j}`, y)
    return y
  }
  const down = (i: number, x: Value) => blocks.downSampling(row(i), x, i === 1)
  const conv = (i: number, x: Value, kernel: number, stride: number) =>
    blocks.standardConv(row(i), x, kernel, stride)
  const join = (i: number, ...parts: Value[]) => out.concat(row(i), parts)

  const x2 = stage(2, down(1, out.input))
  const x4 = stage(4, down(3, x2))
  const x6 = stage(6, down(5, x4))
  const x9 = blocks.sppf(row(9), stage(8, down(7, x6)))
  const x10 = conv(10, x9, 1, 1)
  const x12 = stage(12, out.upsample(row(11), x10))
  const x14 = conv(14, join(13, x12, x6), 1, 1)
  const x16 = stage(16, out.upsample(row(15), x14))
  const x19 = stage(19, conv(18, join(17, x16, x4), 1, 1))
  const x22 = stage(22, join(21, conv(20, x19, 3, 2), x14))
  const x25 = stage(25, join(24, conv(23, x22, 3, 2), x10))
  const levels = [x19, x22, x25]
  levels.forEach((x, level) => {
    writeLevel(blocks, out, level, x, classCount(weights))
  })
  weights.checkBins(`${HEAD}.dfl.conv`, REG_MAX)
  weights.checkAllRead()
}

/** Boxes and classes of one level, joined and averaged over time. */
function writeLevel(
  blocks: Blocks,
  out: OnnxWriter,
  level: number,
  x: Value,
  classes: number,
): void {
  const branch = (name: string, channels: number) => {
    const first = blocks.standardConv(`${HEAD}.${name}.${level}.0`, x, 3)
    const second = blocks.standardConv(`${HEAD}.${name}.${level}.1`, first, 3)
    const last = blocks.lastConv(`${HEAD}.${name}.${level}.2`, second)
    if (last.channels !== channels)
      throw refuse(
        `the head "${HEAD}.${name}.${level}" has ${last.channels} channels, not ${channels}`,
      )
    return last
  }
  const box = branch('cv2', 4 * REG_MAX)
  const score = branch('cv3', classes)
  out.output(`feat${level}`, out.concat(`${HEAD}.concat${level}`, [box, score]))
}
