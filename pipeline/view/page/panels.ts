// Words and figures beside the picture.
import type { SourceState, Status } from '../live/protocol.js'
import { classColour } from './boxes.js'
import { element, list, say } from './dom.js'
import { clock, quantile, quantity, seconds } from './format.js'
import type { Page } from './main.js'
import { drawRate } from './plots.js'
import { isLight } from './theme.js'

const MINUTE_US = 60_000_000

export function showTime({ hello, header, span, network }: Page): void {
  if (hello === undefined || header === undefined) {
    say(element('time', 'span'), '–')
    say(element('counts', 'span'), '')
    return
  }
  const start = hello.start ?? span.from
  say(element('time', 'span'), seconds(header.tEnd - start))
  const parts = [`${(header.tEnd - header.tStart) / 1000} ms`, quantity(header.events, 'ev')]
  if (header.undrawn > 0) parts.push(`${quantity(header.undrawn, 'ev')} not drawn`)
  if (header.dropped.windows > 0) parts.push(`${header.dropped.windows} windows left out before it`)
  say(element('counts', 'span'), parts.join('  ·  '))
  const found = header.detections.map(({ label }) => label)
  const spared =
    network.spared === undefined ? '' : `, ${Math.round(network.spared * 100)} % of the work spared`
  const what = found.length === 0 ? 'nothing found' : `found: ${found.join(', ')}`
  const spoken = `Events at ${seconds(header.tEnd - start)}, ${what}${spared}`
  element('boxes', 'canvas').setAttribute('aria-label', spoken)
}

export function showRate({ hello, header, series }: Page): void {
  if (hello === undefined) return
  const { hopUs } = hello.window
  const at = header?.tEnd ?? series.last?.[0] ?? 0
  const peak = drawRate(element('rate-plot', 'canvas'), series, at, hopUs)
  const now =
    header === undefined ? undefined : (header.events * 1e6) / (header.tEnd - header.tStart)
  say(element('rate', 'b'), now === undefined ? '–' : quantity(now, 'ev/s'))
  say(
    element('rate-peak', 'span'),
    series.length > 0 ? `peak ${quantity(peak, 'ev/s')} in 10 s` : '',
  )
}

export function showDetections({ header, detections }: Page): void {
  const target = element('found', 'ul')
  const rows = detections.map(({ label, score, track, box }) => [
    track === undefined ? label : `${label} #${track}`,
    score.toFixed(2),
    `${Math.round(box.w)}×${Math.round(box.h)}`,
  ])
  list(target, rows, header === undefined ? 'No window yet' : 'Nothing')
  for (const [i, detection] of detections.entries()) {
    const name = target.children[i]!.firstElementChild as HTMLElement
    name.className = 'name'
    name.style.setProperty('--class', classColour(detection.class, isLight()))
  }
}

export function showNetwork({ hello, header, network }: Page): void {
  const { spikes, spared } = network
  const total = spikes.reduce((a, b) => a + b, 0)
  say(element('spared', 'b'), spared === undefined ? '–' : `${(spared * 100).toFixed(1)} %`)
  const text =
    spared === undefined ? '' : `of the multiplications spared  ·  ${quantity(total, 'spikes')}`
  say(element('spared-note', 'span'), text)
  network.draw()
  const isCounted = hello === undefined || hello.layers.length > 0
  const plain = header !== undefined && spared === undefined
  say(
    element('network-note', 'p'),
    !isCounted
      ? 'This backend does not count spikes.'
      : plain
        ? 'Not counted in this window.'
        : 'Rows are layers, input first; columns are windows. The more colour, the more spikes.',
  )
  element('network-plot', 'canvas').hidden = !isCounted
  const details = element('network-details', 'details')
  details.hidden = !isCounted
  if (details.open) showLayers(network.table())
}

function showLayers(rows: readonly (readonly string[])[]): void {
  const body = element('layers', 'tbody')
  while (body.rows.length > rows.length) body.deleteRow(-1)
  for (const [i, cells] of rows.entries()) {
    const row = body.rows[i] ?? body.insertRow()
    for (const [k, cell] of cells.entries()) {
      const place = row.cells[k] ?? row.insertCell()
      if (k > 0) place.className = 'number'
      say(place, cell)
    }
  }
}

