import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { FrameDecoder } from '../../pipeline/sinks/serial-decoder.js'
import { cobsDecode, cobsEncode, crc16, FrameEncoder } from '../../pipeline/sinks/serial-frame.js'
import { compilePrinter, robotFolder } from '../support/robot.js'
import { makeSet } from '../support/sets.js'
import { findTool, lacks } from '../support/tools.js'
import { decodeOne, inWireUnits, makeVectors, type Vectors } from './vectors.js'

const vectors: Vectors = JSON.parse(readFileSync(join(robotFolder, 'vectors.json'), 'utf8'))
const bytes = (hex: string) => Buffer.from(hex, 'hex')
/** Everything in one go, broken frames between whole ones. */
const stream = Buffer.concat([
  Buffer.of(0),
  ...vectors.frames.flatMap(({ wire }, i) => [bytes(wire), bytes(vectors.broken[i]?.wire ?? '')]),
])
const expected = vectors.frames.map(({ frame }) => frame)
const causes = ['bad_crc', 'too_long', 'broken', 'unknown'] as const
const counted = causes
  .map(
    (cause) =>
      `${cause.replace('_', ' ')} ${vectors.broken.filter((b) => b.counter === cause).length}`,
  )
  .join(', ')
const report = `frames ${expected.length}, ${counted}\n`

test('robot/vectors.json is what the encoder makes', (t) => {
  t.deepEqual(vectors, makeVectors())
})

test('the example in docs/serial.md is what the encoder makes', (t) => {
  const text = readFileSync(join(robotFolder, '../docs/serial.md'), 'utf8')
  const [payload, crc, wire] = ['payload', 'CRC', 'wire'].map((name) =>
    bytes(
      new RegExp(`^    ${name} +((?:[0-9a-f]{2} ?)+)$`, 'm').exec(text)![1]!.replaceAll(' ', ''),
    ),
  )
  const set = makeSet(1, 2)
  set.detections = [{ ...set.detections[1]!, class: 0 }]
  t.deepEqual(new FrameEncoder().detections(set, 0, 40), wire)
  t.is(crc16(payload!), crc!.readUInt16LE())
  t.like(decodeOne(wire!), { seq: 1, tEnd: 100_000 })
  t.true(text.includes(JSON.stringify(inWireUnits(decodeOne(wire!)))))
})

test('the CRC has its check values and is neither X-25 nor CCITT-FALSE', (t) => {
  t.deepEqual(vectors.crc.map(({ crc }) => crc).slice(0, 3), [0xffff, 0x0f87, 0x6f91])
  t.not(crc16(Buffer.from('123456789')), 0x906e)
  t.not(crc16(Buffer.from('123456789')), 0x29b1)
})

test('COBS has its check values', (t) => {
  t.deepEqual(
    vectors.cobs.slice(0, 5).map(({ encoded }) => encoded),
    ['01', '0101', '010101', '0311220233', '0211010101'],
  )
  t.deepEqual(
    vectors.cobs.slice(5).map(({ encoded }) => [encoded.length / 2, encoded.slice(0, 4)]),
    [
      [255, 'ff01'],
      [256, '01ff'],
      [257, 'ff01'],
    ],
  )
  t.true(vectors.cobs[7]!.encoded.endsWith('02ff'))
})

test('COBS and CRC come back for a thousand random payloads', (t) => {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
  for (let round = 0; round < 1000; round++) {
    const raw = Buffer.from(
      Array.from({ length: random() % 520 }, () =>
        (random() >>> 24) % 4 === 0 ? 0 : random() >>> 24,
      ),
    )
    const wire = Buffer.alloc(raw.length + 4)
    const length = cobsEncode(raw, raw.length, wire)
    t.true(length <= Math.max(raw.length + Math.ceil(raw.length / 254), 1))
    t.false(wire.subarray(0, length).includes(0))
    const back = Buffer.alloc(raw.length + 4)
    const n = cobsDecode(wire, length, back)
    if (!back.subarray(0, n).equals(raw)) return t.fail(`round ${round}`)
  }
})

