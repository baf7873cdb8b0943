// Figures of an evaluation for people.
import type { Model } from '../detect/model.js'
import type { Evaluation, Precision } from '../evaluate/score.js'
import { printTable } from './command.js'

/** What a reader of the figures must know; on stderr. */
export function evaluationRemarks(
  { classes, images, unpaired, unsure }: Evaluation,
  model: Model | undefined,
  faults: ReadonlyMap<string, number>,
): string[] {
  const sentences = [...faults].map(
    ([kind, count]) => `recordings: at least ${count} ${kind.replaceAll('_', ' ')}`,
  )
  if (images === 0) sentences.push('no label passes the bounds of the protocol: nothing is scored')
  if (unpaired > 0)
    sentences.push(
      `${unpaired} detections belong to no label time that counts; they are not scored`,
    )
  if (unsure > 0) sentences.push(`${unsure} labels are not sure: they count neither way`)
  for (const { id, name } of classes)
    if (model !== undefined && id >= model.labels.length)
      sentences.push(
        `the model does not know ${name}: its AP is 0 and pulls the mean down; --classes leaves it out`,
      )
  return sentences
}

const figures = ({ ap50, ap75, ap }: Precision) =>
  [ap50, ap75, ap].map((value) => value?.toFixed(3) ?? '–')

/** The figures as tables, their protocol first. */
export function printEvaluation(evaluation: Evaluation, shard: string | undefined): void {
  const { protocol, images, labels, detections, classes, recordings, areas } = evaluation
  const lines = (...text: string[]) => process.stdout.write(`${text.join('\n')}\n`)
  lines(shard === undefined ? protocol : `${protocol}\nshard ${shard}, not the whole set`, '')
  const head = ['labels', 'boxes', 'AP50', 'AP75', 'AP50:95']
  const row = (name: string, score: Precision & { labels: number; detections: number }) => [
    name,
    String(score.labels),
    String(score.detections),
    ...figures(score),
  ]
  printTable([
    ['class', ...head],
    ...classes.map((score) => row(score.name, score)),
    row(classes.length === 1 ? 'all' : `mean of ${classes.length}`, evaluation),
  ])
  lines('')
  printTable([
    ['recording', 'times', ...head],
    ...recordings.map((score) => {
      const [name, ...rest] = row(score.name, score)
      return [name!, String(score.images), ...rest]
    }),
    ['all', String(images), ...row('', { ...evaluation, labels, detections }).slice(1)],
  ])
  lines('')
  if (areas)
    lines(
      `AP50:95 by area: below 32² px ${figure(areas.small)}, to 96² ${figure(areas.medium)}, above ${figure(areas.large)}`,
    )
  if (evaluation.bestF1) {
    const { score, precision, recall } = evaluation.bestF1
    lines(
      `best F1 at confidence ${score.toFixed(3)}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
    )
  }
  for (const point of evaluation.thresholds)
    lines(
      `score > ${point.score}, IoU > 0.5, boxes of every size: ${point.found} of ${point.labels} labels found (recall ${figure(point.recall)}, precision ${figure(point.precision)}), ${point.other} other ${point.other === 1 ? 'box' : 'boxes'} in ${point.windows} windows (${figure(point.otherPerWindow)} a window)${point.neither > 0 ? `, ${point.neither} on labels that are not sure` : ''}`,
    )
}

function figure(value: number | null): string {
  return value?.toFixed(3) ?? '–'
}
