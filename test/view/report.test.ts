import test from 'ava'
import { DARK, htmlReport, Picture } from '../../pipeline/index.js'

const page = (...blocks: Parameters<typeof htmlReport>[0]['sections'][number]['blocks']) =>
  htmlReport({ title: 'A & B', subtitle: 'x < y', sections: [{ heading: '"C"', blocks }] })

test('a report is one file: no scripts, no links, and what comes from outside is text', (t) => {
  const html = page(
    { kind: 'text', text: '<script>alert(1)</script>' },
    { kind: 'facts', facts: [['model', "car's <b>"]] },
  )
  t.regex(html, /^<!doctype html>/)
  t.notRegex(html, /<script|<link|https?:/)
  t.true(html.includes('A &amp; B') && html.includes('x &lt; y') && html.includes('&quot;C&quot;'))
  t.true(html.includes('&lt;script&gt;') && html.includes('car&#39;s &lt;b&gt;'))
  t.true(html.includes('prefers-color-scheme: dark'))
})

test('columns of numbers are set to the right, others are not', (t) => {
  const html = page({
    kind: 'table',
    table: {
      columns: ['class', 'AP50'],
      rows: [
        ['car', '0.876'],
        ['pedestrian', '–'],
      ],
    },
  })
  t.true(html.includes('<th>class</th><th class="number">AP50</th>'))
  t.true(html.includes('<td>car</td><td class="number">0.876</td>'))
})

test('a column with bars has one behind each number, as long as its part of the largest', (t) => {
  const html = page({
    kind: 'table',
    table: {
      columns: ['layer', 'ms'],
      rows: [
        ['a', '2.0'],
        ['b', '0.5'],
        ['c', '0'],
      ],
      bars: ['ms'],
    },
  })
  t.true(html.includes('<td class="number bar" style="--part:100.0%">2.0</td>'))
  t.true(html.includes('<td class="number bar" style="--part:25.0%">0.5</td>'))
  t.true(html.includes('<td>c</td><td class="number">0</td>'))
})

test('curves are clipped to their axes and keep their order', (t) => {
  const axis = { label: 'recall', min: 0, max: 1 }
  const series = [
    {
      name: 'car',
      points: [
        [0, 1],
        [0.5, 2],
      ] as const,
    },
  ]
  const html = page({
    kind: 'lines',
    chart: { x: axis, y: { ...axis, label: 'precision' }, series },
  })
  t.true(html.includes('d="M56.0 14.0L340.0 14.0"'))
})

test('bars are as long as their values; no value at all is no bar', (t) => {
  const rows = [{ name: 's1', values: [0.5, 1] }]
  const html = page({ kind: 'bars', chart: { label: 'spikes', series: ['before', 'after'], rows } })
  const widths = [...html.matchAll(/<rect [^>]*width="([\d.]+)" height="11"/g)].map(([, w]) =>
    Number(w),
  )
  t.deepEqual(widths, [175, 350])
  const empty = [{ name: 's1', values: [0] }]
  t.true(
    page({ kind: 'bars', chart: { label: 'spikes', series: ['now'], rows: empty } }).includes(
      'width="0.0"',
    ),
  )
})

test('pictures are in the page as PNG', (t) => {
  const html = page({
    kind: 'pictures',
    pictures: [{ picture: new Picture(3, 2, DARK), caption: 'miss' }],
  })
  const [, data] = /src="data:image\/png;base64,([^"]+)"/.exec(html)!
  t.is(Buffer.from(data!, 'base64').toString('latin1', 1, 4), 'PNG')
})
