import test from 'ava'
import { markdownTable, replaceBlock } from '../../bench/markdown.js'

const table = {
  name: 'engine car',
  about: 'What it is.',
  columns: ['input', 'ms'],
  rows: [
    ['recording', '2.1'],
    ['empty', '–'],
  ],
  notes: ['One.'],
}

test('a table has its numbers to the right', (t) => {
  t.is(
    markdownTable(table),
    [
      'What it is.',
      '',
      '| input     |  ms |',
      '| --------- | --: |',
      '| recording | 2.1 |',
      '| empty     |   – |',
      '',
      '- One.',
    ].join('\n'),
  )
})

test('a block is put before the last mark, then replaced in place; the rest of the document stays', (t) => {
  const first = replaceBlock('a\n\n<!-- bench: end -->\nb\n', 'x', 'old')
  t.is(
    first,
    'a\n\n<!-- bench x: written by npm run bench -->\n\nold\n\n<!-- bench x: end -->\n\n<!-- bench: end -->\nb\n',
  )
  t.is(replaceBlock(first, 'x', 'new'), first.replace('old', 'new'))
  const both = replaceBlock(first, 'y', 'other')
  t.true(both.indexOf('old') < both.indexOf('other'))
})

test('a document without the marks is left alone', (t) => {
  t.throws(() => replaceBlock('a', 'x', 'new'), { message: /no whole block "x"/ })
  t.throws(() => replaceBlock('<!-- bench x: written by npm run bench -->', 'x', 'new'), {
    message: /no whole block/,
  })
})
