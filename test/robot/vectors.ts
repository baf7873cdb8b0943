// The vectors in robot/vectors.json, made by the encoder. `node dist/test/robot/make-vectors.js > robot/vectors.json `node dist/test/robot/make-vectors.js > robot/vectors.json` writes them.`node dist/test/robot/make-vectors.js > robot/vectors.json` writes them. npx biome format --write robot` writes them.
import type { DetectionSet } from '../../pipeline/detect/detection.js'
import type { SerialFrame } from '../../pipeline/sinks/serial-decoder.js'
import { FrameDecoder } from '../../pipeline/sinks/serial-decoder.js'
import { cobsEncode, crc16, FrameEncoder } from '../../pipeline/sinks/serial-frame.js'
import { header, makeSet } from '../support/sets.js'

/** What robot/vectors.json holds. Bytes are hex. */
export interface Vectors {
  about: string
  crc: { bytes: string; crc: number }[]
  cobs: { raw: string; encoded: string }[]
  /** Whole frames with their 00, and what every receiver prints for them. */
  frames: { name: string; wire: string; frame: Record<string, unknown> }[]
  /** What must be dropped, and the counter that goes up. */
  broken: { name: string; wire: string; counter: 'bad_crc' | 'too_long' | 'broken' | 'unknown' }[]
}

/** A frame in the units of the wire, as the receivers in robot/ print it. */
export function inWireUnits(frame: SerialFrame): Record<string, unknown> {
  switch (frame.type) {
    case 'detections':
      return {
        type: frame.type,
        flags: frame.flags,
        seq: frame.seq,
        t_us: frame.tEnd,
        latency_us: frame.latencyUs,
        drops: frame.drops,
        detections: frame.detections.map((d) => [
          d.class,
          Math.round(d.score * 255),
          d.x * 16,
          d.y * 16,
          d.w * 16,
          d.h * 16,
          d.track,
        ]),
      }
    case 'heartbeat': {
      const { type, flags, seq, uptimeMs, sent, dropped } = frame
      return { type, flags, seq, uptime_ms: uptimeMs, sent, dropped }
    }
    case 'info': {
      const { type, flags, width, height, windowUs, hopUs, model, classes, names } = frame
      return {
        type,
        flags,
        width,
        height,
        window_us: windowUs,
        hop_us: hopUs,
        model,
        classes,
        names,
      }
    }
  }
}

/** The only frame in these bytes. */
export function decodeOne(wire: Uint8Array): SerialFrame {
  const frames: SerialFrame[] = []
  new FrameDecoder().push(wire, (frame) => frames.push(frame))
  if (frames.length !== 1) throw new Error(`${frames.length} frames instead of one`)
  return frames[0]!
}

