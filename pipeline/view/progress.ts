// A progress bar on stderr, for people: nothing at all unless it is a terminal.

/** What the bar needs of a stream; process.stderr has it. */
export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

const REDRAW_MS = 100
const BAR = 24

/**
 * Bar, share, rate and time left, on one line that is written over.
 * @example
 * const progress = new ProgressBar('drive_td.dat')
 * progress.update(bytesRead, bytesTotal, quantity(rate, 'ev/s'))
 * progress.clear() // before a line of text and at the end
 */
export class ProgressBar {
  readonly #started: number
  #drawnAt = Number.NEGATIVE_INFINITY
  #shown = false

  constructor(
    readonly title: string,
    readonly stream: ProgressStream = process.stderr,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#started = now()
  }

  /** Redraws at most ten times a second. `total` 0: the end is not known, and only the note is shown. */
  update(done: number, total: number, note = ''): void {
    const now = this.now()
    if (this.stream.isTTY !== true || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    this.#shown = true
    const line = progressLine(this.title, done, total, note, now - this.#started)
    this.stream.write(`\r\u001b[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`)
  }

  /** Takes the bar off the screen; the next update draws it again at once. */
  clear(): void {
    if (!this.#shown) return
    this.#shown = false
    this.#drawnAt = Number.NEGATIVE_INFINITY
    this.stream.write('\r\u001b[2K')
  }
}

/** The line itself, for any display. */
export function progressLine(
  title: string,
  done: number,
  total: number,
  note: string,
  elapsedMs: number,
): string {
  if (!(total > 0)) return [title, note].filter(Boolean).join('  ')
  const share = Math.min(1, done / total)
  const full = Math.round(share * BAR)
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full)
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  const left = share > 0 ? `${eta((elapsedMs * (1 - share)) / share)} left` : ''
  return [title, `${bar} ${percent}`, note, left].filter(Boolean).join('  ')
}

/** 9 s, 1:05, 2:00:00. */
function eta(ms: number): string {
  const s = Math.ceil(ms / 1000)
  if (s < 60) return `${s} s`
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return `${minutes}:${two(s % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`
}
