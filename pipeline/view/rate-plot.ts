// How the event rate goes, as lines of text for a terminal.
import type { Survey } from '../sources/survey.js'
import { quantity, seconds } from './strip.js'

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/**
 * A bar chart of the mean rate over time: rows of blocks, with the scale at the left and the time below.
 * @example
 * process.stdout.write(`${ratePlot(survey, 60, 5).join('\n')}\n`)
 */
export function ratePlot(
  { rate, tFirst, tLast }: Pick<Survey, 'rate' | 'tFirst' | 'tLast'>,
  columns = 64,
  rows = 5,
): string[] {
  const span = Math.max(1, tLast - tFirst + 1)
  const width = Math.min(columns, rate.counts.length)
  const bars = Array.from({ length: width }, (_, k) => meanRate(rate, span, k, width))
  const peak = Math.max(...bars)
  const top = quantity(peak, 'ev/s')
  const lines: string[] = []
  for (let row = rows - 1; row >= 0; row--) {
    const label = row === rows - 1 ? top : row === 0 ? '0' : ''
    const cells = bars.map((bar) => {
      const eighths = Math.round(((bar / peak) * rows - row) * 8)
      // What is not nothing is seen.
      const least = row === 0 && bar > 0 ? 1 : 0
      return EIGHTHS[Math.min(8, Math.max(least, eighths))]
    })
    lines.push(`${label.padStart(top.length)} ▕${cells.join('')}`)
  }
  const end = seconds(span)
  lines.push(`${' '.repeat(top.length + 2)}0${end.padStart(Math.max(end.length + 1, width - 1))}`)
  return lines
}

/** Events per second in the k-th of `width` equal parts of the span. */
function meanRate(
  { cellUs, counts }: Survey['rate'],
  span: number,
  k: number,
  width: number,
): number {
  const used = Math.min(counts.length * cellUs, Math.ceil(span / cellUs) * cellUs)
  const [from, to] = [(k * used) / width / cellUs, ((k + 1) * used) / width / cellUs]
  let events = 0
  for (let cell = Math.floor(from); cell < Math.min(counts.length, Math.ceil(to)); cell++)
    events += counts[cell]! * (Math.min(cell + 1, to) - Math.max(cell, from))
  // The last part ends with the recording, not with its cell.
  const time = Math.min(to * cellUs, span) - from * cellUs
  return (events * 1e6) / Math.max(1, time)
}
