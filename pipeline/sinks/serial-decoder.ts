// The receiving side of the serial format in TypeScript, for tests and for programs on a host.
import { cobsDecode, crc16, FRAME_VERSION, FrameType, MAX_WIRE_BYTES } from './serial-frame.js'

/** A decoded frame. */
export type SerialFrame =
  | {
      type: 'detections'
      flags: number
      seq: number
      /** µs, end of the window. */
      tEnd: number
      latencyUs: number
      drops: number
      detections: SerialDetection[]
    }
  | {
      type: 'heartbeat'
      flags: number
      seq: number
      uptimeMs: number
      sent: number
      dropped: number
    }
  | {
      type: 'info'
      flags: number
      width: number
      height: number
      windowUs: number
      hopUs: number
      /** First 8 bytes of the model's sha256, hex. */
      model: string
      /** All classes; `names` may hold fewer. */
      classes: number
      /** The model's name, then those of the classes. */
      names: string[]
    }

/** One detection, in pixels and 0..1. */
export interface SerialDetection {
  class: number
  score: number
  x: number
  y: number
  w: number
  h: number
  /** 0: none. */
  track: number
}

/** Splits bytes into frames; what is broken is dropped and counted. */
export class FrameDecoder {
  readonly counts = { frames: 0, badCrc: 0, tooLong: 0, malformed: 0, unknown: 0 }
  readonly #buffer = Buffer.alloc(MAX_WIRE_BYTES)
  #length = 0

  /** Takes bytes as they come and calls back for each whole frame. */
  push(bytes: Uint8Array, onFrame: (frame: SerialFrame) => void): void {
    for (const byte of bytes) {
      if (byte !== 0) {
        if (this.#length < MAX_WIRE_BYTES) this.#buffer[this.#length] = byte
        this.#length += 1
        continue
      }
      const frame = this.#take(this.#length)
      this.#length = 0
      if (frame === undefined) continue
      this.counts.frames += 1
      onFrame(frame)
    }
  }

  #take(length: number): SerialFrame | undefined {
    if (length === 0) return undefined // 00 after 00: the line was idle or just opened
    if (length >= MAX_WIRE_BYTES) return this.#drop('tooLong')
    const n = cobsDecode(this.#buffer, length, this.#buffer)
    if (n < 4) return this.#drop('malformed')
    if (crc16(this.#buffer, n) !== 0) return this.#drop('badCrc')
    const p = this.#buffer.subarray(0, n - 2)
    if (p[1]! >> 4 !== FRAME_VERSION) return this.#drop('unknown')
    const parse = PARSERS[p[0]!]
    return parse === undefined ? this.#drop('unknown') : (parse(p) ?? this.#drop('malformed'))
  }

  #drop(cause: 'badCrc' | 'tooLong' | 'malformed' | 'unknown'): undefined {
    this.counts[cause] += 1
  }
}

const PARSERS: Readonly<Record<number, (p: Buffer) => SerialFrame | undefined>> = {
  [FrameType.detections]: (p) => {
    if (p.length < 18 || p.length < 18 + 12 * p[16]!) return undefined
    return {
      type: 'detections',
      flags: p[1]! & 15,
      seq: p.readUInt16LE(2),
      tEnd: p.readUInt32LE(4) + p.readUInt32LE(8) * 2 ** 32,
      latencyUs: p.readUInt32LE(12),
      drops: p[17]!,
      detections: Array.from({ length: p[16]! }, (_, i) => detectionAt(p, 18 + 12 * i)),
    }
  },
  [FrameType.heartbeat]: (p) => {
    if (p.length < 16) return undefined
    return {
      type: 'heartbeat',
      flags: p[1]! & 15,
      seq: p.readUInt16LE(2),
      uptimeMs: p.readUInt32LE(4),
      sent: p.readUInt32LE(8),
      dropped: p.readUInt32LE(12),
    }
  },
  [FrameType.info]: (p) => {
    if (p.length < 27) return undefined
    const names: string[] = []
    let at = 27
    for (let i = 0; i < p[26]!; i++) {
      const end = at + 1 + (p[at] ?? 0)
      if (end > p.length || at >= p.length) return undefined
      names.push(p.toString('utf8', at + 1, end))
      at = end
    }
    return {
      type: 'info',
      flags: p[1]! & 15,
      width: p.readUInt16LE(4),
      height: p.readUInt16LE(6),
      windowUs: p.readUInt32LE(8),
      hopUs: p.readUInt32LE(12),
      model: p.toString('hex', 16, 24),
      classes: p.readUInt16LE(24),
      names,
    }
  },
}

function detectionAt(p: Buffer, at: number): SerialDetection {
  return {
    class: p[at]!,
    score: p[at + 1]! / 255,
    x: p.readInt16LE(at + 2) / 16,
    y: p.readInt16LE(at + 4) / 16,
    w: p.readUInt16LE(at + 6) / 16,
    h: p.readUInt16LE(at + 8) / 16,
    track: p.readUInt16LE(at + 10),
  }
}