const STATES: Readonly<Record<SourceState, readonly [text: string, mood: string]>> = {
  opening: ['opening', 'warn'],
  up: ['live', 'good'],
  silent: ['silent', 'warn'],
  lost: ['camera lost', 'bad'],
  closed: ['ended', ''],
  running: ['being read', 'good'],
  done: ['read to its end', ''],
}

export function showStatus({ hello, status, link, series, header }: Page): void {
  const pill = element('state', 'p')
  const [text, mood] =
    link.state === 'open'
      ? status?.failure !== undefined
        ? ['failed', 'bad']
        : STATES[status?.source ?? 'opening']
      : link.state === 'lost'
        ? ['connection lost', 'bad']
        : ['connecting', 'warn']
  say(pill, text!)
  pill.className = `pill ${mood}`
  if (hello === undefined) return
  const { model } = hello
  say(element('source', 'span'), hello.source)
  const threads = model.threads === 1 ? '1 thread' : `${model.threads} threads`
  say(element('model', 'span'), `${model.name}  ·  ${model.isa}, ${threads}`)

  const at = header?.tEnd ?? series.last?.[0] ?? 0
  const ages = series
    .between(at - MINUTE_US, at)
    .flatMap(([, events, , age]) => (age < 0 || events === 0 ? [] : [age]))
    .sort((a, b) => a - b)
  const [p50, p99] = [quantile(ages, 0.5), quantile(ages, 0.99)]
  say(element('age', 'b'), p50 === undefined ? '–' : `${p50.toFixed(1)} / ${p99!.toFixed(1)} ms`)
  const why = 'a replay without --speed has none'
  say(
    element('age-note', 'span'),
    p50 === undefined ? why : 'p50 / p99 of the last minute, windows with events',
  )
  if (status === undefined) return
  const times = (status.rate * hello.window.hopUs) / 1e6
  const speed = `${status.rate.toFixed(1)} /s, ${times.toFixed(1)} × real time`
  facts([
    ['Windows', `${status.windows}`],
    ...(status.source === 'done' ? [] : [['Rate', speed] as const]),
    ['Detections', `${status.detections}`],
    ['Running for', clock(status.uptimeS)],
    ['Memory', `${Math.round(status.rssBytes / 1e6)} MB`],
    ['Pages open', `${status.pages}`],
    ['Frames this page skipped', `${status.skipped}`],
    ...(status.forgotten > 0 ? [['Windows forgotten', `${status.forgotten}`] as const] : []),
  ])
  const losses = status.drops.filter(({ count }) => count > 0)
  const isFilter = ({ stage }: Drop) => stage.startsWith(FILTER)
  const drops = losses.filter((loss) => !isFilter(loss)).map(lossText)
  list(element('drops', 'ul'), drops, 'Nothing')
  list(element('filtered', 'ul'), losses.filter(isFilter).map(lossText), 'Nothing')
  const sinks = status.sinks.map(({ name, state }) => [name, state])
  list(element('sinks', 'ul'), sinks, 'None: results are shown here alone')
}

type Drop = Status['drops'][number]
/** Filters take out what they are asked to: no loss. */
const FILTER = 'filter '

function lossText({ stage, unit, cause, count }: Drop): [string, string] {
  const name = stage.startsWith(FILTER) ? stage.slice(FILTER.length) : stage
  return [
    `${name}: ${cause.replaceAll('_', ' ')}`,
    quantity(count, unit === 'events' ? 'ev' : unit),
  ]
}

function facts(pairs: readonly (readonly [string, string])[]): void {
  const target = element('run', 'dl')
  while (target.children.length > 2 * pairs.length) target.lastElementChild!.remove()
  for (const [i, [name, value]] of pairs.entries()) {
    for (const [k, text] of [name, value].entries()) {
      const at = 2 * i + k
      const cell =
        target.children[at] ?? target.appendChild(document.createElement(k === 0 ? 'dt' : 'dd'))
      say(cell as HTMLElement, text)
    }
  }
}
