// A profile as a page: what each convolution costs, and what the network costs beside an ordinary one.
import type { Report } from '../view/report.js'
import type { Profile } from './profile.js'

/** Where a profile comes from. */
export interface ProfileOrigin {
  model: string
  sha256: string
  recording: string
  isa: string
}

/** Columns of the page's table with bars. */
const BARS = ['density', 'ms', '% time', 'GMAC/s']

/** Columns and rows of the table, one row per convolution; for a terminal and for a page. */
export function profileRows({ layers, totals }: Profile): { columns: string[]; rows: string[][] } {
  const number = (x: number | undefined, digits: number) => x?.toFixed(digits) ?? ''
  const millions = (x: number) => number(x / 1e6, 3)
  return {
    columns: [
      ...['layer', 'output', 'kernel', 'MMAC', 'density', 'mean', 'MSOP', 'sparse'],
      ...['ms', '% time', 'GMAC/s', 'uJ', 'ANN uJ'],
    ],
    rows: layers.map((layer) => [
      layer.layer,
      layer.shape.join('x'),
      layer.kernel.join('x'),
      millions(layer.macs),
      number(layer.density, 3),
      number(layer.mean, 3),
      layer.reads === 'spikes' ? millions(layer.sops) : 'MAC',
      number(layer.sparse, 2),
      number(layer.timeMs, 3),
      number((100 * layer.timeMs) / totals.timeMs, 1),
      number(layer.macs / 1e6 / layer.timeMs, 0),
      millions(layer.energyPj),
      millions(layer.annPj),
    ]),
  }
}

/** The totals in sentences. */
export function profileSentences({ frames, otherMs, totals }: Profile, isa: string): string[] {
  const others = Object.entries(otherMs).map(([kind, ms]) => `${kind} ${ms.toFixed(3)} ms`)
  return [
    ...(others.length > 0 ? [`not convolutions: ${others.join(', ')}`] : []),
    `per window (mean of ${frames}, ${isa}): ${(totals.macs / 1e9).toFixed(3)} GMAC dense, ${(totals.sops / 1e9).toFixed(3)} G synaptic operations counted, ${(100 * totals.density).toFixed(1)} % of the MACs with an input that is not zero, mean spike ${totals.mean.toFixed(3)}, ${totals.timeMs.toFixed(2)} ms`,
    `energy by the paper's rule (0.9 pJ per MAC x mean spike, 4.6 pJ per MAC of what reads no spikes): ${totals.energyMj.toFixed(3)} mJ`,
    `the same convolutions in an ordinary network: ${(totals.annMacs / 1e9).toFixed(3)} GMAC, ${totals.annMj.toFixed(3)} mJ, ${totals.ratio.toFixed(2)} times as much`,
  ]
}

/** A page. */
export function profileReport(
  profile: Profile,
  { model, sha256, recording, isa }: ProfileOrigin,
): Report {
  const { layers } = profile
  return {
    title: `Profile of ${model}`,
    subtitle: `on ${recording}; ONNX sha256 ${sha256}`,
    sections: [
      {
        heading: 'Summary',
        blocks: profileSentences(profile, isa).map((text) => ({ kind: 'text', text })),
      },
      {
        heading: 'Convolutions',
        blocks: [
          { kind: 'table', table: { ...profileRows(profile), bars: BARS } },
          {
            kind: 'bars',
            chart: {
              label: 'multiply-adds per window, millions: dense, and of them with a spike',
              series: ['dense', 'with a value that is not 0'],
              rows: layers.map(({ layer, macs, density = 1 }) => ({
                name: layer,
                values: [macs / 1e6, (macs * density) / 1e6],
              })),
            },
          },
          {
            kind: 'bars',
            chart: {
              label: 'energy by the rule, µJ per window',
              series: ['this network', 'the same layer in an ordinary one'],
              rows: layers.map(({ layer, energyPj, annPj }) => ({
                name: layer,
                values: [energyPj / 1e6, annPj / 1e6],
              })),
            },
          },
        ],
      },
    ],
  }
}
