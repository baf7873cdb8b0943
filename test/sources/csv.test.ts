// Text recordings: columns named and guessed, times in µs and seconds, what is broken, seeking, cuts and damage; and stamps that .es cannot hold.
import { writeFileSync } from 'node:fs'
import test from 'ava'
import { SaccadeError } from '../../pipeline/errors.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { csvFormat } from '../../pipeline/sources/csv.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { checkCuts } from '../support/cuts.js'
import { damage } from '../support/damage.js'
import { cutInto, decodePieces } from '../support/decoding.js'
import { scratch } from '../support/folder.js'
import { Random } from '../support/make-plan.js'
import { eventsOf, packetOf } from '../support/packets.js'

async function read(t: Parameters<typeof scratch>[0], text: string) {
  const path = scratch(t, 'a.txt')
  writeFileSync(path, text)
  await using recording = await openRecording(path)
  const packet = new EventPacket(3)
  const events = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  return { events, recording }
}

const EVENTS = [
  { t: 1_600_000_000_123_456, x: 3, y: 4, p: 1 },
  { t: 1_600_000_000_123_457, x: 5, y: 6, p: 0 },
]

test('columns are named or guessed, and the format says which', async (t) => {
  const [a, b] = [EVENTS[0]!.t, EVENTS[1]!.t]
  const cases: [text: string, format: string][] = [
    [`x,y,p,t\n3,4,1,${a}\n5,6,0,${b}\n`, 'CSV, columns x y p t, times in µs'],
    [`3,4,1,${a}\n5,6,0,${b}`, 'CSV, columns x y p t (guessed), times in µs'],
    [`${a} 3 4 1\r\n${b} 5 6 0\r\n`, 'CSV, columns t x y p (guessed), times in µs'],
    [
      `"id";"timestamp";"polarity";"y";"x"\n7;${a};1;4;3\n8;${b};-1;6;5`,
      'CSV, columns - t p y x, times in µs',
    ],
    [
      '1600000000.123456 3 4 1\n1600000000.1234570 5 6 0\n',
      'CSV, columns t x y p (guessed), times in s',
    ],
  ]
  for (const [text, format] of cases) {
    const { events, recording } = await read(t, text)
    t.is(recording.format, format)
    t.deepEqual(events, EVENTS, text)
    t.deepEqual(recording.faults, {})
  }
})

test('seconds of every form are read to the µs', async (t) => {
  const { events } = await read(
    t,
    '# t x y p\n0.000003 1 1 1\n1.5e-05 1 1 1\n0.0000196 1 1 1\n2 1 1 1\n3.2499999 1 1 1\n',
  )
  t.deepEqual(
    events.map((event) => event.t),
    [3, 15, 20, 2_000_000, 3_250_000],
  )
})

test('lines that are no events are counted with the offset of the first', async (t) => {
  const head = '%geometry:10,10\nt,x,y,p\n'
  const { events, recording } = await read(
    t,
    `${head}1,2,3,1\n\n2,two,3,1\n3,2,3\n4,10,3,1\n5,${'9'.repeat(9000)},1,1\n6,9,9,0`,
  )
  t.deepEqual(recording.geometry, { width: 10, height: 10 })
  t.deepEqual(
    events.map((event) => event.t),
    [1, 6],
  )
  t.deepEqual(recording.faults, { broken_lines: 3, out_of_range: 1 })
  t.is(recording.faultOffsets?.broken_lines, head.length + 9)
})

test('a line that lacks a field borrows nothing from the next one, and a dot is no number', async (t) => {
  const { events, recording } = await read(
    t,
    'p,t,x,y\n1,100,5\n-1,101,5,6\n1,102,.,6\n1,103,-.,6\n1,104,1,2\n',
  )
  t.deepEqual(events, [
    { t: 101, x: 5, y: 6, p: 0 },
    { t: 104, x: 1, y: 2, p: 1 },
  ])
  t.deepEqual(recording.faults, { broken_lines: 3 })
})

test('a line means the same wherever it is split, however long it is', (t) => {
  const head = Buffer.from('t,x,y,p\n')
  const line = (blanks: number) => `1,2,3,${' '.repeat(blanks)}1\n`
  const blank = `${' '.repeat(5000)}\n`
  const bytes = Buffer.from(`${line(4089)}${line(4090)}${blank}1,2,3\n-2,3,4,1\n`)
  const { decoder } = csvFormat.begin(
    Buffer.concat([head, bytes]),
    { name: 'a.csv', whole: true },
    {},
  )
  const whole = decodePieces(decoder, [bytes])
  t.is(whole.events.length, 1)
  t.deepEqual(whole.faults, { broken_lines: 3, out_of_range: 1 })
  for (const size of [1, 7, 4096, 4100]) {
    decoder.restart(0)
    t.deepEqual(decodePieces(decoder, cutInto(bytes, [size])), whole, `in pieces of ${size} bytes`)
  }
})

test('a text whose columns cannot be told is refused', async (t) => {
  const path = scratch(t, 'a.csv')
  writeFileSync(path, '1,2,3,4\n2,3,4,5\n')
  await t.throwsAsync(openRecording(path), { code: 'ERR_FORMAT' })
  t.is(
    (await t.throwsAsync(openRecording(path, { format: 'csv' }), { code: 'ERR_FORMAT' }))?.message,
    `${path} does not say which of its columns are t, x, y and p, and they cannot be guessed`,
  )
})

test('text cut in two at any byte gives the same, and damaged it gives events inside the sensor or a sentence', async (t) => {
  const path = scratch(t, 'a.csv')
  const lines = Array.from({ length: 1500 }, (_, i) => {
    const seconds = (1_600_000_000 + i * 0.000_013).toFixed(6) + '0'.repeat(i % 3)
    return i % 50 === 0 ? `${seconds} x 1 1` : `${seconds} ${i % 320} ${i % 250}\t${i & 1}`
  })
  const whole = Buffer.from(`# t x y p\n${lines.join('\r\n')}`)
  writeFileSync(path, whole)
  const geometry = { width: 320, height: 240 }
  checkCuts(t, path, { geometry })
  const packet = new EventPacket()
  let counted = 0
  for (let seed = 1; seed <= 150; seed++) {
    writeFileSync(path, damage(whole, new Random(seed)))
    try {
      await using recording = await openRecording(path, { geometry })
      while (await recording.next(packet))
        for (let i = 0; i < packet.length; i++)
          if (packet.x[i]! >= 320 || packet.y[i]! >= 240 || packet.p[i]! > 1)
            t.fail(`seed ${seed}: an event outside the sensor`)
      if (recording.faults.broken_lines !== 30) counted += 1
    } catch (error) {
      if (!(error instanceof SaccadeError)) throw error
    }
  }
  t.log(`${counted} of 150 had other broken lines than the whole`)
  t.true(counted > 10)
})

test('stamps that fall are not written as es', async (t) => {
  const path = scratch(t, 'a.es')
  await using file = await createRecording(path, { geometry: { width: 8, height: 8 } })
  await file.write(packetOf([{ t: 9, x: 1, y: 1, p: 1 }]))
  const error = await t.throwsAsync(file.write(packetOf([{ t: 8, x: 1, y: 1, p: 1 }])), {
    code: 'ERR_FORMAT',
  })
  t.regex(error!.message, /Event Stream holds only what comes after, and stamps that do not fall$/)
})
