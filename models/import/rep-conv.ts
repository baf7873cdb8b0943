// The one costly step of an import: 1 x 1, depthwise 3 x 3, 1 x 1 as one dense 3 x 3. Per tap k it is a product of matrices,
// weight[o][i][k] = sum over a of last[o][a] * deep[a][k] * first[a][i]: 2.3 G multiply-adds for Gen1-n, 18 G for Gen1-s.
import type { MergedConv } from './merge.js'

/** Columns of a panel and taps of a group: 12 sums, which stay in registers. */
const COLUMNS = 4
const GROUP = 3
const TAPS = 9

/** `first` and `last` are 1 x 1, `deep` is depthwise 3 x 3; `first` has no bias (its own went through `deep`). */
export function repConvProduct(first: MergedConv, deep: MergedConv, last: MergedConv): MergedConv {
  const { outputs, perGroup: inner } = last
  const inputs = first.perGroup
  const panels = packPanels(first.weight, inner, inputs)
  const weight = new Float64Array(outputs * inputs * TAPS)
  const bias = last.bias.slice()
  const rows = new Int32Array(inner)
  const factors = new Float64Array(inner * TAPS)
  for (let o = 0; o < outputs; o++) {
    // Weights of 0 are left out: the authors' exact networks have few others.
    let count = 0
    for (let a = 0; a < inner; a++) {
      const w = last.weight[o * inner + a]!
      if (w === 0) continue
      bias[o]! += w * deep.bias[a]!
      for (let k = 0; k < TAPS; k++) factors[count * TAPS + k] = w * deep.weight[a * TAPS + k]!
      rows[count] = a * COLUMNS
      count++
    }
    const row = weight.subarray(o * inputs * TAPS, (o + 1) * inputs * TAPS)
    panels.forEach((panel, p) => {
      for (let tap = 0; tap < TAPS; tap += GROUP)
        sumGroup(panel, rows, factors, count, tap, row, p * COLUMNS)
    })
  }
  return { outputs, perGroup: inputs, kernel: deep.kernel, weight, bias }
}

/** Four columns of a matrix each, side by side, filled up with zeros: a panel of 512 rows is 16 kB. */
function packPanels(matrix: Float64Array, rows: number, columns: number): Float64Array[] {
  return Array.from({ length: Math.ceil(columns / COLUMNS) }, (_, p) => {
    const panel = new Float64Array(rows * COLUMNS)
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < COLUMNS && p * COLUMNS + j < columns; j++)
        panel[r * COLUMNS + j] = matrix[r * columns + p * COLUMNS + j]!
    return panel
  })
}

/** Three taps of four inputs of one output: 12 sums over the rows that are used. */
function sumGroup(
  panel: Float64Array,
  rows: Int32Array,
  factors: Float64Array,
  count: number,
  tap: number,
  to: Float64Array,
  input: number,
): void {
  let [a0, a1, a2, a3] = [0, 0, 0, 0]
  let [b0, b1, b2, b3] = [0, 0, 0, 0]
  let [c0, c1, c2, c3] = [0, 0, 0, 0]
  for (let n = 0; n < count; n++) {
    const at = rows[n]!
    const x0 = panel[at]!
    const x1 = panel[at + 1]!
    const x2 = panel[at + 2]!
    const x3 = panel[at + 3]!
    const a = factors[n * TAPS + tap]!
    const b = factors[n * TAPS + tap + 1]!
    const c = factors[n * TAPS + tap + 2]!
    a0 += a * x0
    a1 += a * x1
    a2 += a * x2
    a3 += a * x3
    b0 += b * x0
    b1 += b * x1
    b2 += b * x2
    b3 += b * x3
    c0 += c * x0
    c1 += c * x1
    c2 += c * x2
    c3 += c * x3
  }
  const sums = [a0, b0, c0, a1, b1, c1, a2, b2, c2, a3, b3, c3]
  const columns = Math.min(COLUMNS, to.length / TAPS - input)
  for (let j = 0; j < columns; j++)
    for (let g = 0; g < GROUP; g++) to[(input + j) * TAPS + tap + g] = sums[j * GROUP + g]!
}
