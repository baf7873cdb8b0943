// One tidy line per window for people who watch a run in a terminal.
import type { Detection, DetectionSet } from '../detect/detection.js'
import { quantity, seconds } from './strip.js'

/** How lines are written. */
export interface TerminalStyle {
  /** ANSI colours. */
  colour: boolean
  /** Columns that a line may take; longer ones end in "…". */
  columns: number
  /** Stamp that is shown as zero, absolute µs. */
  start: number
}

/** Levels of the rate bar: the first up to 20 kev/s, one more for each doubling, the last above 1.28 Mev/s. */
const LEVELS = '▁▂▃▄▅▆▇█'
const LOWEST_RATE = 20_000

const DIM = '\u001b[2m'
const BOLD = '\u001b[1m'
const AMBER = '\u001b[33m'
const RESET = '\u001b[0m'

/**
 * The style that fits a stream: colours only on a terminal and without NO_COLOR (any value but the empty one, as
 * no-color.org says), its width, or no limit when it is a file or a pipe.
 */
export function terminalStyle(
  stream: { isTTY?: boolean; columns?: number },
  start: number,
  env: NodeJS.ProcessEnv = process.env,
): TerminalStyle {
  const tty = stream.isTTY === true
  return {
    colour: tty && !env.NO_COLOR && env.TERM !== 'dumb',
    columns: tty ? Math.max(20, stream.columns ?? 80) : Number.POSITIVE_INFINITY,
    start,
  }
}

/**
 * A window as one line, without the line break: end, events, rate as a bar, boxes by falling score.
 * @example
 * terminalLine(set, terminalStyle(process.stdout, start))
 * // "   1.250 s   12.4 kev  ▅  car 0.83 at 120,88 41x39 · car 0.42 at 9,95 30x24"
 */
export function terminalLine(set: DetectionSet, style: TerminalStyle): string {
  const rate = (set.events * 1e6) / (set.tEnd - set.tStart)
  const head = `${seconds(set.tEnd - style.start).padStart(10)}  ${quantity(set.events, 'ev').padStart(8)}  `
  const bar = LEVELS[level(rate)]!
  const boxes = set.detections.map(box)
  if (set.dropped.windows > 0) boxes.push(`(${set.dropped.windows} windows dropped)`)

  let free = style.columns - head.length - bar.length - 2
  const shown: string[] = []
  for (const [i, text] of boxes.entries()) {
    const separator = i === 0 ? 0 : 3
    const more = i < boxes.length - 1 ? 2 : 0 // room for " …"
    if (text.length + separator + more > free) {
      shown.push(i === 0 ? '…' : ' …')
      break
    }
    shown.push(`${i === 0 ? '' : ' · '}${text}`)
    free -= text.length + separator
  }
  const tail = shown.join('')
  if (!style.colour) return `${head}${bar}  ${tail}`.trimEnd()
  const loud = tail.replace(/^[^·…]+/, (best) => `${BOLD}${AMBER}${best}${RESET}`)
  return `${DIM}${head}${RESET}${bar}  ${loud}`
}

function box({ label, score, box: { x, y, w, h }, track }: Detection): string {
  const [left, top, width, height] = [x, y, w, h].map(Math.round)
  const name = track === undefined ? label : `${label} #${track}`
  return `${name} ${score.toFixed(2)} at ${left},${top} ${width}x${height}`
}

function level(rate: number): number {
  let step = 0
  for (let limit = LOWEST_RATE; rate > limit && step < LEVELS.length - 1; limit *= 2) step += 1
  return step
}