test('the TypeScript decoder reads every vector and counts what is broken', (t) => {
  for (const { name, wire, frame } of vectors.frames)
    t.deepEqual(inWireUnits(decodeOne(bytes(wire))), frame, name)
  const decoder = new FrameDecoder()
  const frames: unknown[] = []
  // One byte at a time, since that is how a line delivers.
  for (const byte of stream) decoder.push(Uint8Array.of(byte), (f) => frames.push(inWireUnits(f)))
  t.deepEqual(frames, expected)
  t.deepEqual(decoder.counts, { frames: 9, badCrc: 2, tooLong: 1, malformed: 3, unknown: 2 })
})

test('no frame is longer on the wire than 512 bytes', (t) => {
  for (const { wire } of vectors.frames) t.true(wire.length / 2 <= 512)
})

test('the C receiver compiles without a warning, reads every vector and counts what is broken', (t) => {
  if (lacks(t, 'cc')) return
  const run = spawnSync(compilePrinter(), { input: stream, encoding: 'utf8' })
  t.deepEqual(lines(run.stdout), expected)
  t.is(run.stderr, report)
  const checks = vectors.crc.map(({ bytes: hex, crc }) => {
    const list = [...bytes(hex)].join(',') || '0'
    return `{ const uint8_t b[] = {${list}}; if (saccade_crc16(0xFFFF, b, ${hex.length / 2}) != ${crc}) return 1; }`
  })
  const folder = mkdtempSync(join(tmpdir(), 'saccade-crc-'))
  const source = join(folder, 'crc.c')
  writeFileSync(
    source,
    `#include "saccade_serial.h"\nint main(void) { ${checks.join('\n')} return 0; }\n`,
  )
  const flags = [
    '-std=c99',
    '-Wall',
    '-Werror',
    '-I',
    robotFolder,
    '-o',
    join(folder, 'crc'),
    source,
  ]
  t.is(spawnSync('cc', flags, { encoding: 'utf8' }).stderr, '')
  t.is(spawnSync(join(folder, 'crc')).status, 0)
})

test('the C header compiles as C++ as well', (t) => {
  if (lacks(t, 'c++')) return
  const source = '#include "saccade_serial.h"\nint main() { return 0; }\n'
  const flags = [
    '-x',
    'c++',
    '-std=c++11',
    '-Wall',
    '-Werror',
    '-fsyntax-only',
    '-I',
    robotFolder,
    '-',
  ]
  t.is(spawnSync('c++', flags, { input: source, encoding: 'utf8' }).stderr, '')
})

test('the C receiver survives a flood of random bytes under the sanitizers', (t) => {
  if (lacks(t, 'cc')) return
  const printer = compilePrinter('-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g')
  let state = 7
  const noise = Buffer.alloc(1 << 20)
  for (let i = 0; i < noise.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    noise[i] = state >>> 24 < 8 ? 0 : state >>> 16
  }
  const run = spawnSync(printer, {
    input: Buffer.concat([noise, Buffer.of(0), stream]),
    encoding: 'utf8',
  })
  t.is(run.status, 0, run.stderr)
  t.deepEqual(lines(run.stdout).slice(-expected.length), expected)
})

test('the Python receiver reads every vector and counts what is broken', (t) => {
  if (lacks(t, 'python3')) return
  const program = join(robotFolder, 'saccade_serial.py')
  const run = spawnSync(findTool('python3')!, [program, '-'], { input: stream, encoding: 'utf8' })
  t.deepEqual(lines(run.stdout), expected)
  t.is(run.stderr, report)
  const check = [
    'import json, sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True',
    'from saccade_serial import crc16, cobs_decode',
    'v = json.load(open(sys.argv[1] + "/vectors.json")); h = bytes.fromhex',
    'assert all(crc16(h(c["bytes"])) == c["crc"] for c in v["crc"])',
    'assert all(cobs_decode(h(c["encoded"])) == h(c["raw"]) for c in v["cobs"])',
  ].join('\n')
  const module = spawnSync(findTool('python3')!, ['-c', check, robotFolder], { encoding: 'utf8' })
  t.is(module.stderr, '')
})

function lines(text: string): unknown[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
