// An evaluation as a page: figures, curves, and what went wrong as pictures.
import type { Report, ReportBlock, ReportPicture, ReportSection } from '../view/report.js'
import { seconds } from '../view/strip.js'
import { drawExample, type ExamplePictures } from './example-pictures.js'
import { type Example, exampleThreshold } from './examples.js'
import { checkStop } from './label-windows.js'
import type { ClassScore, Evaluation, Precision } from './score.js'

/** What a page says besides the figures. */
export interface EvaluationPage extends ExamplePictures {
  title: string
  /** Name and hash of the model, or the folder of detections. */
  what: string
}

/** Rows of a table of recordings: beyond these the page says how many are left out. */
const MOST_RECORDINGS = 200

/** The page. Reads the windows of the examples again, from recordings that are there. */
export async function evaluationPage(
  evaluation: Evaluation,
  page: EvaluationPage,
): Promise<Report> {
  const { misses, alarms } = page.examples
  const threshold = exampleThreshold(evaluation.thresholds.map(({ score }) => score))
  const names = new Map(evaluation.classes.map(({ id, name }) => [id, name]))
  return {
    title: page.title,
    subtitle: evaluation.protocol,
    sections: [
      { heading: 'Figures', blocks: [summary(evaluation, page), ...operating(evaluation)] },
      { heading: 'Classes', blocks: [classTable(evaluation), curves(evaluation.classes)] },
      recordings(evaluation),
      await gallery(
        `Worst misses at score > ${threshold}`,
        'Labels that no box found, first those on which no box is at all.',
        misses,
        names,
        page,
        ({ box, score }) =>
          `${size(box)} missed, ${score > 0 ? `best box on it ${score.toFixed(3)}` : 'no box on it at any score'}`,
      ),
      await gallery(
        `Worst false alarms at score > ${threshold}`,
        'Boxes that found no label, highest score first. A thing that is there but not labelled looks like one.',
        alarms,
        names,
        page,
        ({ box, score }) => `${size(box)} with ${score.toFixed(3)}`,
      ),
    ],
  }
}

const figure = (value: number | null | undefined) => value?.toFixed(3) ?? '–'
const figures = ({ ap50, ap75, ap }: Precision) => [ap50, ap75, ap].map(figure)
const size = ({ x, y, w, h }: { x: number; y: number; w: number; h: number }) =>
  `${w.toFixed(0)} x ${h.toFixed(0)} px at ${x.toFixed(0)},${y.toFixed(0)}`

function summary(evaluation: Evaluation, { what }: EvaluationPage): ReportBlock {
  const { ap50, ap75, ap, images, labels, detections, unpaired, areas, bestF1 } = evaluation
  return {
    kind: 'facts',
    facts: [
      ['scored', what],
      ['AP50, AP75, AP50:95', [ap50, ap75, ap].map(figure).join(', ')],
      ...(areas
        ? [
            [
              'AP50:95 below 32², to 96², above',
              [areas.small, areas.medium, areas.large].map(figure).join(', '),
            ] as const,
          ]
        : []),
      ...(bestF1
        ? [
            [
              'best F1',
              `precision ${figure(bestF1.precision)}, recall ${figure(bestF1.recall)} at confidence ${figure(bestF1.score)}`,
            ] as const,
          ]
        : []),
      ['label times', String(images)],
      ['labels', String(labels)],
      ['boxes', `${detections}, and ${unpaired} at no label time that counts`],
    ],
  }
}

function operating({ thresholds }: Evaluation): ReportBlock[] {
  if (thresholds.length === 0) return []
  return [
    { kind: 'text', text: 'Labels found at IoU > 0.5, boxes of every size:' },
    {
      kind: 'table',
      table: {
        columns: ['score >', 'found', 'of', 'recall', 'precision', 'other boxes', 'a window'],
        rows: thresholds.map(
          ({ score, found, labels, recall, precision, other, otherPerWindow }) => [
            String(score),
            String(found),
            String(labels),
            figure(recall),
            figure(precision),
            String(other),
            figure(otherPerWindow),
          ],
        ),
      },
    },
  ]
}

function classTable(evaluation: Evaluation): ReportBlock {
  return {
    kind: 'table',
    table: {
      columns: ['class', 'labels', 'boxes', 'AP50', 'AP75', 'AP50:95'],
      rows: [...evaluation.classes, { ...evaluation, name: 'mean' }].map((score) => [
        score.name,
        String(score.labels),
        String(score.detections),
        ...figures(score),
      ]),
    },
  }
}

function curves(classes: readonly ClassScore[]): ReportBlock {
  const axis = (label: string) => ({ label, min: 0, max: 1 })
  return {
    kind: 'lines',
    chart: {
      x: axis('recall'),
      y: axis('precision at IoU 0.5'),
      series: classes.map(({ name, curve }) => ({
        name,
        points: curve.map((precision, i) => [i / 100, precision] as const),
      })),
    },
  }
}

/** The lowest first: they are what one looks for. */
function recordings(evaluation: Evaluation): ReportSection {
  const rising = evaluation.recordings.toSorted((a, b) => (a.ap ?? 2) - (b.ap ?? 2))
  const rest = rising.length - MOST_RECORDINGS
  return {
    heading: 'Recordings, the lowest first',
    blocks: [
      {
        kind: 'table',
        table: {
          columns: ['recording', 'times', 'labels', 'boxes', 'AP50', 'AP75', 'AP50:95'],
          rows: rising
            .slice(0, MOST_RECORDINGS)
            .map((score) => [
              score.name,
              String(score.images),
              String(score.labels),
              String(score.detections),
              ...figures(score),
            ]),
        },
      },
      ...(rest > 0
        ? [{ kind: 'text', text: `${rest} more are in the JSON output.` } as const]
        : []),
    ],
  }
}

async function gallery(
  heading: string,
  text: string,
  examples: readonly Example[],
  names: ReadonlyMap<number, string>,
  page: EvaluationPage,
  caption: (example: Example) => string,
): Promise<ReportSection> {
  const pictures: ReportPicture[] = []
  for (const example of examples) {
    checkStop(page.signal)
    const picture = await drawExample(example, names, page)
    const at = `${example.files.name} at ${seconds(example.t)}`
    if (picture !== undefined) pictures.push({ picture, caption: `${at}: ${caption(example)}` })
  }
  const blocks: ReportBlock[] = [{ kind: 'text', text: examples.length === 0 ? 'None.' : text }]
  if (pictures.length < examples.length)
    blocks.push({
      kind: 'text',
      text: 'Without recordings beside the labels there are no pictures.',
    })
  return { heading, blocks: [...blocks, { kind: 'pictures', pictures }] }
}
