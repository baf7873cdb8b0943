// The wire frame of the serial line: docs/serial.md is its specification, robot/ has receivers in C and Python.
// COBS so that 00 only ever ends a frame, CRC-16/MCRF4XX over what is inside, little-endian, fixed offsets.
import type { DetectionSet, RunHeader } from '../detect/detection.js'

export const FrameType = { detections: 1, heartbeat: 2, info: 3 } as const
/** Version of the format, in the high nibble of byte 1. */
export const FRAME_VERSION = 1
/** Flags, in the low nibble of byte 1. */
export const FrameFlag = {
  /** Windows were lost before this frame. */
  drops: 1,
  /** The list is longer than what fitted. */
  truncated: 2,
  /** Events were lost before this frame: the boxes rest on less than the camera saw. */
  degraded: 4,
} as const

/** No frame is longer on the wire, its 00 included: a receiver needs no larger buffer. */
export const MAX_WIRE_BYTES = 512
/** Longest payload that still fits with CRC, COBS overhead and 00. */
const MAX_PAYLOAD = 506
const HEADER_BYTES = 18
const DETECTION_BYTES = 12
const CRC_BYTES = 2
const PIXEL_UNIT = 16
const TWO_32 = 2 ** 32

/**
 * CRC-16/MCRF4XX: poly 0x1021 reflected, init 0xFFFF, no final xor. Over data and its CRC (little-endian) it is 0.
 * @example crc16(Buffer.from('123456789')) // 0x6F91
 */
export function crc16(bytes: Uint8Array, end = bytes.length): number {
  let crc = 0xffff
  for (let i = 0; i < end; i++) crc = crc16Next(crc, bytes[i]!)
  return crc
}

/** The check sum with one byte more. */
export function crc16Next(sum: number, byte: number): number {
  let crc = sum ^ byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  return crc
}

/** COBS of `source[0..length)` into `target`; returns the bytes written, at most length + ceil(length / 254), 1 for none. No 00 is appended. */
export function cobsEncode(source: Uint8Array, length: number, target: Uint8Array): number {
  let codeAt = 0
  let out = 1
  for (let i = 0; i < length; i++) {
    const byte = source[i]!
    if (byte !== 0) target[out++] = byte
    const run = out - codeAt
    if (byte === 0 || (run === 0xff && i + 1 < length)) {
      target[codeAt] = run
      codeAt = out++
    }
  }
  target[codeAt] = out - codeAt
  return out
}

/** Reverses COBS in place or into another array; returns the length, or -1 when a code byte points beyond the end or a 00 is inside. */
export function cobsDecode(source: Uint8Array, length: number, target: Uint8Array): number {
  let out = 0
  for (let i = 0; i < length; ) {
    const code = source[i++]!
    if (code === 0 || i + code - 1 > length) return -1
    for (let k = 1; k < code; k++) {
      const byte = source[i++]!
      if (byte === 0) return -1
      target[out++] = byte
    }
    if (code < 0xff && i < length) target[out++] = 0
  }
  return out
}

/** Detections that fit into so many bytes on the wire, 0..40. */
export function detectionsWithin(wireBytes: number): number {
  const limit = Math.min(wireBytes, MAX_WIRE_BYTES)
  let n = Math.floor((limit - HEADER_BYTES - CRC_BYTES) / DETECTION_BYTES)
  while (n > 0 && wireLength(HEADER_BYTES + n * DETECTION_BYTES) > limit) n -= 1
  return Math.max(n, 0)
}

/** Detections that fit into a payload of so many bytes. */
export function detectionsInPayload(bytes: number): number {
  return Math.max(Math.floor((bytes - HEADER_BYTES) / DETECTION_BYTES), 0)
}

/** Bytes on the wire of a payload, at most: CRC, COBS overhead and the 00 included. */
export function wireLength(payload: number): number {
  const raw = payload + CRC_BYTES
  return raw + Math.ceil(raw / 254) + 1
}

/** Contents of a heartbeat: sent when nothing else was for 200 ms. */
export interface Heartbeat {
  /** Sequence of the last detections frame; meaningless while `sent` is 0. */
  seq: number
  /** Since the port was first opened. */
  uptimeMs: number
  /** Detections frames sent since then, and the sum of their `drops` without saturation. */
  sent: number
  dropped: number
}

/** Makes frames in one buffer: a frame is valid until the next call. */
export class FrameEncoder {
  readonly #payload = Buffer.alloc(MAX_PAYLOAD + CRC_BYTES)
  readonly #wire = Buffer.alloc(MAX_WIRE_BYTES)

  /** One set, highest scores first, at most `max` of them (see `detectionsWithin`). */
  detections(set: DetectionSet, latencyUs: number, max: number): Buffer {
    return this.#finish(this.#fill(set, latencyUs, max))
  }