export function makeVectors(): Vectors {
  const encoder = new FrameEncoder()
  const frames: Vectors['frames'] = []
  const add = (name: string, wire: Buffer) =>
    frames.push({ name, wire: wire.toString('hex'), frame: inWireUnits(decodeOne(wire)) })

  add('a window without detections', encoder.detections(makeSet(0, 0), 0, 40))
  add('two detections', encoder.detections(makeSet(1, 2), 0, 40))
  add('corners of every field', encoder.detections(corners(), 4_294_967_295, 40))
  add('the longest list, cut', encoder.detections(makeSet(70_000, 41), 1234, 40))
  add('more than 254 bytes without a zero', encoder.detections(withoutZeros(), 0x01010101, 40))
  add(
    'a heartbeat before the first set',
    encoder.heartbeat({ seq: 0, uptimeMs: 200, sent: 0, dropped: 0 }),
  )
  add(
    'a heartbeat whose counters are full',
    encoder.heartbeat({
      seq: 65_535,
      uptimeMs: 4_294_967_295,
      sent: 4_294_967_295,
      dropped: 65_536,
    }),
  )
  add('info', encoder.info(header))
  const many = Array.from({ length: 80 }, (_, i) => `class number ${i} "größer" than it should be`)
  add('info whose names are cut', encoder.info({ ...header, classes: many }))

  const good = Buffer.from(frames[1]!.wire, 'hex')
  const flipped = Buffer.from(good)
  flipped[5]! ^= 0x10
  const broken: Vectors['broken'] = [
    { name: 'one bit flipped', wire: flipped.toString('hex'), counter: 'bad_crc' },
    { name: 'the tail lost', wire: hex(good.subarray(0, 20), Buffer.of(0)), counter: 'broken' },
    { name: 'the head lost', wire: hex(good.subarray(9)), counter: 'bad_crc' },
    {
      name: 'noise without an end',
      wire: hex(Buffer.alloc(700, 0x55), Buffer.of(0)),
      counter: 'too_long',
    },
    { name: 'version 2', wire: sealed(Buffer.from('01200000', 'hex')), counter: 'unknown' },
    { name: 'type 9', wire: sealed(Buffer.from('09100000', 'hex')), counter: 'unknown' },
    { name: 'fewer detections than said', wire: sealed(shortList()), counter: 'broken' },
    { name: 'a name that runs over the end', wire: sealed(longName()), counter: 'broken' },
  ]
  return {
    about:
      'Test vectors of docs/serial.md; made by test/robot/vectors.ts, checked in TypeScript, C and Python.',
    crc: ['', '00', hex(Buffer.from('123456789')), 'ff'.repeat(16)].map((bytes) => ({
      bytes,
      crc: crc16(Buffer.from(bytes, 'hex')),
    })),
    cobs: cobsInputs().map((raw) => ({ raw: hex(raw), encoded: hex(cobs(raw)) })),
    frames,
    broken,
  }
}

function cobsInputs(): Buffer[] {
  const upTo = (first: number, last: number) =>
    Buffer.from(Array.from({ length: last - first + 1 }, (_, i) => first + i))
  const given = ['', '00', '0000', '11220033', '11000000'].map((text) => Buffer.from(text, 'hex'))
  return [...given, upTo(0x01, 0xfe), upTo(0x00, 0xfe), upTo(0x01, 0xff)]
}

function cobs(raw: Buffer): Buffer {
  const target = Buffer.alloc(raw.length + 4)
  return target.subarray(0, cobsEncode(raw, raw.length, target))
}

/** Payload with CRC, encoded, ended: a frame that says whatever it likes. */
function sealed(payload: Buffer): string {
  const crc = Buffer.alloc(2)
  crc.writeUInt16LE(crc16(payload))
  return hex(cobs(Buffer.concat([payload, crc])), Buffer.of(0))
}

function hex(...parts: Uint8Array[]): string {
  return Buffer.concat(parts).toString('hex')
}

function corners(): DetectionSet {
  const set = makeSet(65_535, 3)
  set.tEnd = 2 ** 53 - 1
  set.dropped = { events: 5, windows: 300 }
  const [first, second, third] = set.detections
  Object.assign(first!, { class: 300, score: 1.5, track: 65_536 })
  first!.box = { x: -5000, y: 5000, w: 5000, h: 5000 }
  Object.assign(second!, { score: 0, track: 1 })
  second!.box = { x: -0.0625, y: -1, w: 0.03125, h: 0.03 }
  Object.assign(third!, { score: 0.5, track: 65_535 })
  third!.box = { x: 2047.9375, y: -2048, w: 4095.9375, h: -1 }
  return set
}

/** Every byte of the payload but seq's is non-zero, so that COBS needs blocks of 254. */
function withoutZeros(): DetectionSet {
  const set = makeSet(0x0101, 30)
  set.tEnd = 0x01_0101_0101_0101
  set.dropped = { events: 1, windows: 1 }
  for (const d of set.detections) {
    Object.assign(d, {
      class: 1,
      score: 0.5,
      track: 0x0101,
      box: { x: 16.0625, y: 16.0625, w: 16.0625, h: 16.0625 },
    })
  }
  return set
}

function shortList(): Buffer {
  const payload = Buffer.alloc(18 + 12)
  payload[0] = 1
  payload[1] = 0x10
  payload[16] = 2
  return payload
}

function longName(): Buffer {
  const payload = Buffer.alloc(30)
  payload[0] = 3
  payload[1] = 0x10
  payload[26] = 1
  payload[27] = 3
  return payload
}
