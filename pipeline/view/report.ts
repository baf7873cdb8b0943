// The one report template: eval, calibrate and profile say what to show, this makes a page of it. The page is one file
// without scripts or links, light or dark as the reader's system is, and prints.
import { PartFile } from '../sinks/part-file.js'
import { type Bars, barChart, type LineChart, lineChart } from './chart.js'
import { escapeHtml } from './escape.js'
import type { Picture } from './picture.js'
import { encodePng } from './png.js'

/** A page. */
export interface Report {
  title: string
  /** One line below the title: what was measured, with what, on what. */
  subtitle?: string
  sections: readonly ReportSection[]
}

/** A heading and what stands below it. */
export interface ReportSection {
  heading: string
  blocks: readonly ReportBlock[]
}

/** A part of a section. All strings are plain text. */
export type ReportBlock =
  | { kind: 'text'; text: string }
  | { kind: 'facts'; facts: readonly (readonly [name: string, value: string])[] }
  | { kind: 'table'; table: ReportTable }
  | { kind: 'lines'; chart: LineChart }
  | { kind: 'bars'; chart: Bars }
  | { kind: 'pictures'; pictures: readonly ReportPicture[] }

/** Columns whose cells are all numbers are set to the right. */
export interface ReportTable {
  columns: readonly string[]
  rows: readonly (readonly string[])[]
  /** Columns with a bar behind each number, as long as its part of the column's largest. */
  bars?: readonly string[]
}

/** A picture in the page itself (PNG). */
export interface ReportPicture {
  picture: Picture
  caption: string
}

const NUMBER = /^[-+]?[\d.,]+(e[-+]?\d+)?\s*(%|dB|ms|mJ|µJ)?$|^–?$/

const STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1a1d23; --faint: #5b6470; --rule: #d8dce2; --panel: #f4f6f8;
  --c0: #b45f00; --c1: #2059b5; --c2: #00695c; --c3: #8a1f5c; --c4: #5e2ca5; --c5: #5b6470 }
@media (prefers-color-scheme: dark) { :root { --ground: #11141a; --text: #e6e9ee; --faint: #9aa3b0; --rule: #2c3340; --panel: #1c212b;
  --c0: #ffb000; --c1: #5a9bff; --c2: #35d0ba; --c3: #ff6fae; --c4: #c58bff; --c5: #9aa3b0 } }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem }
.subtitle { color: var(--faint); margin: 0 } p { max-width: 46rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid var(--rule); white-space: nowrap }
th { color: var(--faint); font-weight: 600 } .number { text-align: right }
.bar { background: linear-gradient(to right, color-mix(in srgb, var(--c1) 32%, transparent) var(--part), transparent 0) content-box;
  min-width: 4.5rem; print-color-adjust: exact }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 } dt { color: var(--faint) } dd { margin: 0 }
figure { margin: 0; background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: .5rem }
figcaption { color: var(--faint); font-size: .85rem; padding-top: .35rem }
.chart { width: max-content; max-width: calc(100% - 1rem) } section > * + * { margin-top: 1rem } h2 + * { margin-top: 0 }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: .9rem }
img { display: block; width: 100%; height: auto } svg { display: block; max-width: 100%; height: auto }
svg text { fill: var(--text); font: 12px system-ui, sans-serif } svg .faint { fill: var(--faint) }
svg .rule { stroke: var(--rule); stroke-width: 1; fill: none }
@media print { h2 { break-after: avoid } figure { break-inside: avoid } }
`

/**
 * The page as text.
 * @example
 * await writeFile('report.html', htmlReport({ title: 'car on drive_td.dat', sections: [
 *   { heading: 'Classes', blocks: [{ kind: 'table', table: { columns: ['class', 'AP50'], rows: [['car', '0.876']] } }] },
 * ] }))
 */
export function htmlReport({ title, subtitle, sections }: Report): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>`
  const top = `<h1>${escapeHtml(title)}</h1>${subtitle === undefined ? '' : `\n<p class="subtitle">${escapeHtml(subtitle)}</p>`}`
  const body = sections.map(
    ({ heading, blocks }) =>
      `<section>\n<h2>${escapeHtml(heading)}</h2>\n${blocks.map(blockHtml).join('\n')}\n</section>`,
  )
  return `<!doctype html>\n<html lang="en">\n<head>${head}<style>${STYLE}</style></head>\n<body>\n${[top, ...body].join('\n')}\n</body>\n</html>\n`
}

/** Writes the page; half-written it never has its final name. Rejects with ERR_IO. */
export async function writeReport(path: string, report: Report): Promise<void> {
  await PartFile.write(path, htmlReport(report))
}

function blockHtml(block: ReportBlock): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`
    case 'facts':
      return `<dl>${block.facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`
    case 'table':
      return tableHtml(block.table)
    case 'lines':
      return `<figure class="chart">${lineChart(block.chart)}</figure>`
    case 'bars':
      return `<figure class="chart">${barChart(block.chart)}</figure>`
    case 'pictures':
      return `<div class="pictures">\n${block.pictures.map(pictureHtml).join('\n')}\n</div>`
  }
}

function tableHtml({ columns, rows, bars = [] }: ReportTable): string {
  const numeric = columns.map((_, i) => rows.every((row) => NUMBER.test(row[i] ?? '')))
  const most = columns.map((name, i) =>
    bars.includes(name) ? Math.max(...rows.map((row) => Number.parseFloat(row[i]!) || 0)) : 0,
  )
  const className = (i: number) => (numeric[i] ? ' class="number"' : '')
  const head = columns.map((cell, i) => `<th${className(i)}>${escapeHtml(cell)}</th>`).join('')
  const body = rows.map((row) => {
    const cells = row.map((cell, i) => {
      const value = Number.parseFloat(cell)
      if (!(most[i]! > 0 && value > 0)) return `<td${className(i)}>${escapeHtml(cell)}</td>`
      const part = ((100 * value) / most[i]!).toFixed(1)
      return `<td class="number bar" style="--part:${part}%">${escapeHtml(cell)}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`
}

function pictureHtml({ picture, caption }: ReportPicture): string {
  const text = escapeHtml(caption)
  const { width, height } = picture
  const data = encodePng(picture).toString('base64')
  return `<figure><img width="${width}" height="${height}" alt="${text}" src="data:image/png;base64,${data}"><figcaption>${text}</figcaption></figure>`
}
