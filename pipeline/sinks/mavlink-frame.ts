// The MAVLink 2 messages that saccade sends. docs/robots.md says what is in them; the layouts are those of common.xml.
import type { Box, Detection } from '../detect/detection.js'
import { crc16Next } from './serial-frame.js'

/** Ids, payload lengths and the byte that each message adds to its check sum. */
const HEARTBEAT = { id: 0, length: 9, extra: 50 }
const CAMERA_TRACKING_IMAGE_STATUS = { id: 275, length: 32, extra: 126 }
const TUNNEL = { id: 385, length: 133, extra: 147 }

/** `payload_type` of TUNNEL for the payload of our serial frame: above 32767 is private use. */
export const TUNNEL_TYPE = 44_237
/** Bytes that a TUNNEL holds. */
export const TUNNEL_BYTES = 128

const MAGIC = 0xfd
const HEADER_BYTES = 10
const TYPE_CAMERA = 30
const AUTOPILOT_INVALID = 8
const STATE_ACTIVE = 4
const MAVLINK_VERSION = 3

/** Makes frames of one component; each counts in the sequence of the link. */
export class MavlinkEncoder {
  #sequence = 0

  constructor(
    readonly system: number,
    readonly component: number,
  ) {}

  /** That we are there: a camera, active. Once a second. */
  heartbeat(): Buffer {
    const payload = Buffer.alloc(HEARTBEAT.length)
    payload[4] = TYPE_CAMERA
    payload[5] = AUTOPILOT_INVALID
    payload[7] = STATE_ACTIVE
    payload[8] = MAVLINK_VERSION
    return this.#frame(HEARTBEAT, payload)
  }

  /** Where the followed object is in the picture, 0..1; undefined when it is not seen. */
  trackingStatus(
    target: Detection | undefined,
    { width, height }: { width: number; height: number },
  ): Buffer {
    const payload = Buffer.alloc(CAMERA_TRACKING_IMAGE_STATUS.length)
    const { x, y, w, h }: Box = target?.box ?? { x: NaN, y: NaN, w: NaN, h: NaN }
    const floats = [
      ...[(x + w / 2) / width, (y + h / 2) / height, NaN],
      ...[x / width, y / height, (x + w) / width, (y + h) / height],
    ]
    floats.forEach((value, i) => {
      payload.writeFloatLE(value, 4 * i)
    })
    // Active, a rectangle, told in this message; or idle.
    if (target !== undefined) payload.set([1, 2, 4], 28)
    return this.#frame(CAMERA_TRACKING_IMAGE_STATUS, payload)
  }

  /** At most 128 bytes of ours, for everyone on the link. */
  tunnel(bytes: Uint8Array): Buffer {
    const payload = Buffer.alloc(TUNNEL.length)
    payload.writeUInt16LE(TUNNEL_TYPE, 0)
    payload[4] = bytes.length
    payload.set(bytes, 5)
    return this.#frame(TUNNEL, payload)
  }

  #frame({ id, extra }: { id: number; extra: number }, payload: Buffer): Buffer {
    // Zeros at the end are cut, all but the first byte.
    let length = payload.length
    while (length > 1 && payload[length - 1] === 0) length -= 1
    const frame = Buffer.alloc(HEADER_BYTES + length + 2)
    frame.set([MAGIC, length, 0, 0, this.#sequence, this.system, this.component])
    frame.writeUIntLE(id, 7, 3)
    payload.copy(frame, HEADER_BYTES, 0, length)
    let crc = 0xffff
    for (let i = 1; i < HEADER_BYTES + length; i++) crc = crc16Next(crc, frame[i]!)
    frame.writeUInt16LE(crc16Next(crc, extra), HEADER_BYTES + length)
    this.#sequence = (this.#sequence + 1) % 256
    return frame
  }
}
