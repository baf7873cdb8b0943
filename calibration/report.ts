// A calibration for people: tables of strings and sentences for a terminal, and the same as a page.
import type { Evaluation, Precision } from '../pipeline/evaluate/score.js'
import type { LayerFiring } from '../pipeline/trace/firing.js'
import type { LayerDistance } from '../pipeline/trace/teach.js'
import type { Report, ReportSection } from '../pipeline/view/report.js'
import type { AccuracyPair } from './accuracy.js'
import { distanceLines } from './distance.js'
import type { Measured } from './measure.js'
import type { Calibration } from './network.js'
import type { RoundingChoice } from './output-rounding.js'

/** Rows of strings, the head first. */
type Rows = string[][]

/** One row per convolution: how its weights were kept, and how large its sums can be. */
export function convRows({ report, moved }: Calibration): Rows {
  return report.convs.map((conv) => [
    conv.name,
    conv.op === 'conv' ? `int${conv.bits}` : 'float32',
    conv.lossless ? 'lossless' : `rounded ${percent(conv.loss, 2)}`,
    conv.shifts === undefined ? '' : `2^-${conv.shifts[0]} to 2^-${conv.shifts[1]}`,
    `|sum| <= ${conv.bound.toPrecision(4)}`,
    `${(conv.units / 1e6).toFixed(3)} M units`,
    ...(moved === undefined ? [] : [`moved ${percent(moved.get(conv.name) ?? 0, 2)}`]),
  ])
}

/** One row per convolution that had to be rounded: by what rule, and what that left of its output's error. */
export function choiceRows(choices: readonly RoundingChoice[]): Rows {
  return [
    ['convolution', 'by inputs', 'by weights', 'by the largest', 'error of its output'],
    ...choices.map(({ layer, byInputs, byWeights, byLargest, errorRatio }) => [
      layer,
      String(byInputs),
      String(byWeights),
      String(byLargest),
      percent(Math.sqrt(errorRatio), 1),
    ]),
  ]
}

/** One row per neuron layer: its distance from float, what it fires and how much of that is at the highest level. */
export function layerRows({ distance, firing }: Measured): Rows {
  const cells = (before: LayerFiring | undefined, after: LayerFiring) => [
    ...(before ? [before.mean.toFixed(4)] : []),
    after.mean.toFixed(4),
    ...(before ? [percent(before.saturated, 2)] : []),
    percent(after.saturated, 2),
  ]
  if (distance === undefined)
    return [
      ['layer', 'mean spike', 'at the top'],
      ...firing.map((layer) => [layer.layer, ...cells(undefined, layer)]),
    ]
  const plain = new Map(distance.other?.layers.map((layer) => [layer.layer, layer]))
  const before = new Map(distance.firing.float.map((layer) => [layer.layer, layer]))
  const after = new Map(firing.map((layer) => [layer.layer, layer]))
  return [
    [
      'layer',
      'flips',
      'SQNR',
      ...(plain.size > 0 ? ['plain flips', 'plain SQNR'] : []),
      ...['mean spike, float', 'plan', 'at the top, float', 'plan'],
    ],
    ...distance.layers.layers.map((layer) => {
      const other = plain.get(layer.layer)
      return [
        layer.layer,
        ...distanceCells(layer),
        ...(other ? distanceCells(other) : []),
        ...cells(before.get(layer.layer), after.get(layer.layer)!),
      ]
    }),
  ]
}

function distanceCells({ flips, values, sqnrDb }: LayerDistance): string[] {
  return [percent(flips / values, 3), `${sqnrDb.toFixed(1)} dB`]
}

/** What was measured, in sentences. */
export function measuredSentences({
  windows,
  choices,
  distance,
  firing,
  accuracy,
}: Measured): string[] {
  const sentences: string[] = []
  const { chosenOn, measuredOn } = windows
  if (choices.length > 0) {
    const sum = (of: (choice: RoundingChoice) => number) =>
      choices.reduce((total, choice) => total + of(choice), 0)
    sentences.push(
      `${choices.length} convolutions were rounded by what they read in ${chosenOn} windows; of their output channels ${sum(({ byInputs }) => byInputs)} so, ${sum(({ byWeights }) => byWeights)} by their weights alone, and ${sum(({ byLargest }) => byLargest)} by their largest weight, where nothing was better in ${measuredOn} other windows`,
    )
  }
  if (distance) {
    sentences.push(...distanceLines(distance).sentences)
    const { other } = distance
    if (other)
      sentences.push(
        `with the scale of each channel's largest weight instead: ${other.flips.toLocaleString('en')} flip (${percent(other.flips / other.values, 3)})`,
      )
  }
  const full = firing.reduce((a, b) => (b.saturated > a.saturated ? b : a))
  sentences.push(
    `mean spike ${meanSpike(firing).toFixed(4)}${distance ? ` (float ${meanSpike(distance.firing.float).toFixed(4)})` : ''}; most at the highest level: ${full.layer}, ${percent(full.saturated, 2)} of its spikes`,
  )
  if (accuracy) sentences.push(...accuracySentences(accuracy))
  return sentences
}