  /** The same without check sum and framing, for a link that has its own. */
  detectionsPayload(set: DetectionSet, latencyUs: number, max: number): Buffer {
    return this.#payload.subarray(0, this.#fill(set, latencyUs, max))
  }

  #fill(set: DetectionSet, latencyUs: number, max: number): number {
    const p = this.#payload
    const n = Math.min(set.detections.length, max)
    const flags =
      (set.dropped.windows > 0 ? FrameFlag.drops : 0) |
      (n < set.detections.length ? FrameFlag.truncated : 0) |
      (set.dropped.events > 0 ? FrameFlag.degraded : 0)
    this.#start(FrameType.detections, flags)
    p.writeUInt16LE(set.seq % 0x10000, 2)
    p.writeUInt32LE(set.tEnd % TWO_32, 4)
    p.writeUInt32LE(Math.floor(set.tEnd / TWO_32), 8)
    p.writeUInt32LE(clamp(latencyUs, 0, TWO_32 - 1), 12)
    p[16] = n
    p[17] = clamp(set.dropped.windows, 0, 255)
    for (let i = 0; i < n; i++) {
      const { class: index, score, box, track } = set.detections[i]!
      const at = HEADER_BYTES + i * DETECTION_BYTES
      p[at] = clamp(index, 0, 255)
      p[at + 1] = clamp(score * 255, 0, 255)
      p.writeInt16LE(clamp(box.x * PIXEL_UNIT, -32768, 32767), at + 2)
      p.writeInt16LE(clamp(box.y * PIXEL_UNIT, -32768, 32767), at + 4)
      p.writeUInt16LE(clamp(box.w * PIXEL_UNIT, 0, 65535), at + 6)
      p.writeUInt16LE(clamp(box.h * PIXEL_UNIT, 0, 65535), at + 8)
      p.writeUInt16LE(track === undefined ? 0 : trackId(track), at + 10)
    }
    return HEADER_BYTES + n * DETECTION_BYTES
  }

  heartbeat(beat: Heartbeat): Buffer {
    const p = this.#payload
    this.#start(FrameType.heartbeat, 0)
    p.writeUInt16LE(beat.seq % 0x10000, 2)
    p.writeUInt32LE(Math.floor(beat.uptimeMs) % TWO_32, 4)
    p.writeUInt32LE(beat.sent % TWO_32, 8)
    p.writeUInt32LE(beat.dropped % TWO_32, 12)
    return this.#finish(16)
  }

  /** What the numbers mean: sizes, window, model and class names (each cut to 31 bytes of UTF-8; as many as fit). */
  info(header: RunHeader): Buffer {
    const p = this.#payload
    const names = [header.model.name, ...header.classes].map((name) => utf8Within(name, 31))
    let at = 27
    let listed = 0
    for (const name of names) {
      if (at + 1 + name.length > MAX_PAYLOAD) break
      p[at] = name.length
      name.copy(p, at + 1)
      at += 1 + name.length
      listed += 1
    }
    this.#start(FrameType.info, listed < names.length ? FrameFlag.truncated : 0)
    p.writeUInt16LE(0, 2)
    p.writeUInt16LE(clamp(header.geometry.width, 0, 65535), 4)
    p.writeUInt16LE(clamp(header.geometry.height, 0, 65535), 6)
    p.writeUInt32LE(clamp(header.window.durationUs, 0, TWO_32 - 1), 8)
    p.writeUInt32LE(clamp(header.window.hopUs, 0, TWO_32 - 1), 12)
    p.fill(0, 16, 24)
    p.write(header.model.sha256.slice(0, 16), 16, 'hex')
    p.writeUInt16LE(clamp(header.classes.length, 0, 65535), 24)
    p[26] = listed
    return this.#finish(at)
  }

  #start(type: number, flags: number): void {
    this.#payload[0] = type
    this.#payload[1] = (FRAME_VERSION << 4) | flags
  }

  #finish(length: number): Buffer {
    this.#payload.writeUInt16LE(crc16(this.#payload, length), length)
    const end = cobsEncode(this.#payload, length + CRC_BYTES, this.#wire)
    this.#wire[end] = 0
    return this.#wire.subarray(0, end + 1)
  }
}

/** Tracks count from 1 on the line, wrapping past 0, which says "no track". */
function trackId(track: number): number {
  return ((((track - 1) % 0xffff) + 0xffff) % 0xffff) + 1
}

/** Rounded into a range; NaN becomes the lower end. */
function clamp(value: number, low: number, high: number): number {
  return value > low ? Math.min(Math.round(value), high) : low
}

/** UTF-8, cut at a whole character. */
function utf8Within(text: string, bytes: number): Buffer {
  let cut = Buffer.from(text)
  if (cut.length > bytes) {
    let end = bytes
    while (end > 0 && (cut[end]! & 0xc0) === 0x80) end -= 1
    cut = cut.subarray(0, end)
  }
  return cut
}
