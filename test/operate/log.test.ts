import test from 'ava'
import { type LogTarget, makeLog } from '../../pipeline/operate/log.js'

function target(place: Partial<LogTarget> = {}) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  return { lines, isTerminal: false, isJournal: false, ...place, write }
}

test('lines are JSON where a machine reads them', (t) => {
  const out = target()
  makeLog({ level: 'info', format: 'auto' }, out).info({ windows: 20 }, 'done')
  const { level, time, msg, windows } = JSON.parse(out.lines[0]!)
  t.deepEqual({ level, msg, windows }, { level: 'info', msg: 'done', windows: 20 })
  t.regex(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('on a terminal a line has time, level, sentence and fields', (t) => {
  const out = target({ isTerminal: true })
  makeLog({ level: 'info', format: 'auto' }, out).warn({ port: 'A', n: { a: 1 } }, 'lost')
  t.regex(out.lines[0]!, /^\d\d:\d\d:\d\d warn {2}lost port=A n=\{"a":1\}\n$/)
})

test('in the journal a line begins with its priority and has no time', (t) => {
  const out = target({ isJournal: true })
  const log = makeLog({ level: 'debug', format: 'auto' }, out)
  log.error('a')
  log.info('b')
  t.deepEqual(out.lines, ['<3>a\n', '<6>b\n'])
})

test('a repeated warning is written once; other levels are not held back', (t) => {
  const out = target({ isJournal: true })
  const log = makeLog({ level: 'info', format: 'auto' }, out)
  for (let i = 0; i < 5; i++) {
    log.warn('the broker is lost')
    log.info('tick')
  }
  t.is(out.lines.filter((line) => line.includes('lost')).length, 1)
  t.is(out.lines.filter((line) => line.includes('tick')).length, 5)
})