function accuracySentences({ before, after }: AccuracyPair): string[] {
  const of = ({ ap50, ap }: Precision) => `AP50 ${figure(ap50)}, AP50:95 ${figure(ap)}`
  const what = `${after.labels} labels at ${after.images} times`
  return [
    before
      ? `${what}: float ${of(before)}; plan ${of(after)}`
      : `${what}: ${of(after)}, of the float network too, which the plan equals`,
    after.protocol,
  ]
}

/** A page of it all. */
export function calibrationReport(calibration: Calibration): Report {
  const { plan, report, measured } = calibration
  const sections: ReportSection[] = []
  if (measured) {
    sections.push({
      heading: 'Summary',
      blocks: measuredSentences(measured).map((text) => ({ kind: 'text', text })),
    })
    if (measured.accuracy) sections.push(accuracySection(measured.accuracy))
    const [columns, ...rows] = layerRows(measured)
    sections.push({
      heading: 'Layers',
      blocks: [...layerBars(measured), { kind: 'table', table: { columns: columns!, rows } }],
    })
    if (measured.choices.length > 0) {
      const [columns, ...rows] = choiceRows(measured.choices)
      sections.push({
        heading: 'Rounded convolutions',
        blocks: [
          {
            kind: 'text',
            text: 'Output channels by the rule that was best in windows that took no part in the choice, and the root mean square error of the output there, where 100 % is the scale of the largest weight.',
          },
          { kind: 'table', table: { columns: columns!, rows } },
        ],
      })
    }
  }
  const columns = ['convolution', 'weights', 'kept', 'scales', 'sums', 'grid']
  if (calibration.moved) columns.push('snapped')
  sections.push({
    heading: 'Convolutions',
    blocks: [
      { kind: 'text', text: `exact: ${report.exact} (${report.exactReason})` },
      { kind: 'table', table: { columns, rows: convRows(calibration) } },
    ],
  })
  return {
    title: `Calibration of ${plan.name}`,
    subtitle: `ONNX sha256 ${plan.onnxSha256}`,
    sections,
  }
}

function layerBars({ distance, firing }: Measured): ReportSection['blocks'] {
  const firingBars = {
    kind: 'bars' as const,
    chart: {
      label: 'mean spike of a neuron and time step',
      series: distance ? ['float', 'plan'] : ['plan'],
      rows: firing.map(({ layer, mean }, i) => ({
        name: layer,
        values: distance ? [distance.firing.float[i]!.mean, mean] : [mean],
      })),
    },
  }
  if (!distance) return [firingBars]
  const { layers, other } = distance
  const part = ({ flips, values }: LayerDistance) => (100 * flips) / values
  return [
    {
      kind: 'bars',
      chart: {
        label: 'spikes that flip, each layer by itself, %',
        series: other ? ['plan', 'plain scales'] : ['plan'],
        rows: layers.layers.map((layer, i) => ({
          name: layer.layer,
          values: other ? [part(layer), part(other.layers[i]!)] : [part(layer)],
        })),
      },
    },
    firingBars,
  ]
}

function accuracySection({ before, after }: AccuracyPair): ReportSection {
  const row = (what: string, name: string, score: Precision) => [
    what,
    name,
    figure(score.ap50),
    figure(score.ap75),
    figure(score.ap),
  ]
  const rows = ([what, evaluation]: [string, Evaluation]) => [
    ...evaluation.classes.map((score) => row(what, score.name, score)),
    row(what, 'mean', evaluation),
  ]
  const parts: [string, Evaluation][] = before
    ? [
        ['float', before],
        ['plan', after],
      ]
    : [['plan', after]]
  return {
    heading: 'Average precision',
    blocks: [
      { kind: 'text', text: after.protocol },
      {
        kind: 'table',
        table: {
          columns: ['network', 'class', 'AP50', 'AP75', 'AP50:95'],
          rows: parts.flatMap(rows),
        },
      },
    ],
  }
}

function meanSpike(layers: readonly LayerFiring[]): number {
  const values = layers.reduce((sum, layer) => sum + layer.values, 0)
  return layers.reduce((sum, { mean, values }) => sum + mean * values, 0) / values
}

function figure(value: number | null): string {
  return value?.toFixed(3) ?? '–'
}

function percent(part: number, digits: number): string {
  return `${(100 * part).toFixed(digits)} %`
}
