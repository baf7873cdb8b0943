// How fast recordings are decoded: the decoders of the addon, a plain loop over the same words and memcpy, in turns in one
// process without JavaScript (native/decode.cc), on recordings of the shared folder and on what is made here.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventEncoder } from '../pipeline/events/native.js'
import { EventPacket } from '../pipeline/events/packet.js'
import { parseDatHeader } from '../pipeline/sources/dat-header.js'
import { parseRawHeader } from '../pipeline/sources/raw-header.js'
import type { Benchmark, Measurement } from './bench.js'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const SHARED = process.env.SACCADE_SHARED ?? join(ROOT, '..', 'shared')
const SENSOR = { width: 1280, height: 720 }
const GEN1 = 'driving_td.dat'
/** Of each row; the whole takes some 10 s. */
const ROUNDS = 40

interface Timed {
  events: number
  same: boolean
  ours: number
  plain: number
  memcpy: number
  frames: number
}

/** `npm run bench -- decode` */
export const decodeBenchmark: Benchmark = {
  name: 'decode',
  about: 'bytes to packets on one core, CPU time, beside a plain loop over the words, Mev/s',
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'saccade-bench-'))
    try {
      const program = build(folder)
      const measurements = inputs().flatMap(({ name, format, bytes }) => {
        const file = join(folder, 'input.bin')
        writeFileSync(file, bytes)
        const args = [format, file, `${ROUNDS}`]
        const timed: Timed = JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))
        return [measured(name, timed), ...(name === GEN1 ? [toFrames(timed)] : [])]
      })
      return { measurements }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

/** With the flags of the addon. */
function build(folder: string): string {
  const program = join(folder, 'decode')
  const events = join(ROOT, 'native', 'events')
  const windows = join(ROOT, 'native', 'windows')
  const sources = [events, windows].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.cc'))
      .map((name) => join(folder, name)),
  )
  const run = spawnSync('g++', [
    ...['-std=c++20', '-O3', '-ffp-contract=off', '-fno-exceptions', '-w'],
    ...['-I', join(ROOT, 'native'), '-o', program, join(ROOT, 'bench', 'native', 'decode.cc')],
    ...sources,
  ])
  if (run.status !== 0) throw new Error(`g++ is needed: ${run.stderr ?? run.error}`)
  return program
}

function measured(name: string, { events, same, ours, plain, memcpy }: Timed): Measurement {
  const note = `${(ours / plain).toFixed(1)}x a plain loop (${plain.toFixed(0)}), memcpy ${memcpy.toFixed(0)}; ${events} events${same ? '' : ', other than the plain loop'}`
  return { name, value: ours, unit: 'Mev/s', note }
}

/** Decoding and windows together. */
function toFrames({ frames }: Timed): Measurement {
  return { name: `${GEN1} to frames`, value: frames, unit: 'Mev/s', note: '50 ms, 2 bins, 304x240' }
}

interface Words {
  name: string
  format: 'dat2' | 'evt2' | 'evt3'
  bytes: Uint8Array
}

function inputs(): Words[] {
  const recorded = ['evt3_driving_1280x720', 'evt3_trigger_1280x720', 'evt2_gen3_640x480']
  return [
    ...recorded.flatMap((name) => {
      const path = join(SHARED, 'recordings', 'formats', `${name}.raw`)
      if (!existsSync(path)) return []
      const file = readFileSync(path)
      const bytes = repeated(file.subarray(parseRawHeader(file, path).dataStart))
      return [{ name, format: name.slice(0, 4) as 'evt2' | 'evt3', bytes }]
    }),
    { name: 'EVT3, vector-dense', format: 'evt3', bytes: encoded('evt3', true) },
    { name: 'EVT3, single pixels', format: 'evt3', bytes: encoded('evt3', false) },
    { name: 'EVT2', format: 'evt2', bytes: encoded('evt2', false) },
    { name: 'DAT v2', format: 'dat2', bytes: encoded('dat2', false) },
    ...gen1(),
  ]
}

/** The records of the Gen1 recording. */
function gen1(): Words[] {
  const path = join(SHARED, 'recordings', 'gen1', GEN1)
  if (!existsSync(path)) return []
  const file = readFileSync(path)
  return [
    { name: GEN1, format: 'dat2', bytes: file.subarray(parseDatHeader(file, path).dataStart) },
  ]
}

/** Some 4 MB, so that a round is longer than the clock's steps; time then wraps or goes back where it begins again. */
function repeated(bytes: Uint8Array): Uint8Array {
  return Buffer.concat(Array(Math.max(1, Math.round(4e6 / bytes.length))).fill(bytes))
}

/** A megaevent at 20 events per µs: rows of neighbours, half of them set, or single pixels anywhere. */
function encoded(format: Words['format'], dense: boolean): Uint8Array {
  const encoder = new EventEncoder(format, SENSOR.width, SENSOR.height, 0)
  const packet = new EventPacket(1_048_576)
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 8
  }
  let [x, y, p] = [0, 0, 0]
  for (let i = 0; i < packet.capacity; i++) {
    if (dense) x += 1 + (random() & 1)
    if (!dense || x >= SENSOR.width) {
      x = dense ? 0 : random() % SENSOR.width
      y = random() % SENSOR.height
      p = random() & 1
    }
    packet.t[i] = dense ? Math.floor(i / 800) * 40 : Math.floor(i / 20)
    packet.x[i] = x
    packet.y[i] = y
    packet.p[i] = p
  }
  packet.length = packet.capacity
  const out = new Uint8Array(16 * packet.capacity)
  encoder.encode(packet, 0, packet.length, out)
  return out.subarray(0, encoder.bytes)
}
