// The authors' network, row by row, with weights from anywhere: for networks of a wanted size and density, and for forms
// that only a rival runs. models/import/network.ts builds the same rows from the tensors of a file.

import { cheaperForm } from '../../models/import/chain-form.js'
import type { MergedConv } from '../../models/import/merge.js'
import type { OnnxWriter, Value } from '../../models/import/writer.js'

/**
 * How the chains of linear operators between two neurons are written: `product` as `saccade import` does it, `coded` as the
 * authors wrote it (the 1x1, depthwise 3x3, 1x1 of RepConv apart; normalisations merged).
 */
export type LayoutForm = 'product' | 'coded'

/** What a layer reads, and what becomes of its result. */
export interface LayerUse {
  /** Its result is added to a residual. */
  adds: boolean
  /** It reads another layer's result, not spikes. */
  real: boolean
}

/** Weights of a layer. */
export type ConvSource = (
  name: string,
  shape: { outputs: number; perGroup: number; kernel: [number, number] },
  use: LayerUse,
) => MergedConv

/** Channels of rows 1, 3, 5, 7; of the head's branches. */
interface Widths {
  base: [number, number, number, number]
  box: number
  score: number
}

/** The two published sizes at 320 x 320 and two classes: 6.1 M parameters and 23.1 M. */
export const WIDTHS = {
  n: { base: [32, 64, 128, 256], box: 64, score: 64 },
  s: { base: [64, 128, 256, 512], box: 64, score: 128 },
} satisfies Record<string, Widths>

const CLASSES = 2
const BINS = 16

/** Writes the 27 rows; outputs feat0, feat1, feat2. */
export function writeLayout(
  out: OnnxWriter,
  size: keyof typeof WIDTHS,
  form: LayoutForm,
  source: ConvSource,
): void {
  const { base, box, score } = WIDTHS[size]
  const [c1, c2, c3, c4] = base
  const conv = (
    name: string,
    x: Value,
    outputs: number,
    k: number,
    { stride = 1, depthwise = false, adds = false, real = false, pad = k >> 1 } = {},
  ) => {
    const shape = {
      outputs,
      perGroup: depthwise ? 1 : x.channels,
      kernel: [k, k] as [number, number],
    }
    return out.conv(name, x, source(name, shape, { adds, real }), stride, pad)
  }
  const unit = (name: string, x: Value, outputs: number, k: number, options = {}) =>
    conv(`${name}.conv`, out.fire(`${name}.lif`, x), outputs, k, options)
  const sepRepConv = (name: string, s: Value, to: number) => {
    if (form === 'product' && cheaperForm(s.channels, to) === 'dense')
      return conv(`${name}.pwconv3`, s, to, 3, { adds: true })
    const y = conv(`${name}.pwconv3.body.1.0`, s, to, 1)
    return conv(`${name}.pwconv3.body.1.1`, y, to, 3, { depthwise: true, adds: true, real: true })
  }
  const sepConv = (name: string, x: Value) => {
    const wide = 2 * x.channels
    const y1 = conv(`${name}.pwconv1`, out.fire(`${name}.lif1`, x), wide, 1)
    const y2 = conv(`${name}.dwconv2`, out.fire(`${name}.lif2`, y1), wide, 7, { depthwise: true })
    return sepRepConv(name, out.fire(`${name}.lif3`, y2), x.channels)
  }
  const repConv = (name: string, x: Value, outputs: number, adds: boolean) => {
    const s = out.fire(`${name}.lif`, x)
    if (form !== 'coded') return conv(name, s, outputs, 3, { adds })
    const y = conv(`${name}.body.0`, s, x.channels, 1)
    const z = conv(`${name}.body.2.0`, y, x.channels, 3, { depthwise: true, real: true })
    return conv(`${name}.body.2.1`, z, outputs, 1, { adds, real: true })
  }
  const block = (name: string, x: Value, ratio: number, kind: 'all' | 'rep') => {
    const sum = out.add(`${name}.Conv.add`, sepConv(`${name}.Conv`, x), x)
    const wide = x.channels * ratio
    const inner =
      kind === 'all'
        ? unit(`${name}.conv2`, unit(`${name}.conv1`, sum, wide, 3), x.channels, 3, { adds: true })
        : repConv(`${name}.conv2`, repConv(`${name}.conv1`, sum, wide, false), x.channels, true)
    return out.add(`${name}.add`, sum, inner)
  }
  const row = (i: number) => `model.${i}`
  const down = (i: number, x: Value, outputs: number) =>
    conv(`${row(i)}.encode_conv`, out.fire(`${row(i)}.encode_lif`, x), outputs, 3, { stride: 2 })

  const x1 = conv(`${row(1)}.encode_conv`, out.input, c1, 7, { stride: 4, pad: 2 })
  const x2 = block(row(2), x1, 4, 'all')
  const x4 = [0, 1].reduce((x, j) => block(`${row(4)}.${j}`, x, 4, 'all'), down(3, x2, c2))
  const x6 = [0, 1, 2].reduce((x, j) => block(`${row(6)}.${j}`, x, 3, 'rep'), down(5, x4, c3))
  const x8 = block(row(8), down(7, x6, c4), 2, 'rep')
  const pooled = [unit(`${row(9)}.cv1`, x8, c4 / 2, 1)]
  for (let i = 1; i <= 3; i++) pooled.push(out.maxPool(`${row(9)}.m${i}`, pooled.at(-1)!, 5))
  const x9 = unit(`${row(9)}.cv2`, out.concat(`${row(9)}.concat`, pooled), c4, 1)
  const x10 = unit(row(10), x9, c3, 1)
  const x12 = block(row(12), out.upsample(row(11), x10), 3, 'rep')
  const x14 = unit(row(14), out.concat(row(13), [x12, x6]), c2, 1)
  const x16 = block(row(16), out.upsample(row(15), x14), 4, 'all')
  const x19 = block(row(19), unit(row(18), out.concat(row(17), [x16, x4]), c2, 1), 4, 'all')
  const x20 = unit(row(20), x19, c2, 3, { stride: 2 })
  const x22 = block(row(22), out.concat(row(21), [x20, x14]), 3, 'rep')
  const x23 = unit(row(23), x22, c3, 3, { stride: 2 })
  const x25 = block(row(25), out.concat(row(24), [x23, x10]), 1, 'rep')
  for (const [level, x] of [x19, x22, x25].entries()) {
    const branch = (name: string, hidden: number, outputs: number) => {
      const at = `${row(26)}.${name}.${level}`
      return unit(`${at}.2`, unit(`${at}.1`, unit(`${at}.0`, x, hidden, 3), hidden, 3), outputs, 1)
    }
    const parts = [branch('cv2', box, 4 * BINS), branch('cv3', score, CLASSES)]
    out.output(`feat${level}`, out.concat(`${row(26)}.concat${level}`, parts))
  }
}
