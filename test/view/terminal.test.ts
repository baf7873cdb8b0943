import test from 'ava'
import type { DetectionSet } from '../../pipeline/detect/detection.js'
import { ProgressBar, progressLine } from '../../pipeline/view/progress.js'
import { terminalLine, terminalStyle } from '../../pipeline/view/terminal.js'

const car = (score: number, x: number) => ({
  class: 0,
  label: 'car',
  score,
  box: { x, y: 87.6, w: 41.2, h: 38.9 },
})

function set(events: number, ...detections: DetectionSet['detections']): DetectionSet {
  return {
    seq: 24,
    tStart: 21_700_000,
    tEnd: 21_750_000,
    events,
    detections,
    dropped: { events: 0, windows: 0 },
  }
}

const plain = { colour: false, columns: Number.POSITIVE_INFINITY, start: 20_500_000 }

test('a window is one line: end, events, rate, boxes', (t) => {
  t.is(
    terminalLine(set(12_437, car(0.834, 119.7), car(0.42, 9)), plain),
    '   1.250 s  12.4 kev  ▅  car 0.83 at 120,88 41x39 · car 0.42 at 9,88 41x39',
  )
  t.is(terminalLine(set(842), plain), '   1.250 s    842 ev  ▁')
  t.is(terminalLine(set(0), plain), '   1.250 s      0 ev  ▁')
  t.is(terminalLine(set(77_652), plain), '   1.250 s  77.7 kev  █')
  t.is(
    terminalLine({ ...set(842), dropped: { events: 5, windows: 2 } }, plain),
    '   1.250 s    842 ev  ▁  (2 windows dropped)',
  )
  t.is(
    terminalLine(set(842, { ...car(0.9, 1), track: 7 }), plain),
    '   1.250 s    842 ev  ▁  car #7 0.90 at 1,88 41x39',
  )
})

test('a line never grows past the width of the terminal', (t) => {
  const busy = set(12_437, ...[0.9, 0.8, 0.7, 0.6, 0.5].map((score, i) => car(score, 60 * i)))
  for (let columns = 30; columns < 160; columns++) {
    const line = terminalLine(busy, { ...plain, columns })
    t.true([...line].length <= columns, `${line.length} > ${columns}`)
  }
  t.is(
    terminalLine(busy, { ...plain, columns: 60 }),
    '   1.250 s  12.4 kev  ▅  car 0.90 at 0,88 41x39 …',
  )
})

test('colours appear on a terminal only, and NO_COLOR switches them off', (t) => {
  const tty = { isTTY: true, columns: 100 }
  t.true(terminalStyle(tty, 0, {}).colour)
  t.false(terminalStyle(tty, 0, { NO_COLOR: '1' }).colour)
  t.true(terminalStyle(tty, 0, { NO_COLOR: '' }).colour)
  t.false(terminalStyle({}, 0, {}).colour)
  const coloured = terminalLine(set(842, car(0.9, 1)), { ...plain, colour: true })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes that are looked for
  t.is(coloured.replace(/\u001b\[\d+m/g, ''), terminalLine(set(842, car(0.9, 1)), plain))
  t.true(coloured.includes('\u001b['))
})

test('a progress line has bar, share, rate and time left', (t) => {
  t.is(
    progressLine('drive_td.dat', 25, 100, '1.33 Mev/s', 3000),
    'drive_td.dat  ██████░░░░░░░░░░░░░░░░░░  25%  1.33 Mev/s  9 s left',
  )
  t.is(progressLine('a', 1, 100, '', 60_000), `a  ${'░'.repeat(24)}   1%  1:39:00 left`)
  t.is(progressLine('camera', 5, 0, '12 kev/s', 10), 'camera  12 kev/s')
})

test('the bar is drawn ten times a second at most, only on a terminal, and is taken off', (t) => {
  let now = 0
  const written: string[] = []
  const stream = { isTTY: true, columns: 40, write: (text: string) => written.push(text) }
  const bar = new ProgressBar('a', stream, () => now)
  for (; now < 1000; now += 10) bar.update(now, 1000)
  t.is(written.length, 10)
  t.true(written.every((text) => text.startsWith('\r\u001b[2K') && text.length <= 5 + 39))
  bar.clear()
  bar.clear()
  t.is(written.length, 11)
  const silent = new ProgressBar('a', { write: () => t.fail() }, () => now)
  silent.update(1, 2)
  silent.clear()
})
