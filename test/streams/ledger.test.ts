import test from 'ava'
import { drop, Ledger, totalDropped } from '../../pipeline/streams/ledger.js'

test('a stage balances when what came in went out, was dropped or is held', (t) => {
  const ledger = new Ledger()
  const stage = ledger.stage('windows', 'events')
  stage.in = 10
  stage.out = 4
  stage.held = 3
  drop(stage, 'late', 2)
  drop(stage, 'outside')
  t.is(totalDropped(stage), 3)
  t.deepEqual(stage.dropped, { late: 2, outside: 1 })
  t.notThrows(() => ledger.check())
})

test('a stage that does not is named with its numbers', (t) => {
  const ledger = new Ledger()
  ledger.stage('source', 'events').in = 7
  const stage = ledger.stage('detect', 'windows')
  stage.in = 5
  stage.out = 3
  drop(stage, 'replaced')
  t.deepEqual(ledger.imbalances(), [
    'source: 7 events in, 0 out, 0 dropped, 0 held',
    'detect: 5 windows in, 3 out, 1 dropped, 0 held',
  ])
  t.like(
    t.throws(() => ledger.check()),
    {
      code: 'ERR_LEDGER',
      message:
        'the ledger does not balance: source: 7 events in, 0 out, 0 dropped, 0 held; detect: 5 windows in, 3 out, 1 dropped, 0 held',
    },
  )
})

test('a stage is made once and keeps its place', (t) => {
  const ledger = new Ledger()
  const source = ledger.stage('source', 'events')
  ledger.stage('windows', 'events')
  t.is(ledger.stage('source', 'events'), source)
  t.deepEqual(
    ledger.stages.map(({ name }) => name),
    ['source', 'windows'],
  )
})
