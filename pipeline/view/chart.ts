// Two charts as SVG: curves over a pair of axes, and bars in rows. Colours come from the page that they stand in.
import { escapeHtml } from './escape.js'

/** One axis; values outside are clipped to it. */
export interface Axis {
  label: string
  min: number
  max: number
}

/** Curves over two axes. */
export interface LineChart {
  x: Axis
  y: Axis
  series: readonly { name: string; points: readonly (readonly [x: number, y: number])[] }[]
}

/** Rows of bars, e.g. a layer before and after. Values are not negative. */
export interface Bars {
  /** What the length of a bar means. */
  label: string
  series: readonly string[]
  rows: readonly { name: string; values: readonly number[] }[]
}

/** Colours of a page (--c0 … --c5). */
const COLOURS = 6
const WIDTH = 640
const HEIGHT = 360
const MARGIN = { left: 56, right: 16, top: 14, bottom: 44 }
const TICKS = 5

const colour = (index: number) => `var(--c${index % COLOURS})`
const place = (value: number) => value.toFixed(1)

/** An <svg> element. */
export function lineChart({ x, y, series }: LineChart): string {
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const toX = (value: number) => MARGIN.left + share(value, x) * (right - MARGIN.left)
  const toY = (value: number) => bottom - share(value, y) * (bottom - MARGIN.top)
  const parts: string[] = []
  for (let i = 0; i <= TICKS; i++) {
    const [atX, atY] = [x, y].map(({ min, max }) => min + ((max - min) * i) / TICKS) as [
      number,
      number,
    ]
    parts.push(
      `<path class="rule" d="M${place(toX(atX))} ${MARGIN.top}V${bottom}M${MARGIN.left} ${place(toY(atY))}H${right}"/>`,
      text(number(atX), toX(atX), bottom + 16, 'middle', true),
      text(number(atY), MARGIN.left - 6, toY(atY) + 4, 'end', true),
    )
  }
  parts.push(
    text(x.label, (MARGIN.left + right) / 2, HEIGHT - 8, 'middle'),
    `<g transform="rotate(-90 14 ${(MARGIN.top + bottom) / 2})">${text(y.label, 14, (MARGIN.top + bottom) / 2, 'middle')}</g>`,
  )
  for (const [i, { points }] of series.entries()) {
    const path = points.map(([a, b]) => `${place(toX(a))} ${place(toY(b))}`).join('L')
    if (path !== '')
      parts.push(`<path d="M${path}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`)
  }
  const names = series.map(({ name }) => name)
  return svg(WIDTH, HEIGHT, [...parts, legend(names, MARGIN.left + 12, bottom - 14 * names.length)])
}

const ROW = 15
const NAMES = 220

/** An <svg> element. */
export function barChart({ label, series, rows }: Bars): string {
  const most = rows.reduce((most, { values }) => Math.max(most, ...values), 0)
  const height = ROW * series.length + 5
  const top = 24 + 14 * series.length
  const parts = [text(label, 8, 16, 'start'), legend(series, 8, 32)]
  for (const [i, { name, values }] of rows.entries()) {
    const y = top + i * height
    parts.push(text(name, NAMES - 8, y + (height - 5) / 2 + 4, 'end', true))
    for (const [k, value] of values.entries()) {
      const length = most > 0 ? (value / most) * (WIDTH - NAMES - 70) : 0
      const at = y + k * ROW
      parts.push(
        `<rect x="${NAMES}" y="${at + 2}" width="${place(length)}" height="${ROW - 4}" fill="${colour(k)}"/>`,
        text(number(value), NAMES + length + 6, at + ROW - 4, 'start', true),
      )
    }
  }
  return svg(WIDTH, top + rows.length * height, parts)
}

function svg(width: number, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">\n${parts.join('\n')}\n</svg>`
}

function legend(names: readonly string[], x: number, y: number): string {
  return names
    .map(
      (name, i) =>
        `<rect x="${x}" y="${y + 14 * i - 9}" width="10" height="10" fill="${colour(i)}"/>${text(name, x + 16, y + 14 * i, 'start')}`,
    )
    .join('')
}

function text(words: string, x: number, y: number, anchor: string, faint = false): string {
  return `<text x="${place(x)}" y="${place(y)}" text-anchor="${anchor}"${faint ? ' class="faint"' : ''}>${escapeHtml(words)}</text>`
}

function share(value: number, { min, max }: Axis): number {
  return Math.min(Math.max((value - min) / (max - min), 0), 1)
}

/** At most three figures behind the point, none that say nothing. */
function number(value: number): string {
  return String(Number(value.toPrecision(3)))
}
