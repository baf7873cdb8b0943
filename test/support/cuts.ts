// A recording cut anywhere must give the same events, triggers, faults and rest.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { EventPacket, type Geometry } from '../../pipeline/events/packet.js'
import type { Decoder } from '../../pipeline/sources/recording.js'
import { RECORDING_FORMATS } from '../../pipeline/sources/registry.js'
import { Random } from './make-plan.js'

const STEP = 512

/** What differs between formats. */
export interface CutOptions {
  /** What the file does not say. */
  geometry?: Geometry
  /** Bytes around a cut that hold some records; default 64. */
  around?: number
  /** Cuts where not all places are taken, which are those of files below 40 kB; default 10,000. */
  most?: number
}

/** Cuts a file in two at all places, or at random ones, and its first 100 kB at every byte. */
export function checkCuts(t: ExecutionContext, path: string, options: CutOptions = {}): void {
  const { geometry, around = 64, most = 10_000 } = options
  const file = readFileSync(path)
  const format = RECORDING_FORMATS.find((known) => known.recognises(file, path))!
  if (!('begin' in format)) throw new Error('no stream')
  const begin = () => format.begin(file, { name: path, whole: true }, { geometry })
  const { dataStart, dataEnd } = begin()
  const data = file.subarray(dataStart, dataEnd)
  const states: { from: number; state: Uint8Array }[] = []
  const walker = begin().decoder
  for (let at = 0; at < data.length; at += STEP) {
    states.push({ from: at - (walker.unsaved ?? 0), state: walker.save() })
    taken(walker, [data.subarray(at, at + STEP)])
  }
  const all = data.length < 40_000 && most === 10_000
  const random = new Random(1)
  const subject = begin().decoder
  for (let k = 0; k < (all ? data.length : most); k++) {
    const cut = all ? k : random.next(data.length)
    const { from, state } = states[Math.floor(Math.max(0, cut - 16) / STEP)]!
    const end = Math.min(cut + around, data.length)
    t.true(subject.restore(state))
    const whole = taken(subject, [data.subarray(from, end)])
    subject.restore(state)
    const parts = taken(subject, [data.subarray(from, cut), data.subarray(cut, end)])
    if (parts !== whole) return void t.is(parts, whole, `cut at ${cut}`)
  }
  const head = data.subarray(0, 100_000)
  const bytes = Array.from(head, (_, i) => head.subarray(i, i + 1))
  t.is(taken(begin().decoder, bytes), taken(begin().decoder, [head]))
}

/** Holds any of the recordings whole, so that pieces end up in one packet. */
const packet = new EventPacket(300_000)

/** A fingerprint of all that a decoder tells of some pieces. */
function taken(decoder: Decoder, pieces: readonly Uint8Array[]): string {
  const triggers: number[] = []
  const faults: Record<string, [number, number]> = {}
  packet.reset()
  for (const piece of pieces)
    for (let from = 0; from < piece.length; ) {
      from += decoder.decode(piece, from, piece.length, packet)
      // A stamp far ahead or behind needs another packet, but there is none in these recordings.
      if (from < piece.length) throw new Error('the packet is full')
      triggers.push(...(decoder.takeTriggers() ?? []))
      const told = (decoder.takeFaults() ?? []) as [string, number, number]
      for (let i = 0; i < told.length; i += 3) {
        const [kind, count, at] = told.slice(i, i + 3) as [string, number, number]
        faults[kind] = [(faults[kind]?.[0] ?? 0) + count, faults[kind]?.[1] ?? at]
      }
    }
  const told = JSON.stringify([packet.t0, packet.length, triggers, faults, decoder.held])
  const hash = createHash('sha1').update(told)
  for (const { buffer, byteOffset, BYTES_PER_ELEMENT } of [packet.t, packet.x, packet.y, packet.p])
    hash.update(new Uint8Array(buffer, byteOffset, packet.length * BYTES_PER_ELEMENT))
  return hash.digest('hex')
}
